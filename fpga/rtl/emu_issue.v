// SPDX-License-Identifier: BSD-3-Clause
// Walks a vector's rows: repetitions (raw: planes), lane groups, signs; one row a cycle.
//
// A unit is one lane group of one pass, of one sub-pass or, with signed inputs, two (plus rows,
// then minus rows). The last row of a sub-pass waits until the hold registers (FLOOR cycles after the
// sub-pass before) and one of four slots are free; nothing else waits, and vectors follow each other
// without a gap when the next one is loaded. `unit_end` is high with the last row of a unit.

`default_nettype none

module emu_issue #(
    parameter FLOOR = 16  // least cycles between the last rows of two sub-passes
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        clear,
    output wire        busy,         // in the next cycle: a vector in use, or a unit not freed

    // Configuration
    input  wire [3:0]  cfg_bits,
    input  wire        cfg_signed,
    input  wire        cfg_raw,
    input  wire [7:0]  cfg_repeats,
    input  wire [5:0]  cfg_first_group,
    input  wire [5:0]  cfg_last_group,

    // The vector in use
    input  wire        full,
    input  wire        next_full,
    input  wire [8:0]  count,
    input  wire [8:0]  next_count,
    input  wire [63:0] index,
    input  wire [63:0] next_index,
    output wire        free,

    // Rows
    output wire        read,
    output wire [8:0]  row,
    output wire        first,      // first row of a sub-pass
    output wire        last,       // last row of a sub-pass
    output wire        minus,      // the sub-pass takes negative rows
    output wire [5:0]  group,

    // Units
    output wire        unit_end,
    output wire        pass_first,    // first group of its pass
    output wire        result_first,  // pass is the first of its result
    output wire        result_last,   // last group of the last pass of its result
    output wire [2:0]  raw_plane,
    output wire [63:0] pass_index,
    input  wire        unit_freed
);

  localparam W_GAP = $clog2(FLOOR) + 1;
  localparam [31:0] GAP_TOP = FLOOR - 1;

  // ---- State
  reg              run_q;
  reg [8:0]        row_q, count_q;
  reg              minus_q;
  reg [5:0]        group_q;
  reg [7:0]        pass_q;
  reg [63:0]       index_q;
  reg [W_GAP-1:0]  gap_q;
  reg [2:0]        units_q;

  // ---- Next state
  wire [7:0] pass_top    = cfg_raw ? {4'd0, cfg_bits} - 8'd1 : cfg_repeats - 8'd1;
  wire       row_last    = row_q == count_q;
  wire       group_last  = group_q == cfg_last_group;
  wire       pass_last   = pass_q == pass_top;
  wire       may_end     = gap_q == {W_GAP{1'b0}} && !units_q[2];
  wire       fire        = run_q && (!row_last || may_end);
  wire       sub_end     = fire && row_last;
  wire       pass_end    = unit_end && group_last;
  wire       load        = run_q ? free : full;
  wire       run_d       = !run_q ? full : free ? next_full : run_q;
  wire [2:0] units_d     = units_q + {2'd0, unit_end} - {2'd0, unit_freed};

  always @(posedge clk) begin
    if (!rst_n || clear) run_q <= 1'b0;
    else                 run_q <= run_d;
  end

  always @(posedge clk) begin
    if (load)      row_q <= 9'd0;
    else if (fire) row_q <= row_last ? 9'd0 : row_q + 9'd1;
    if (load) count_q <= run_q ? next_count : count;
  end

  always @(posedge clk) begin
    if (load) begin
      minus_q <= 1'b0;
      group_q <= cfg_first_group;
      pass_q  <= 8'd0;
      index_q <= run_q ? next_index : index;
    end else if (sub_end) begin
      minus_q <= cfg_signed && !minus_q;
      if (unit_end) group_q <= group_last ? cfg_first_group : group_q + 6'd1;
      if (pass_end) pass_q  <= pass_q + 8'd1;
      if (pass_end && !cfg_raw) index_q <= index_q + 64'd1;
    end
  end

  always @(posedge clk) begin
    if (!rst_n || clear)              gap_q <= {W_GAP{1'b0}};
    else if (sub_end)                 gap_q <= GAP_TOP[W_GAP-1:0];
    else if (gap_q != {W_GAP{1'b0}})  gap_q <= gap_q - 1'b1;
  end

  always @(posedge clk) begin
    if (!rst_n || clear) units_q <= 3'd0;
    else                 units_q <= units_d;
  end

  // ---- Outputs
  assign read         = fire;
  assign row          = row_q;
  assign first        = row_q == 9'd0;
  assign last         = row_last;
  assign minus        = minus_q;
  assign group        = group_q;
  assign unit_end     = sub_end && (minus_q || !cfg_signed);
  assign pass_first   = group_q == cfg_first_group;
  assign result_first = cfg_raw || pass_q == 8'd0;
  assign result_last  = group_last && (cfg_raw || pass_last);
  assign raw_plane    = pass_q[2:0];
  assign pass_index   = index_q;
  assign free         = pass_end && pass_last;
  assign busy         = run_d || units_d != 3'd0;

endmodule

`default_nettype wire
