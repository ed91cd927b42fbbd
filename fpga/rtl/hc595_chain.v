// SPDX-License-Identifier: BSD-3-Clause
// CHAINS parallel chains of SN74HC595 shift registers, BITS outputs each, on common clocks.
//
// `start` (ignored while `shifting`) shifts a whole pattern in: `position` says which output is asked for, BITS - 1 first, and `bits` answers at the
// latest two cycles later, one bit a chain. The outputs keep what they had. 4 + 2 * BITS * T_W cycles after `start` the pattern is in and
// `loaded` rises. `latch`, taken only then, shows it: RCLK rises in the next cycle. `clear` drops whatever goes on, empties the registers
// through SRCLR and shows that: RCLK rises 2 * T_W + 1 cycles later. `shown` comes once with either, in the last of RCLK's 2 * T_W cycles.

`default_nettype none

module hc595_chain #(
    parameter CHAINS = 1,   // chains
    parameter BITS   = 64,  // outputs of a chain, a multiple of 8
    parameter T_W    = 2    // t_w of SRCLK, RCLK, SRCLR and t_su of SER, SRCLK, SRCLR, the longest of them, in clk cycles, at least 2
) (
    input  wire                    clk,
    input  wire                    rst_n,

    // Pattern
    input  wire                    start,
    output wire                    shifting,
    output wire [$clog2(BITS)-1:0] position,
    input  wire [CHAINS-1:0]       bits,
    output wire                    loaded,
    input  wire                    latch,
    input  wire                    clear,
    output wire                    shown,

    // Pins
    output wire [CHAINS-1:0]       ser,
    output wire                    srclk,
    output wire                    srclr_n,
    output wire                    rclk
);

  localparam [2:0] ST_IDLE = 3'd0, ST_FETCH = 3'd1, ST_LOW = 3'd2, ST_HIGH = 3'd3, ST_LOADED = 3'd4, ST_CLEAR = 3'd5, ST_RCLK = 3'd6,
      ST_AFTER = 3'd7;
  localparam W_P = $clog2(BITS);
  localparam [31:0] W_1 = T_W - 1, TOP = BITS - 1, CLEAR_1 = 2 * T_W - 1;

  generate
    if (T_W < 2) begin : g_bad
      T_W_must_be_at_least_2 u_error ();
    end
  endgenerate

  // ---- State ----
  reg [2:0]        state_q, state_d;
  reg [7:0]        timer_q, timer_d;
  reg [W_P-1:0]    position_q;  // the bit fetched next
  reg              final_q;     // the bit on SER is the last
  reg [CHAINS-1:0] ser_q;
  reg              srclk_q, srclr_n_q, rclk_q;

  initial srclr_n_q = 1'b0;  // configured, before the first clock edge


  // ---- Next state ----
  wire timed = timer_q == 8'd0;
  wire next  = timed && (state_q == ST_FETCH || (state_q == ST_HIGH && !final_q));
  always @(*) begin : next_state
    state_d = state_q;
    timer_d = timed ? timer_q : timer_q - 8'd1;
    case (state_q)
      // The pattern's first bits are looked up.
      ST_FETCH: if (timed) begin
        state_d = ST_LOW;
        timer_d = W_1[7:0];
      end
      // SER is set up, SRCLK low.
      ST_LOW: if (timed) begin
        state_d = ST_HIGH;
        timer_d = W_1[7:0];
      end
      // Shifted.
      ST_HIGH: if (timed) begin
        state_d = final_q ? ST_LOADED : ST_LOW;
        timer_d = W_1[7:0];
      end
      // The pattern waits to be shown.
      ST_LOADED: if (latch) begin
        state_d = ST_RCLK;
        timer_d = W_1[7:0];
      end
      // SRCLR low, then time before RCLK.
      ST_CLEAR: if (timed) begin
        state_d = ST_RCLK;
        timer_d = W_1[7:0];
      end
      ST_RCLK: if (timed) begin
        state_d = ST_AFTER;
        timer_d = W_1[7:0];
      end
      ST_AFTER: if (timed) state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
    if (start && (state_q == ST_IDLE || state_q == ST_LOADED) && !latch) begin
      state_d = ST_FETCH;
      timer_d = 8'd2;
    end
    if (clear) begin
      state_d = ST_CLEAR;
      timer_d = CLEAR_1[7:0];
    end
  end

  // SRCLR is low; a clock that was high stays so long, so that none is cut short.
  wire clearing = state_d == ST_CLEAR && {24'd0, timer_d} >= T_W;

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) begin
      state_q   <= ST_IDLE;
      timer_q   <= 8'd0;
      srclk_q   <= 1'b0;
      srclr_n_q <= 1'b0;
      rclk_q    <= 1'b0;
      ser_q     <= {CHAINS{1'b0}};
    end else begin
      state_q   <= state_d;
      timer_q   <= timer_d;
      srclk_q   <= state_d == ST_HIGH || (clearing && srclk_q);
      srclr_n_q <= !clearing;
      rclk_q    <= state_d == ST_RCLK || (clearing && rclk_q);
      if (next) ser_q <= bits;
    end
  end

  always @(posedge clk) begin
    if (state_d == ST_FETCH && state_q != ST_FETCH) begin
      position_q <= TOP[W_P-1:0];
      final_q    <= 1'b0;
    end else if (next) begin
      position_q <= position_q - 1'b1;
      final_q    <= position_q == {W_P{1'b0}};
    end
  end

  // ---- Outputs ----
  assign shifting = state_q != ST_IDLE && state_q != ST_LOADED;
  assign position = position_q;
  assign loaded   = state_q == ST_LOADED;
  assign shown    = state_q == ST_AFTER && timed && !clear;
  assign ser      = ser_q;
  assign srclk    = srclk_q;
  assign srclr_n  = srclr_n_q;
  assign rclk     = rclk_q;

endmodule

`default_nettype wire
