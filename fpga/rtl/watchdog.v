// SPDX-License-Identifier: BSD-3-Clause
// Notices a silent host while something could be driven.
//
// Counts cycles while `active` and not fed; `trip` is high for one cycle when `limit` + 1 such cycles
// have passed in a row, then the count starts again. `feed` and inactivity clear it. `trips` counts since reset. A new `limit`
// counts from the next cycle on. The count runs by `clk_time`, the rest by `clk`: one net, but where clocks rest.

`default_nettype none

module watchdog #(
    parameter W = 32  // width of the count, in bits
) (
    input  wire         clk,
    input  wire         clk_time,
    input  wire         rst_n,

    input  wire         active,
    input  wire         feed,
    input  wire [W-1:0] limit,   // longest silence, in clk cycles
    output wire         trip,
    output wire [31:0]  trips
);

  // ---- State ----
  reg [W-1:0] silence_q;
  reg         due_q;
  reg [31:0]  trips_q;

  // ---- Next state ----
  wire [W-1:0] silence_d = !rst_n || !active || feed || trip ? {W{1'b0}} : silence_q + 1'b1;
  wire         due_d     = silence_d >= limit;

  // ---- Registers ----
  always @(posedge clk_time) silence_q <= silence_d;

  always @(posedge clk) begin
    due_q <= due_d;
    if (!rst_n) trips_q <= 32'd0;
    else if (trip) trips_q <= trips_q + 32'd1;
  end

  // ---- Outputs ----
  assign trip  = active && !feed && due_q;
  assign trips = trips_q;

`ifdef FORMAL
  // ---- Properties: `limit` + 1 active, unfed cycles in a row never pass without a trip (the limit of the cycle before) ----
  reg         f_past_q = 1'b0;
  reg [W:0]   f_silence_q;
  reg [W-1:0] f_limit_q;
  always @(posedge clk) begin
    f_past_q <= 1'b1;
    f_limit_q <= limit;
    if (!f_past_q) assume (!rst_n);
    if (!rst_n || !active || feed || trip) f_silence_q <= {(W + 1) {1'b0}};
    else f_silence_q <= f_silence_q + 1'b1;
    if (f_past_q && rst_n) begin
      assert (f_silence_q == {1'b0, silence_q});
      assert (due_q == (silence_q >= f_limit_q));
      if (active && !feed && f_silence_q >= {1'b0, f_limit_q}) assert (trip);
      if (trip) assert (active && !feed && f_silence_q >= {1'b0, f_limit_q});
      if ($past(rst_n) && $past(trip)) assert (silence_q == {W{1'b0}});
      cover (trip && limit == {{(W - 2) {1'b0}}, 2'b11});
    end
  end
`endif

endmodule

`default_nettype wire
