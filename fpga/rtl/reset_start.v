// SPDX-License-Identifier: BSD-3-Clause
// Reset after configuration: `rst_n` rises CYCLES edges after the clock is good, and falls with it.
//
// `good` is asynchronous (a PLL's lock) and enters through a `sync_bit`. The registers are zero from configuration on,
// so that `rst_n` is low before the first edge.

`default_nettype none

module reset_start #(
    parameter CYCLES = 16  // how long the clock was good before reset ends, in clk cycles, at least 2
) (
    input  wire clk,
    input  wire good,
    output wire rst_n
);

  // ---- State ----
  wire              good_here;
  reg  [CYCLES-1:0] past_q;

  initial past_q = {CYCLES{1'b0}};

  sync_bit u_good (
      .clk  (clk),
      .rst_n(1'b1),
      .in   (good),
      .out  (good_here)
  );

  // ---- Registers ----
  always @(posedge clk) begin
    if (!good_here) past_q <= {CYCLES{1'b0}};
    else past_q <= {past_q[CYCLES-2:0], 1'b1};
  end

  // ---- Outputs ----
  assign rst_n = past_q[CYCLES-1];

endmodule

`default_nettype wire
