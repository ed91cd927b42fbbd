// SPDX-License-Identifier: BSD-3-Clause
// One emulated ADC with its front end: one conversion a cycle (docs/emulator.md, "One conversion").
//
// `plus` and `minus` enter in stage 1; `code` and `saturated` are theirs in stage 18, 17 enabled
// cycles later. `stageN_*` are the fields of the conversion that is in stage N in this cycle. Holds the tables V, OFFSET, INL and, in the units below, GAIN, GAUSS and mroot, of the
// columns with column mod ADC_LANES = LANE only. With `en` low all stages hold, and without `wandering` the slow effects.

`include "board_map.vh"
`default_nettype none

module adc_lane #(
    parameter COLS      = 512,  // columns of the macro
    parameter ADC_LANES = 4,    // lanes that share the columns
    parameter LANE      = 0     // which of them
) (
    input  wire               clk,
    input  wire               clk_tables,
    input  wire               en,

    // Configuration and what follows from it
    input  wire               cfg_polarity,
    input  wire               cfg_reference,
    input  wire [1:0]         cfg_range,
    input  wire [15:0]        emu_read_noise,
    input  wire [15:0]        emu_adc_noise,
    input  wire [23:0]        emu_adc_min,
    input  wire [23:0]        emu_adc_max,
    input  wire signed [32:0] reference_in,  // Q6, zero for the array
    input  wire [15:0]        drive,      // Q15
    input  wire [23:0]        cap,        // largest signal: there is one (23); Q6
    input  wire [5:0]         shift,      // of the GAIN product
    input  wire [63:0]        half,       // its rounding term
    input  wire               wandering,  // slow effects of reading
    input  wire               cfg_cells,
    input  wire [479:0]       emu_physics,

    // Conversion
    input  wire [18:0]        plus,
    input  wire [18:0]        minus,
    input  wire [31:0]        stage1_slow,
    input  wire [31:0]        stage1_cell,
    input  wire [8:0]         stage1_column,
    input  wire [31:0]        stage2_hash,
    input  wire [8:0]         stage5_column,
    input  wire [31:0]        stage6_key2,
    input  wire               stage7_one,
    input  wire               stage7_fresh,
    input  wire               stage7_reset,
    input  wire [2:0]         stage7_age,
    input  wire [8:0]         gain_column,    // of stage 7, with `wandering` of stage 6
    input  wire [8:0]         stage14_column,
    output wire [23:0]        code,
    output wire               saturated,

    // Tables
    input  wire               t_valid,
    input  wire [3:0]         t_table,
    input  wire [11:0]        t_index,
    input  wire [17:0]        t_data,
    input  wire               m_write,
    input  wire [8:0]         m_column,
    input  wire [11:0]        m_root
);

  localparam W_L   = ADC_LANES == 4 ? 2 : ADC_LANES == 2 ? 1 : 0;
  localparam DEPTH = COLS / ADC_LANES;
  localparam W_D   = $clog2(DEPTH);

  // ---- Tables
  wire [7:0]  which = {4'd0, t_table};
  wire        t_mine   = t_valid && (t_index & (ADC_LANES[11:0] - 12'd1)) == LANE[11:0]
                         && {1'b0, t_index[8:0]} < COLS[9:0];
  wire [8:0]  t_bank   = t_index[8:0] >> W_L;
  wire [8:0]  bank1    = stage1_column >> W_L;
  wire [8:0]  bank14   = stage14_column >> W_L;
  wire [17:0] position, offset, inl;

  table_memory #(.DEPTH(DEPTH), .W(18), .W_A(W_D)) u_v (
      .clk          (clk),
      .clk_write    (clk_tables),
      .write        (t_mine && which == `TABLE_V),
      .write_address(t_bank[W_D-1:0]),
      .write_data   (t_data),
      .read         (en),
      .read_address (bank1[W_D-1:0]),
      .read_data    (position)
  );

  table_memory #(.DEPTH(DEPTH), .W(18), .W_A(W_D)) u_offset (
      .clk          (clk),
      .clk_write    (clk_tables),
      .write        (t_mine && which == `TABLE_OFFSET),
      .write_address(t_bank[W_D-1:0]),
      .write_data   (t_data),
      .read         (en),
      .read_address (bank14[W_D-1:0]),
      .read_data    (offset)
  );

  // ---- Stages 2 to 9: position factor, reference, noise
  reg signed [19:0] current2_q, current3_q;
  reg        [19:0] total2_q;
  reg signed [37:0] position3_q;
  reg signed [33:0] ir4_q, input5_q, input6_q, input7_q, input8_q, input9_q;
  wire signed [28:0] noise;
  wire signed [15:0] noise_codes;
  wire signed [37:0] bent = position3_q + 38'sd256;

  always @(posedge clk) begin
    if (en) begin
      if (cfg_reference)     current2_q <= 20'sd0;
      else if (cfg_polarity) current2_q <= {1'b0, minus} - {1'b0, plus};
      else                   current2_q <= {1'b0, plus} - {1'b0, minus};
      total2_q    <= cfg_reference ? 20'd0 : {1'b0, plus} + {1'b0, minus};
      current3_q  <= current2_q;
      position3_q <= $signed({{18{current2_q[19]}}, current2_q}) * $signed({{20{position[17]}}, position});
      ir4_q       <= $signed({{8{current3_q[19]}}, current3_q, 6'd0}) + $signed({{5{bent[37]}}, bent[37:9]});
      input5_q    <= ir4_q + $signed({reference_in[32], reference_in});
      input6_q    <= input5_q;
      input7_q    <= input6_q;
      input8_q    <= input7_q;
      input9_q    <= input8_q;
    end
  end

  adc_noise #(
      .COLS     (COLS),
      .ADC_LANES(ADC_LANES),
      .LANE     (LANE)
  ) u_noise (
      .clk           (clk),
      .clk_tables    (clk_tables),
      .en            (en),
      .read_noise_on (emu_read_noise != 16'd0),
      .adc_noise_on  (emu_adc_noise != 16'd0),
      .emu_read_noise(emu_read_noise),
      .emu_adc_noise (emu_adc_noise),
      .stage2_total  (total2_q),
      .stage2_hash   (stage2_hash),
      .stage5_column (stage5_column),
      .stage6_key2   (stage6_key2),
      .stage7_one    (stage7_one),
      .noise         (noise),
      .noise_codes   (noise_codes),
      .g_write       (t_valid && which == `TABLE_GAUSS),
      .g_index       (t_index[9:0]),
      .g_data        (t_data),
      .m_write       (m_write),
      .m_column      (m_column),
      .m_root        (m_root)
  );

  // ---- Stages 10 to 14: gain and range
  reg signed [34:0] total10_q;
  reg signed [37:0] low11_q;
  reg signed [38:0] high11_q;
  reg signed [63:0] product12_q, rounded13_q, scaled14_q;
  wire       [19:0] gain10;
  wire signed [34:0] total9  = $signed({input9_q[33], input9_q}) + $signed({{6{noise[28]}}, noise});
  wire signed [34:0] largest = $signed({12'd0, cap[22:0]});

  adc_gain #(
      .COLS     (COLS),
      .ADC_LANES(ADC_LANES),
      .LANE     (LANE)
  ) u_gain (
      .clk          (clk),
      .clk_tables   (clk_tables),
      .en           (en),
      .wandering    (wandering),
      .cfg_cells    (cfg_cells),
      .cfg_reference(cfg_reference),
      .cfg_range    (cfg_range),
      .drive        (drive),
      .emu_physics  (emu_physics),
      .column       (gain_column),
      .stage1_slow  (stage1_slow),
      .stage1_cell  (stage1_cell),
      .stage7_fresh (stage7_fresh),
      .stage7_reset (stage7_reset),
      .stage7_age   (stage7_age),
      .gain         (gain10),
      .t_valid      (t_valid),
      .t_table      (t_table),
      .t_index      (t_index),
      .t_data       (t_data)
  );

  always @(posedge clk) begin
    if (en) begin
      total10_q   <= !cap[23] ? total9 : total9 > largest ? largest : total9 < -largest ? -largest : total9;
      low11_q     <= $signed({21'd0, total10_q[16:0]}) * $signed({18'd0, gain10});
      high11_q    <= $signed({{21{total10_q[34]}}, total10_q[34:17]}) * $signed({19'd0, gain10});
      product12_q <= $signed({{8{high11_q[38]}}, high11_q, 17'd0}) + $signed({{26{low11_q[37]}}, low11_q});
      rounded13_q <= product12_q + $signed(half);
      scaled14_q  <= rounded13_q >>> shift;
    end
  end

  // ---- Stages 15 to 18: INL, offset, ADC noise, limits
  reg signed [23:0] code15_q;
  reg signed [25:0] sum16_q, sum17_q;
  reg        [23:0] code18_q;
  reg               saturated18_q;
  wire              fits24 = scaled14_q[63:23] == {41{scaled14_q[23]}};
  wire              fits14 = code15_q[23:13] == {11{code15_q[13]}};
  wire       [5:0]  bin    = fits14 ? {!code15_q[13], code15_q[12:8]} : {6{!code15_q[23]}};
  wire signed [25:0] low   = $signed({{2{emu_adc_min[23]}}, emu_adc_min});
  wire signed [25:0] high  = $signed({{2{emu_adc_max[23]}}, emu_adc_max});

  table_memory #(.DEPTH(`INL_ENTRIES), .W(18), .W_A(6)) u_inl (
      .clk          (clk),
      .clk_write    (clk_tables),
      .write        (t_valid && which == `TABLE_INL),
      .write_address(t_index[5:0]),
      .write_data   (t_data),
      .read         (en),
      .read_address (bin),
      .read_data    (inl)
  );

  always @(posedge clk) begin
    if (en) begin
      code15_q <= fits24 ? scaled14_q[23:0] : {scaled14_q[63], {23{!scaled14_q[63]}}};
      sum16_q  <= $signed({{2{code15_q[23]}}, code15_q}) + $signed({{8{offset[17]}}, offset})
                  + $signed({{10{noise_codes[15]}}, noise_codes});
      sum17_q  <= sum16_q + $signed({{8{inl[17]}}, inl});
      saturated18_q <= sum17_q < low || sum17_q > high;
      if (sum17_q < low)       code18_q <= emu_adc_min;
      else if (sum17_q > high) code18_q <= emu_adc_max;
      else                     code18_q <= sum17_q[23:0];
    end
  end

  assign code      = code18_q;
  assign saturated = saturated18_q;

  wire unused_ok = &{1'b0, t_index, t_bank, bank1, bank14, bent[8:0]};

endmodule

`default_nettype wire
