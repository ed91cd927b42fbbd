// SPDX-License-Identifier: BSD-3-Clause
// The hash mix32 of docs/emulator.md, one word a cycle.
//
// `y` is mix32 of the `x` of four enabled cycles before. With `en` low it holds. Both foldings stand inside the clocked
// block, so that a resting unit costs a simulation nothing.

`default_nettype none

module mix32_pipe (
    input  wire        clk,
    input  wire        en,
    input  wire [31:0] x,
    output wire [31:0] y
);

  localparam [31:0] FIRST  = 32'h7FEB352D;
  localparam [31:0] SECOND = 32'h846CA68B;

  reg [31:0] low1_q, sum1_q, low2_q, sum2_q;
  reg [15:0] cross1_a_q, cross1_b_q, cross2_a_q, cross2_b_q;

  always @(posedge clk) begin
    if (en) begin
      low1_q     <= {16'd0, x[15:0] ^ x[31:16]} * {16'd0, FIRST[15:0]};
      cross1_a_q <= (x[15:0] ^ x[31:16]) * FIRST[31:16];
      cross1_b_q <= x[31:16] * FIRST[15:0];
      sum1_q     <= {low1_q[31:16] + cross1_a_q + cross1_b_q, low1_q[15:0]};
      low2_q     <= {16'd0, sum1_q[15:0] ^ sum1_q[30:15]} * {16'd0, SECOND[15:0]};
      cross2_a_q <= (sum1_q[15:0] ^ sum1_q[30:15]) * SECOND[31:16];
      cross2_b_q <= (sum1_q[31:16] ^ {15'd0, sum1_q[31]}) * SECOND[15:0];
      sum2_q     <= {low2_q[31:16] + cross2_a_q + cross2_b_q, low2_q[15:0]};
    end
  end

  assign y = sum2_q ^ (sum2_q >> 16);

endmodule

`default_nettype wire
