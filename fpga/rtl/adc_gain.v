// SPDX-License-Identifier: BSD-3-Clause
// Gain of one ADC lane's conversions: the table, the drive and the slow effects of reading (docs/emulator.md).
//
// `gain` (A, with the slow effects A') is that of the conversion in stage 10; `stageN_*` belong to the one in stage N. Without
// `wandering` the table is read in stage 7 and the slow effects rest; with it the table is read in stage 5, which leaves
// time for them. Both must be stable while conversions are on their way. Holds GAIN, of the lane's columns only.

`include "board_map.vh"
`default_nettype none

module adc_gain #(
    parameter COLS      = 512,  // columns of the macro
    parameter ADC_LANES = 4,    // lanes that share the columns
    parameter LANE      = 0     // which of them
) (
    input  wire         clk,
    input  wire         en,
    input  wire         wandering,

    // Configuration
    input  wire         cfg_cells,
    input  wire         cfg_reference,
    input  wire [1:0]   cfg_range,
    input  wire [15:0]  drive,        // Q15
    input  wire [479:0] emu_physics,

    // Conversion
    input  wire [31:0]  stage0_slow,
    input  wire [31:0]  stage0_cell,
    input  wire [8:0]   stage5_column,
    input  wire         stage5_fresh,
    input  wire         stage5_reset,
    input  wire [2:0]   stage5_age,
    input  wire [8:0]   stage7_column,
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
  wire [8:0]  bank   = (wandering ? stage5_column : stage7_column) >> W_L;
  wire [17:0] entry;

  table_memory #(
      .DEPTH(`RANGES << W_D),
      .W    (18),
      .W_A  (W_D + 2)
  ) u_gain (
      .clk          (clk),
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
      .stage0_slow  (stage0_slow),
      .stage0_cell  (stage0_cell),
      .stage5_fresh (stage5_fresh),
      .stage5_reset (stage5_reset),
      .stage5_age   (stage5_age),
      .w            (w),
      .g_write      (t_valid && which == `TABLE_GAUSS),
      .g_index      (t_index[9:0]),
      .g_data       (t_data)
  );

  // ---- Two stages after the entry came: A; two more with the slow effects
  reg [33:0]         product_q;
  reg [18:0]         still_q, still9_q;
  reg signed [35:0]  bend9_q;
  reg [19:0]         bent10_q;
  wire [33:0]        rounded = product_q + 34'd16384;

  always @(posedge clk) begin
    if (en) begin
      product_q <= {16'd0, entry} * {18'd0, drive};
      still_q   <= rounded[33:15];
    end
  end

  // A' is never negative, as w is at least -65536, and less than twice A: the sum is right in 20 bits
  always @(posedge clk) begin
    if (en && wandering) begin
      still9_q <= still_q;
      bend9_q  <= $signed({17'd0, still_q}) * $signed({{19{w[16]}}, w});
      bent10_q <= {1'b0, still9_q} + bend9_q[35:16];
    end
  end

  assign gain = wandering ? bent10_q : {1'b0, still_q};

  wire unused_ok = &{1'b0, t_bank, bank, rounded[14:0], bend9_q[15:0], emu_physics};

endmodule

`default_nettype wire
