// SPDX-License-Identifier: BSD-3-Clause
// Watches one pin of a part model: its edges, and how long ago they were.
//
// `rise` and `fall` are high in the cycle after the pin changed. The ages are in clk cycles, as seen in this cycle: the age of an edge that is seen now
// is 0, and `was_*` is that of the edge before it. Ages stop at 2^17 - 1, where they begin.

`default_nettype none

module part_edge #(
    parameter [0:0] REST = 1'b0  // level before the simulation begins
) (
    input  wire        clk,
    input  wire        pin,
    output wire        level,
    output wire        rise,
    output wire        fall,
    output wire [16:0] rise_age,
    output wire [16:0] fall_age,
    output wire [16:0] was_rise_age,  // as if nothing rose in this cycle
    output wire [16:0] was_fall_age
);

  localparam [16:0] TOP = 17'h1_FFFF;

  reg        now_q, before_q;
  reg [16:0] rise_q, fall_q;

  initial begin
    now_q    = REST;
    before_q = REST;
    rise_q   = TOP;
    fall_q   = TOP;
  end

  always @(posedge clk) begin
    now_q    <= pin;
    before_q <= now_q;
    rise_q   <= rise_age == TOP ? TOP : rise_age + 17'd1;
    fall_q   <= fall_age == TOP ? TOP : fall_age + 17'd1;
  end

  assign level        = now_q;
  assign rise         = now_q && !before_q;
  assign fall         = !now_q && before_q;
  assign was_rise_age = rise_q;
  assign was_fall_age = fall_q;
  assign rise_age     = rise ? 17'd0 : rise_q;
  assign fall_age     = fall ? 17'd0 : fall_q;

endmodule

`default_nettype wire
