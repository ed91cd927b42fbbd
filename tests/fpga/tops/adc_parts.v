// SPDX-License-Identifier: BSD-3-Clause
// What an emulated conversion is made of, side by side: three adc_lanes on one stream of conversions, and the
// root, hash and key units. Lane 0 is the last of four of 512 columns, 1 the second of two of 48, 2 the only one of 16.

`default_nettype none

module adc_parts (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        en,

    // adc_lane
    input  wire        cfg_polarity,
    input  wire        cfg_reference,
    input  wire [1:0]  cfg_range,
    input  wire [15:0] emu_read_noise,
    input  wire [15:0] emu_adc_noise,
    input  wire [23:0] emu_adc_min,
    input  wire [23:0] emu_adc_max,
    input  wire [32:0] reference_in,
    input  wire [15:0] drive,
    input  wire [5:0]  shift,
    input  wire [63:0] half,
    input  wire        wandering,
    input  wire        cfg_cells,
    input  wire [479:0] emu_physics,
    input  wire [18:0] plus,
    input  wire [18:0] minus,
    input  wire [31:0] stage1_slow,
    input  wire [31:0] stage1_cell,
    input  wire [8:0]  stage1_column,
    input  wire [31:0] stage2_hash,
    input  wire [8:0]  stage5_column,
    input  wire        stage7_fresh,
    input  wire        stage7_reset,
    input  wire [2:0]  stage7_age,
    input  wire [31:0] stage6_key2,
    input  wire        stage7_one,
    input  wire [8:0]  gain_column,
    input  wire [8:0]  stage14_column,
    output wire [71:0] code,
    output wire [2:0]  saturated,
    input  wire        t_valid,
    input  wire [3:0]  t_table,
    input  wire [11:0] t_index,
    input  wire [17:0] t_data,
    input  wire        m_write,
    input  wire [8:0]  m_column,
    input  wire [11:0] m_root,

    // isqrt_pipe, mix32_pipe
    input  wire [23:0] square,
    output wire [11:0] root,
    input  wire [31:0] word,
    output wire [31:0] mixed,

    // emu_keys
    input  wire        keys_clear,
    input  wire [31:0] noise_seed,
    input  wire        keys_start,
    input  wire [1:0]  keys_slot,
    input  wire [63:0] keys_index,
    input  wire        keys_slow,
    input  wire [7:0]  keys_macro,
    input  wire [31:0] chip_seed,
    input  wire [5:0]  keys_epoch,
    input  wire [63:0] keys_vector,
    input  wire [8:0]  keys_row,
    input  wire [3:0]  keys_age,
    input  wire [1:0]  keys_read,
    output wire [31:0] key,
    output wire [31:0] key2,
    output wire [31:0] slow_key,
    output wire [31:0] row_key,
    output wire [3:0]  row_age
);

  genvar i;
  generate
    for (i = 0; i < 3; i = i + 1) begin : g_lane
      localparam LANES = 4 >> i;
      localparam COLS  = i == 0 ? 512 : i == 1 ? 48 : 16;

      adc_lane #(
          .COLS     (COLS),
          .ADC_LANES(LANES),
          .LANE     (LANES - 1)
      ) u_lane (
          .clk           (clk),
          .clk_tables    (clk),
          .en            (en),
          .cfg_polarity  (cfg_polarity),
          .cfg_reference (cfg_reference),
          .cfg_range     (cfg_range),
          .emu_read_noise(emu_read_noise),
          .emu_adc_noise (emu_adc_noise),
          .emu_adc_min   (emu_adc_min),
          .emu_adc_max   (emu_adc_max),
          .reference_in  (reference_in),
          .drive         (drive),
          .cap           (24'd0),
          .shift         (shift),
          .half          (half),
          .wandering     (wandering),
          .cfg_cells     (cfg_cells),
          .emu_physics   (emu_physics),
          .plus          (plus),
          .minus         (minus),
          .stage1_slow   (stage1_slow),
          .stage1_cell   (stage1_cell),
          .stage1_column (stage1_column),
          .stage2_hash   (stage2_hash),
          .stage5_column (stage5_column),
          .stage7_fresh  (stage7_fresh),
          .stage7_reset  (stage7_reset),
          .stage7_age    (stage7_age),
          .stage6_key2   (stage6_key2),
          .stage7_one    (stage7_one),
          .gain_column (gain_column),
          .stage14_column(stage14_column),
          .code          (code[i*24 +: 24]),
          .saturated     (saturated[i]),
          .t_valid       (t_valid),
          .t_table       (t_table),
          .t_index       (t_index),
          .t_data        (t_data),
          .m_write       (m_write),
          .m_column      (m_column),
          .m_root        (m_root)
      );
    end
  endgenerate

  isqrt_pipe u_root (
      .clk  (clk),
      .en   (en),
      .value(square),
      .root (root)
  );

  mix32_pipe u_mix (
      .clk(clk),
      .en (en),
      .x  (word),
      .y  (mixed)
  );

  emu_keys u_keys (
      .clk           (clk),
      .rst_n         (rst_n),
      .clear         (keys_clear),
      .slow          (keys_slow),
      .cfg_macro     (keys_macro),
      .emu_chip_seed (chip_seed),
      .emu_noise_seed(noise_seed),
      .epoch         (keys_epoch),
      .start         (keys_start),
      .start_slot    (keys_slot),
      .start_index   (keys_index),
      .start_vector  (keys_vector),
      .row           (keys_row),
      .age           (keys_age),
      .read_slot     (keys_read),
      .key           (key),
      .key2          (key2),
      .slow_key      (slow_key),
      .row_key       (row_key),
      .row_age       (row_age)
  );

endmodule

`default_nettype wire
