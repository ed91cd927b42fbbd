// SPDX-License-Identifier: BSD-3-Clause
// Serial receiver: 8 data bits, LSB first, no parity, one stop bit.
//
// `rxd` comes through sync_bit. Bits are sampled at their middle, by a sum modulo CLK_HZ that grows by
// BAUD a cycle and starts at half at the edge of the start bit. `valid` pulses at the middle of the stop
// bit with `data`; `bad` pulses instead when the stop bit is low. A start bit that is high at its middle
// is ignored. `break_seen` pulses once when the line has been low for two bytes' time.

`default_nettype none

module uart_rx #(
    parameter CLK_HZ = 60000000,  // clk, in hertz
    parameter BAUD   = 3000000    // bit rate, in baud, at most CLK_HZ / 4
) (
    input  wire       clk,
    input  wire       rst_n,

    // Line, idle high, synchronous to clk
    input  wire       rxd,

    // Bytes out
    output wire       valid,
    output wire [7:0] data,
    output wire       bad,
    output wire       break_seen
);

  localparam W = $clog2(CLK_HZ) + 1;
  localparam [W-1:0] STEP   = BAUD[W-1:0];
  localparam [W-1:0] MODULO = CLK_HZ[W-1:0];
  localparam [W-1:0] START  = (MODULO >> 1) + STEP;  // half a bit, one cycle of it gone when the edge is seen
  localparam [3:0]   LAST_BIT   = 4'd9;   // the stop bit
  localparam [3:0]   BREAK_BITS = 4'd10;  // low bits after a bad stop bit that make a BREAK

  localparam [1:0] ST_IDLE = 2'd0;
  localparam [1:0] ST_BYTE = 2'd1;
  localparam [1:0] ST_LOW  = 2'd2;

  generate
    if (BAUD * 4 > CLK_HZ) begin : g_bad
      BAUD_must_be_at_most_a_quarter_of_CLK_HZ u_error ();
    end
  endgenerate

  // ---- State ----
  reg [1:0]   state_q, state_d;
  reg [3:0]   bit_q, bit_d;
  reg [7:0]   data_q;
  reg [W-1:0] phase_q;
  reg         zero_q;  // no high bit seen since the start edge
  reg         valid_q, bad_q, break_q;

  // ---- Next state ----
  wire [W-1:0] sum  = phase_q + STEP;
  wire         tick = sum >= MODULO;
  wire         stop = state_q == ST_BYTE && tick && bit_q == LAST_BIT;
  wire         is_break = state_q == ST_LOW && tick && zero_q && !rxd && bit_q == BREAK_BITS;

  always @(*) begin : next_state
    state_d = state_q;
    bit_d   = bit_q;
    case (state_q)
      // Wait for the edge of a start bit.
      ST_IDLE: if (!rxd) begin
        state_d = ST_BYTE;
        bit_d   = 4'd0;
      end

      // Sample at every tick; bit 0 is the start bit.
      ST_BYTE: if (tick) begin
        bit_d = bit_q + 4'd1;
        if (bit_q == 4'd0 && rxd) state_d = ST_IDLE;
        if (bit_q == LAST_BIT) begin
          state_d = rxd ? ST_IDLE : ST_LOW;
          bit_d   = 4'd1;
        end
      end

      // The stop bit was low: wait for the line to rise, count up to a BREAK and stay there.
      ST_LOW: begin
        if (rxd) state_d = ST_IDLE;
        if (tick && bit_q <= BREAK_BITS) bit_d = bit_q + 4'd1;
      end

      default: state_d = ST_IDLE;
    endcase
  end

  // ---- Registers ----
  always @(posedge clk) begin : control
    if (!rst_n) begin
      state_q <= ST_IDLE;
      bit_q   <= 4'd0;
      valid_q <= 1'b0;
      bad_q   <= 1'b0;
      break_q <= 1'b0;
    end else begin
      state_q <= state_d;
      bit_q   <= bit_d;
      valid_q <= stop && rxd;
      bad_q   <= stop && !rxd;
      break_q <= is_break;
    end
  end

  always @(posedge clk) begin : sampling
    if (state_q == ST_IDLE) begin
      phase_q <= START;
      zero_q  <= 1'b1;
    end else begin
      phase_q <= tick ? sum - MODULO : sum;
      if (tick && rxd) zero_q <= 1'b0;
      if (tick && state_q == ST_BYTE && bit_q != LAST_BIT) data_q <= {rxd, data_q[7:1]};
    end
  end

  // ---- Outputs ----
  assign valid      = valid_q;
  assign data       = data_q;
  assign bad        = bad_q;
  assign break_seen = break_q;

endmodule

`default_nettype wire
