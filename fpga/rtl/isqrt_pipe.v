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

  reg [47:0] s1_q, s2_q, s3_q, s4_q;

  // {remainder 12 (14 while it is compared), root 12, value 24} after one more root bit
  function automatic [47:0] step(input [47:0] s);
    reg [13:0] remainder, trial;
    reg [11:0] left;
    begin
      remainder = {s[47:36], s[23:22]};
      trial     = {s[35:24], 2'b01};
      left      = remainder >= trial ? remainder[11:0] - trial[11:0] : remainder[11:0];
      step      = {left, s[34:24], remainder >= trial, s[21:0], 2'b00};
    end
  endfunction

  function automatic [47:0] three(input [47:0] s);
    three = step(step(step(s)));
  endfunction

  always @(posedge clk) begin
    if (en) begin
      s1_q   <= three({24'd0, value});
      s2_q   <= three(s1_q);
      s3_q   <= three(s2_q);
      s4_q   <= three(s3_q);
    end
  end

  assign root = s4_q[35:24];

  wire unused_ok = &{1'b0, s4_q[47:36], s4_q[23:0]};

endmodule

`default_nettype wire
