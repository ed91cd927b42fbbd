// SPDX-License-Identifier: BSD-3-Clause
// Floor of the square root of total << 4, a root bit a cycle.
//
// `root` is it from the thirteenth cycle after `start` on. With `one`, that of `start`, it is the total itself, its
// lowest ten bits.

`default_nettype none

module serial_root (
    input  wire        clk,
    input  wire        start,
    input  wire        one,
    input  wire [19:0] total,
    output wire        single,  // `one` of the last `start`
    output wire [11:0] root
);

  reg        one_q;
  reg [3:0]  left_q;       // bits to come
  reg [23:0] value_q;
  reg [13:0] remainder_q;
  reg [11:0] root_q;

  wire [13:0] partial = {remainder_q[11:0], value_q[23:22]};
  wire [14:0] reduced = {1'b0, partial} - {1'b0, root_q, 2'b01};

  always @(posedge clk) begin
    if (start) begin
      one_q       <= one;
      left_q      <= one ? 4'd0 : 4'd12;
      value_q     <= {total, 4'd0};
      remainder_q <= 14'd0;
      root_q      <= one ? {2'd0, total[9:0]} : 12'd0;
    end else if (left_q != 4'd0) begin
      left_q      <= left_q - 4'd1;
      value_q     <= value_q << 2;
      remainder_q <= reduced[14] ? partial : reduced[13:0];
      root_q      <= {root_q[10:0], !reduced[14]};
    end
  end

  assign single = one_q;
  assign root   = root_q;

  wire unused_ok = &{1'b0, remainder_q[13:12]};

endmodule

`default_nettype wire
