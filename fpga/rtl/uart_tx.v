// SPDX-License-Identifier: BSD-3-Clause
// Serial transmitter: 8 data bits, LSB first, no parity, one stop bit.
//
// The bit clock is a sum modulo CLK_HZ that grows by BAUD a cycle: exact on average for any rate, and
// exactly CLK_HZ / BAUD cycles a bit where that is whole. The start bit begins on the cycle after a
// byte is taken; a byte that waits follows the stop bit without a gap.

`default_nettype none

module uart_tx #(
    parameter CLK_HZ = 60000000,  // clk, in hertz
    parameter BAUD   = 3000000    // bit rate, in baud, at most CLK_HZ / 4
) (
    input  wire       clk,
    input  wire       rst_n,

    // Bytes in
    input  wire       in_valid,
    output wire       in_ready,
    input  wire [7:0] in_data,

    // Line, idle high
    output wire       txd
);

  localparam W = $clog2(CLK_HZ) + 1;
  localparam [W-1:0] STEP   = BAUD[W-1:0];
  localparam [W-1:0] MODULO = CLK_HZ[W-1:0];
  localparam [3:0]   BITS   = 4'd10;  // start, data, stop

  generate
    if (BAUD * 4 > CLK_HZ) begin : g_bad
      BAUD_must_be_at_most_a_quarter_of_CLK_HZ u_error ();
    end
  endgenerate

  // ---- State ----
  reg [9:0]   shift_q;  // next bit in bit 0, ones behind
  reg [3:0]   left_q;   // bits of this byte not yet ended
  reg [W-1:0] phase_q;

  // ---- Next state ----
  wire [W-1:0] sum  = phase_q + STEP;
  wire         tick = sum >= MODULO;
  wire         busy = left_q != 4'd0;
  wire         take = in_valid && in_ready;

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) begin
      shift_q <= 10'h3FF;
      left_q  <= 4'd0;
      phase_q <= {W{1'b0}};
    end else if (busy || take) begin
      phase_q <= !busy ? {W{1'b0}} : tick ? sum - MODULO : sum;
      if (take) begin
        shift_q <= {1'b1, in_data, 1'b0};
        left_q  <= BITS;
      end else if (tick) begin
        shift_q <= {1'b1, shift_q[9:1]};
        left_q  <= left_q - 4'd1;
      end
    end
  end

  // ---- Outputs ----
  assign in_ready = !busy || (left_q == 4'd1 && tick);
  assign txd      = shift_q[0];

endmodule

`default_nettype wire
