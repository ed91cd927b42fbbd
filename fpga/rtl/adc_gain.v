// SPDX-License-Identifier: BSD-3-Clause
// Gain of one ADC lane's conversions: the table, the drive and the slow effects of reading (docs/emulator.md).
//
// `gain` (A, with the slow effects A') is that of the conversion in stage 10; `stageN_*` belong to the one in stage N. `column` is
// that of the conversion in stage 7, with `wandering` in stage 6, which leaves a stage for the slow effects; without it they
// rest. Configuration must be stable while conversions are on their way. Holds GAIN, of the lane's columns only.

`include "board_map.vh"
`default_nettype none

module adc_gain #(
    parameter COLS      = 512,  // columns of the macro
    parameter ADC_LANES = 4,    // lanes that share the columns
    parameter LANE      = 0     // which of them
) (
    input  wire         clk,
    input  wire         clk_tables,
    input  wire         en,
    input  wire         wandering,

    // Configuration
    input  wire         cfg_cells,
    input  wire         cfg_reference,
    input  wire [1:0]   cfg_range,
    input  wire [15:0]  drive,        // Q15
    input  wire [479:0] emu_physics,

    // Conversion
    input  wire [8:0]   column,
    input  wire [31:0]  stage1_slow,
    input  wire [31:0]  stage1_cell,
    input  wire         stage7_fresh,
    input  wire         stage7_reset,
    input  wire [2:0]   stage7_age,
    output wire [19:0]  gain,

    // Tables
    input  wire         t_valid,
    input  wire [3:0]   t_table,
    input  wire [11:0]  t_index,
    input  wire [17:0]  t_data
);

  localparam W_L   = ADC_LANES == 4 ? 2 : ADC_LANES == 2 ? 1 : 0;
  localparam DEPTH = COLS / ADC_LANES;
  localparam W_D   = $clog2(DEPTH);

  wire [7:0]  which  = {4'd0, t_table};
  wire        t_mine = (t_index & (ADC_LANES[11:0] - 12'd1)) == LANE[11:0] && {1'b0, t_index[8:0]} < COLS[9:0];
  wire [8:0]  t_bank = t_index[8:0] >> W_L;
  wire [8:0]  bank   = column >> W_L;
  wire [17:0] entry;

  table_memory #(
      .DEPTH(`RANGES << W_D),
      .W    (18),
      .W_A  (W_D + 2)
  ) u_gain (
      .clk          (clk),
      .clk_write    (clk_tables),
      .write        (t_valid && t_mine && which == `TABLE_GAIN),
      .write_address({t_index[10:9], t_bank[W_D-1:0]}),
      .write_data   (t_data),
      .read         (en),
      .read_address ({cfg_range, bank[W_D-1:0]}),
      .read_data    (entry)
  );

  wire signed [16:0] w;

  adc_wander u_wander (
      .clk          (clk),
      .en           (en && wandering),
      .cfg_cells    (cfg_cells),
      .cfg_reference(cfg_reference),
      .common       (emu_physics[463:448]),
      .sum_spread   (emu_physics[479:464]),
      .telegraph    (emu_physics[431:416]),
      .fraction     (emu_physics[447:432]),
      .relaxation   (emu_physics[255:240]),
      .stage1_slow  (stage1_slow),
      .stage1_cell  (stage1_cell),
      .stage7_fresh (stage7_fresh),
      .stage7_reset (stage7_reset),
      .stage7_age   (stage7_age),
      .w            (w),
      .g_write      (t_valid && which == `TABLE_GAUSS),
      .g_index      (t_index[9:0]),
      .g_data       (t_data)
  );

  // ---- Two stages after the entry came: A; with the slow effects another, A'
  reg [33:0] product_q;
  reg [18:0] still9_q;
  reg [19:0] gain10_q;
  reg [15:0] below10_q;

  function [18:0] rounded(input [33:15] product, input carry);
    rounded = product + {18'd0, carry};
  endfunction

  // A' = A + ((A * w) >> 16) = (A * (65536 + w)) >> 16, never negative as w is at least -65536
  function [35:0] bent(input [18:0] still, input [16:0] by);
    bent = {17'd0, still} * {19'd0, !by[16], by[15:0]};
  endfunction

  always @(posedge clk) begin
    if (en) begin
      product_q <= {16'd0, entry} * {18'd0, drive};
      {gain10_q, below10_q} <= wandering ? bent(still9_q, w)
          : {1'b0, rounded(product_q[33:15], product_q[14]), 16'd0};
      if (wandering) still9_q <= rounded(product_q[33:15], product_q[14]);
    end
  end

  assign gain = gain10_q;

  wire unused_ok = &{1'b0, t_bank, bank, product_q[13:0], below10_q, emu_physics};

endmodule

`default_nettype wire
