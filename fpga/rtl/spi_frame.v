// SPDX-License-Identifier: BSD-3-Clause
// One SPI frame of WORD bits to parts that share SCLK and SDI: data changes on SCLK's rising edge, is latched on its falling edge.
//
// `start` (ignored while `busy`) takes word, selection and speed; CS falls in the next cycle. Half an SCLK period is T_WRITE
// cycles, T_READ where `slow`. `done` comes in the last cycle of T_CSHIGH, LEAD + (2 * WORD - 1) * half + max(half, T_CSH)
// + T_CSHIGH cycles after `start`; then `data` holds the last 16 bits of every part's SDO, taken at the end of SCLK's low half.

`default_nettype none

module spi_frame #(
    parameter PARTS    = 1,   // parts on the bus
    parameter WORD     = 24,  // bits of a frame
    parameter LEAD     = 1,   // CS low before SCLK first rises, in clk cycles
    parameter T_WRITE  = 1,   // half an SCLK period of a write (t_SCLKHIGH, t_SCLKLOW), in clk cycles
    parameter T_READ   = 4,   // half an SCLK period of a read, in clk cycles, at least 2
    parameter T_CSH    = 1,   // last SCLK falling edge to CS high, in clk cycles
    parameter T_CSHIGH = 1    // CS high between frames, in clk cycles
) (
    input  wire                clk,
    input  wire                rst_n,

    // Request
    input  wire                start,
    input  wire [WORD-1:0]     word,
    input  wire [PARTS-1:0]    select,
    input  wire                slow,
    output wire                busy,
    output wire                done,
    output wire [PARTS*16-1:0] data,

    // Pins
    output wire [PARTS-1:0]    cs_n,
    output wire                sclk,
    output wire                sdi,
    input  wire [PARTS-1:0]    sdo
);

  localparam [2:0] ST_IDLE = 3'd0, ST_LEAD = 3'd1, ST_HIGH = 3'd2, ST_LOW = 3'd3, ST_GAP = 3'd4;
  localparam W_B = $clog2(WORD);
  localparam [31:0] LEAD_1 = LEAD - 1, WRITE_1 = T_WRITE - 1, READ_1 = T_READ - 1, GAP_1 = T_CSHIGH - 1;
  localparam [31:0] TAIL_WRITE = T_WRITE > T_CSH ? T_WRITE - 1 : T_CSH - 1;
  localparam [31:0] TAIL_READ  = T_READ > T_CSH ? T_READ - 1 : T_CSH - 1;
  localparam [31:0] LAST_BIT   = WORD - 1;

  generate
    if (LEAD < 1 || T_WRITE < 1 || T_READ < 2 || T_CSH < 1 || T_CSHIGH < 1) begin : g_bad
      every_time_must_be_at_least_one_cycle u_error ();
    end
  endgenerate

  // ---- State ----
  reg [2:0]          state_q, state_d;
  reg [15:0]         timer_q, timer_d;
  reg [W_B-1:0]      bit_q;
  reg [WORD-1:0]     shift_q;
  reg                slow_q;
  reg [PARTS-1:0]    cs_n_q;

  initial cs_n_q = {PARTS{1'b1}};  // configured, before the first clock edge
  reg                sclk_q, sdi_q;
  reg [PARTS*16-1:0] data_q;

  // ---- Next state ----
  wire        timed     = timer_q == 16'd0;
  wire        take      = state_q == ST_IDLE && start;
  wire        last      = bit_q == LAST_BIT[W_B-1:0];
  wire [15:0] half      = slow_q ? READ_1[15:0] : WRITE_1[15:0];
  wire [15:0] tail      = slow_q ? TAIL_READ[15:0] : TAIL_WRITE[15:0];
  wire        next_last = bit_q == LAST_BIT[W_B-1:0] && state_q == ST_HIGH;
  always @(*) begin : next_state
    state_d = state_q;
    timer_d = timed ? timer_q : timer_q - 16'd1;
    case (state_q)
      ST_IDLE: if (start) begin
        state_d = ST_LEAD;
        timer_d = LEAD_1[15:0];
      end
      // Selected, SCLK still low.
      ST_LEAD: if (timed) begin
        state_d = ST_HIGH;
        timer_d = half;
      end
      // The bit comes out with the rising edge.
      ST_HIGH: if (timed) begin
        state_d = ST_LOW;
        timer_d = next_last ? tail : half;
      end
      // The falling edge has latched it.
      ST_LOW: if (timed) begin
        state_d = last ? ST_GAP : ST_HIGH;
        timer_d = last ? GAP_1[15:0] : half;
      end
      // Deselected.
      ST_GAP: if (timed) state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) begin
      state_q <= ST_IDLE;
      timer_q <= 16'd0;
      cs_n_q  <= {PARTS{1'b1}};
      sclk_q  <= 1'b0;
      sdi_q   <= 1'b0;
    end else begin
      state_q <= state_d;
      timer_q <= timer_d;
      cs_n_q  <= take ? ~select : state_d == ST_GAP || state_d == ST_IDLE ? {PARTS{1'b1}} : cs_n_q;
      sclk_q  <= state_d == ST_HIGH;
      if (state_d == ST_HIGH && state_q != ST_HIGH) sdi_q <= shift_q[WORD-1];
    end
  end

  always @(posedge clk) begin
    if (take) begin
      shift_q <= word;
      slow_q  <= slow;
      bit_q   <= {W_B{1'b0}};
    end else begin
      if (state_d == ST_HIGH && state_q != ST_HIGH) shift_q <= {shift_q[WORD-2:0], 1'b0};
      if (state_d == ST_HIGH && state_q == ST_LOW) bit_q <= bit_q + 1'b1;
    end
  end

  wire [PARTS-1:0] sdo_seen;
  genvar i;
  generate
    for (i = 0; i < PARTS; i = i + 1) begin : g_part
      sync_bit u_sync (
          .clk  (clk),
          .rst_n(rst_n),
          .in   (sdo[i]),
          .out  (sdo_seen[i])
      );

      always @(posedge clk) begin
        if (state_q == ST_LOW && timed) data_q[i*16 +: 16] <= {data_q[i*16 +: 15], sdo_seen[i]};
      end
    end
  endgenerate

  // ---- Outputs ----
  assign busy = state_q != ST_IDLE;
  assign done = state_q == ST_GAP && timed;
  assign data = data_q;
  assign cs_n = cs_n_q;
  assign sclk = sclk_q;
  assign sdi  = sdi_q;

endmodule

`default_nettype wire
