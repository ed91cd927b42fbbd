// SPDX-License-Identifier: BSD-3-Clause
// N 14-bit ADS8324 converters on common CS and DCLOCK, one conversion after the other while `go` is high.
//
// With `go` high and nothing running, CS falls in the next cycle; while it stays high conversions follow each other every T_CYC
// cycles, without a gap. `begins` marks the cycle in which CS is decided to fall; `held` comes after the fifth falling edge of DCLOCK, when every input
// is sampled, T_SUCS + 5 * T_HIGH + 4 * T_LOW + 1 cycles after `begins`; `valid` with all codes 22 periods of DCLOCK and T_SUCS after it. A conversion
// that began is never cut. Codes are two's complement, part 0 in the lowest bits.

`default_nettype none

module ads8324 #(
    parameter N      = 1,    // converters
    parameter T_SUCS = 3,    // CS falling to DCLOCK rising, in clk cycles
    parameter T_HIGH = 25,   // DCLOCK high, in clk cycles
    parameter T_LOW  = 25,   // DCLOCK low: at least t_dDO and the synchroniser's 3, in clk cycles
    parameter T_CYC  = 1200  // conversion to conversion, in clk cycles: at least T_SUCS + 22 periods + 1
) (
    input  wire            clk,
    input  wire            rst_n,

    input  wire            go,
    output wire            idle,
    output wire            begins,
    output wire            held,
    output wire            valid,
    output wire [N*14-1:0] codes,

    // Pins
    output wire            cs_n,
    output wire            dclock,
    input  wire [N-1:0]    dout
);

  localparam [1:0]  ST_IDLE = 2'd0, ST_LOW = 2'd1, ST_HIGH = 2'd2, ST_GAP = 2'd3;
  localparam [31:0] FIRST_1 = T_SUCS - 1, HIGH_1 = T_HIGH - 1, LOW_1 = T_LOW - 1, CYC_1 = T_CYC - 1;
  localparam [4:0]  CLOCKS = 5'd22, SAMPLE = 5'd5, FIRST_BIT = 5'd7, LAST_BIT = 5'd20;

  generate
    if (T_CYC < T_SUCS + 22 * (T_HIGH + T_LOW) + 1) begin : g_bad
      T_CYC_must_hold_22_periods_of_DCLOCK u_error ();
    end
    if (T_LOW < 4) begin : g_low
      T_LOW_must_be_at_least_4 u_error ();
    end
  endgenerate

  // ---- State ----
  reg [1:0]      state_q, state_d;
  reg [15:0]     timer_q, timer_d, cycle_q;
  reg [4:0]      clock_q;  // rising edges given
  reg            cs_n_q, dclock_q;

  initial cs_n_q = 1'b1;  // configured, before the first clock edge

  reg [N*14-1:0] codes_q;

  // ---- Next state ----
  wire timed = timer_q == 16'd0;
  wire rise  = state_q == ST_LOW && timed && clock_q != CLOCKS;
  wire start = go && (state_q == ST_IDLE || (state_q == ST_GAP && cycle_q == 16'd0));
  always @(*) begin : next_state
    state_d = state_q;
    timer_d = timed ? timer_q : timer_q - 16'd1;
    case (state_q)
      ST_LOW: if (timed) begin
        state_d = clock_q == CLOCKS ? ST_GAP : ST_HIGH;
        timer_d = HIGH_1[15:0];
      end
      ST_HIGH: if (timed) begin
        state_d = ST_LOW;
        timer_d = LOW_1[15:0];
      end
      // Powered down until the next conversion may begin.
      ST_GAP: if (cycle_q == 16'd0) state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
    if (start) begin
      state_d = ST_LOW;
      timer_d = FIRST_1[15:0];
    end
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) begin
      state_q  <= ST_IDLE;
      timer_q  <= 16'd0;
      cycle_q  <= 16'd0;
      clock_q  <= 5'd0;
      cs_n_q   <= 1'b1;
      dclock_q <= 1'b0;
    end else begin
      state_q  <= state_d;
      timer_q  <= timer_d;
      cycle_q  <= start ? CYC_1[15:0] : cycle_q == 16'd0 ? 16'd0 : cycle_q - 16'd1;
      clock_q  <= start ? 5'd0 : clock_q + {4'd0, rise};
      cs_n_q   <= state_d == ST_IDLE || state_d == ST_GAP;
      dclock_q <= state_d == ST_HIGH;
    end
  end

  // A bit that a falling edge brought is taken when DCLOCK rises again.
  wire [N-1:0] dout_seen;
  wire         bit_now = rise && clock_q + 5'd1 >= FIRST_BIT && clock_q + 5'd1 <= LAST_BIT;
  genvar i;
  generate
    for (i = 0; i < N; i = i + 1) begin : g_part
      sync_bit u_sync (
          .clk  (clk),
          .rst_n(rst_n),
          .in   (dout[i]),
          .out  (dout_seen[i])
      );

      always @(posedge clk) begin
        if (bit_now) codes_q[i*14 +: 14] <= {codes_q[i*14 +: 13], dout_seen[i]};
      end
    end
  endgenerate

  // ---- Outputs ----
  assign idle   = state_q == ST_IDLE;
  assign begins = start;
  assign held   = state_q == ST_LOW && timer_q == LOW_1[15:0] && clock_q == SAMPLE;
  assign valid  = state_q == ST_LOW && timed && clock_q == CLOCKS;
  assign codes  = codes_q;
  assign cs_n   = cs_n_q;
  assign dclock = dclock_q;

endmodule

`default_nettype wire
