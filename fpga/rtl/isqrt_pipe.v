// SPDX-License-Identifier: BSD-3-Clause
// Floor of the square root of 24 bits, one value a cycle, three root bits a stage.
//
// `root` belongs to the `value` of four enabled cycles before. With `en` low it holds.

`default_nettype none

module isqrt_pipe (
    input  wire        clk,
    input  wire        en,
    input  wire [23:0] value,
    output wire [11:0] root
);

  reg [47:0] s1_q, s2_q, s3_q, s4_q;  // remainder, root so far; both at the weight of the value

  // Three digits, the first of weight 4^top: a digit is one when the remainder holds what it adds to the square
  function automatic [47:0] digits(input [47:0] partial, input integer top);
    reg [23:0] remainder, so_far, added;
    integer    i;
    begin
      {remainder, so_far} = partial;
      for (i = 0; i < 3; i = i + 1) begin
        added = so_far | (24'd1 << (2 * (top - i)));
        if (remainder >= added) begin
          remainder = remainder - added;
          so_far    = (so_far >> 1) | (24'd1 << (2 * (top - i)));
        end else begin
          so_far = so_far >> 1;
        end
      end
      digits = {remainder, so_far};
    end
  endfunction

  always @(posedge clk) begin
    if (en) begin
      s1_q <= digits({value, 24'd0}, 11);
      s2_q <= digits(s1_q, 8);
      s3_q <= digits(s2_q, 5);
      s4_q <= digits(s3_q, 2);
    end
  end

  assign root = s4_q[11:0];

  wire unused_ok = &{1'b0, s4_q[47:12]};

endmodule

`default_nettype wire
