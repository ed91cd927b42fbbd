// SPDX-License-Identifier: BSD-3-Clause
// The boot id of a board that remembers nothing: how long after configuration its host first spoke.
//
// `stamp` counts clk cycles from reset and stays as it is from the cycle after `seen` is first high on. A
// person or a program does not speak twice in the same cycle of 16 ns, so ids of two boots differ but for chance (one in
// 2^32 where the times are spread over a minute or more). No reply can come before a request, so nobody sees it count.

`default_nettype none

module boot_stamp (
    input  wire        clk,
    input  wire        rst_n,

    input  wire        seen,
    output wire [31:0] stamp
);

  // ---- State ----
  reg        held_q;
  reg [31:0] stamp_q;

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) begin
      held_q  <= 1'b0;
      stamp_q <= 32'd0;
    end else begin
      held_q <= held_q || seen;
      if (!held_q && !seen) stamp_q <= stamp_q + 32'd1;
    end
  end

  // ---- Outputs ----
  assign stamp = stamp_q;

endmodule

`default_nettype wire
