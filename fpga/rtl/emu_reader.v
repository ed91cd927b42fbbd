// SPDX-License-Identifier: BSD-3-Clause
// Reading: vectors in, conversions out; cells are only looked at.
//
// `emu_rows` walks the rows and adds them LANES columns a cycle, `emu_samples` converts ADC_LANES columns of a plane a
// cycle. Cycles: docs/emulator.md. `drop` empties everything at once. `read_ends` marks the last row chosen of a cell read: `read_row`
// is its row one cycle later, when `age` must be that row's.

`default_nettype none

module emu_reader #(
    parameter ROWS      = 512,
    parameter COLS      = 512,
    parameter LANES     = 64,
    parameter ADC_LANES = 4
) (
    input  wire                    clk,
    input  wire                    clk_rows,
    input  wire                    clk_results,
    input  wire                    clk_tables,
    input  wire                    rst_n,
    input  wire                    drop,
    output wire                    idle,

    // Configuration
    input  wire [7:0]              cfg_macro,
    input  wire [1:0]              cfg_range,
    input  wire [3:0]              cfg_bits,
    input  wire                    cfg_signed,
    input  wire                    cfg_raw,
    input  wire                    cfg_cells,
    input  wire [7:0]              cfg_repeats,
    input  wire                    cfg_polarity,
    input  wire                    cfg_reference,
    input  wire [15:0]             cfg_level,
    input  wire [15:0]             cfg_read_code,
    input  wire [23:0]             cfg_cap,       // largest signal: there is one (23); Q6
    input  wire [COLS-1:0]         cfg_mask,
    input  wire [5:0]              cfg_first_group,
    input  wire [5:0]              cfg_last_group,

    // Vectors
    input  wire                    x_valid,
    output wire                    x_ready,
    input  wire [8:0]              x_line,
    input  wire [8:0]              x_code,
    input  wire                    x_last,
    input  wire [63:0]             x_index,

    // Samples
    input  wire                    s_ready,
    output wire                    s_take,
    output wire                    s_valid,
    output wire [8:0]              s_column,
    output wire [2:0]              s_plane,
    output wire [ADC_LANES-1:0]    s_keep,
    output wire [ADC_LANES*24-1:0] s_code,
    output wire [ADC_LANES-1:0]    s_saturated,
    output wire                    s_first,
    output wire                    s_last,

    // Cells
    output wire                    read,
    output wire [5:0]              read_group,
    output wire [8:0]              read_row,
    input  wire [LANES*10-1:0]     word,
    output wire                    read_ends,
    input  wire [3:0]              age,
    output wire [5:0]              marks_group,
    input  wire [LANES-1:0]        fresh,
    input  wire [LANES-1:0]        was_reset,

    // Tables, mroot
    input  wire                    t_valid,
    input  wire [3:0]              t_table,
    input  wire [11:0]             t_index,
    input  wire [17:0]             t_data,
    input  wire                    m_write,
    input  wire [8:0]              m_column,
    input  wire [11:0]             m_root,

    // EMU registers
    input  wire [31:0]             emu_chip_seed,
    input  wire [31:0]             emu_noise_seed,
    input  wire [15:0]             emu_read_noise,
    input  wire [15:0]             emu_adc_noise,
    input  wire [23:0]             emu_adc_min,
    input  wire [23:0]             emu_adc_max,
    input  wire [31:0]             emu_range_shift,
    input  wire [31:0]             emu_read_gain,
    input  wire [15:0]             emu_reference_unit,
    input  wire [479:0]            emu_physics,
    input  wire                    emu_row_position
);

  localparam QUADS = LANES / ADC_LANES;
  localparam FLOOR = QUADS > 16 ? QUADS : 16;

  // ---- Rows
  wire        rows_idle, drain_idle, convert_idle;
  wire        unit_end, unit_freed;
  wire        unit_pass_first, unit_result_first, unit_result_last;
  wire [1:0]  unit_slot;
  wire [2:0]  unit_raw_plane;
  wire [5:0]  unit_group;
  wire [7:0]  unit_one;
  wire [63:0] unit_index, unit_vector;

  emu_rows #(
      .ROWS     (ROWS),
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES),
      .FLOOR    (FLOOR)
  ) u_rows (
      .clk              (clk),
      .clk_rows         (clk_rows),
      .clk_tables       (clk_tables),
      .rst_n            (rst_n),
      .drop             (drop),
      .idle             (rows_idle),
      .cfg_bits         (cfg_bits),
      .cfg_signed       (cfg_signed),
      .cfg_raw          (cfg_raw),
      .cfg_repeats      (cfg_repeats),
      .cfg_first_group  (cfg_first_group),
      .cfg_last_group   (cfg_last_group),
      .emu_row_position (emu_row_position),
      .x_valid          (x_valid),
      .x_ready          (x_ready),
      .x_line           (x_line),
      .x_code           (x_code),
      .x_last           (x_last),
      .x_index          (x_index),
      .read             (read),
      .read_group       (read_group),
      .read_row         (read_row),
      .word             (word),
      .move             (move),
      .move_minus       (move_minus),
      .move_slot        (move_slot),
      .move_quad        (move_quad),
      .sums             (sums),
      .unit_end         (unit_end),
      .unit_group       (unit_group),
      .unit_one         (unit_one),
      .unit_raw_plane   (unit_raw_plane),
      .unit_pass_first  (unit_pass_first),
      .unit_result_first(unit_result_first),
      .unit_result_last (unit_result_last),
      .unit_index       (unit_index),
      .unit_vector      (unit_vector),
      .unit_slot        (unit_slot),
      .unit_freed       (unit_freed),
      .t_valid          (t_valid),
      .t_table          (t_table),
      .t_index          (t_index),
      .t_data           (t_data)
  );

  // ---- Conversion
  wire                     move, move_minus;
  wire [1:0]               move_slot;
  wire [5:0]               move_quad;
  wire [ADC_LANES*171-1:0] sums;

  emu_samples #(
      .COLS     (COLS),
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES),
      .FLOOR    (FLOOR)
  ) u_samples (
      .clk               (clk_results),
      .clk_tables        (clk_tables),
      .rst_n             (rst_n),
      .clear             (drop),
      .drain_idle        (drain_idle),
      .convert_idle      (convert_idle),
      .cfg_macro         (cfg_macro),
      .cfg_range         (cfg_range),
      .cfg_bits          (cfg_bits),
      .cfg_signed        (cfg_signed),
      .cfg_raw           (cfg_raw),
      .cfg_cells         (cfg_cells),
      .cfg_polarity      (cfg_polarity),
      .cfg_reference     (cfg_reference),
      .cfg_level         (cfg_level),
      .cfg_read_code     (cfg_read_code),
      .cfg_cap           (cfg_cap),
      .cfg_mask          (cfg_mask),
      .move              (move),
      .move_minus        (move_minus),
      .move_slot         (move_slot),
      .move_quad         (move_quad),
      .sums              (sums),
      .unit_end          (unit_end),
      .unit_group        (unit_group),
      .unit_one          (unit_one),
      .unit_raw_plane    (unit_raw_plane),
      .unit_pass_first   (unit_pass_first),
      .unit_result_first (unit_result_first),
      .unit_result_last  (unit_result_last),
      .unit_index        (unit_index),
      .unit_vector       (unit_vector),
      .unit_row          (read_row),
      .unit_age          (age),
      .unit_slot         (unit_slot),
      .unit_freed        (unit_freed),
      .marks_group       (marks_group),
      .fresh             (fresh),
      .was_reset         (was_reset),
      .s_ready           (s_ready),
      .s_take            (s_take),
      .s_valid           (s_valid),
      .s_column          (s_column),
      .s_plane           (s_plane),
      .s_keep            (s_keep),
      .s_code            (s_code),
      .s_saturated       (s_saturated),
      .s_first           (s_first),
      .s_last            (s_last),
      .t_valid           (t_valid),
      .t_table           (t_table),
      .t_index           (t_index),
      .t_data            (t_data),
      .m_write           (m_write),
      .m_column          (m_column),
      .m_root            (m_root),
      .emu_chip_seed     (emu_chip_seed),
      .emu_noise_seed    (emu_noise_seed),
      .emu_read_noise    (emu_read_noise),
      .emu_adc_noise     (emu_adc_noise),
      .emu_adc_min       (emu_adc_min),
      .emu_adc_max       (emu_adc_max),
      .emu_range_shift   (emu_range_shift),
      .emu_read_gain     (emu_read_gain),
      .emu_reference_unit(emu_reference_unit),
      .emu_physics       (emu_physics)
  );

  // ---- Outputs
  assign read_ends = unit_end && unit_result_last && cfg_cells && !cfg_reference;
  assign idle = rows_idle && drain_idle && convert_idle;

endmodule

`default_nettype wire
