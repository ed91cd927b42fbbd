// SPDX-License-Identifier: BSD-3-Clause
// From finished units to samples: `emu_drain` chooses what is converted, `emu_convert` converts it.
//
// Nothing here moves before the first `unit_end` or after `idle`, but for `move` and the tables: its clock may rest then. What the slow
// effects of reading need is computed only while one of them is on. `clear` empties everything at once.

`default_nettype none

module emu_samples #(
    parameter COLS      = 512,  // columns of the macro
    parameter LANES     = 64,   // columns of a lane group
    parameter ADC_LANES = 4,    // conversions a cycle
    parameter FLOOR     = 16    // least cycles between two units
) (
    input  wire                     clk,
    input  wire                     clk_tables,
    input  wire                     rst_n,
    input  wire                     clear,
    output wire                     drain_idle,
    output wire                     convert_idle,

    // Configuration
    input  wire [7:0]               cfg_macro,
    input  wire [1:0]               cfg_range,
    input  wire [3:0]               cfg_bits,
    input  wire                     cfg_signed,
    input  wire                     cfg_raw,
    input  wire                     cfg_cells,
    input  wire                     cfg_polarity,
    input  wire                     cfg_reference,
    input  wire [15:0]              cfg_level,
    input  wire [15:0]              cfg_read_code,
    input  wire [23:0]              cfg_cap,       // largest signal: there is one (23); Q6
    input  wire [COLS-1:0]          cfg_mask,

    // Plane sums
    input  wire                     move,
    input  wire                     move_minus,
    input  wire [1:0]               move_slot,
    input  wire [5:0]               move_quad,
    input  wire [ADC_LANES*171-1:0] sums,

    // Finished units; row and age one cycle after
    input  wire                     unit_end,
    input  wire [5:0]               unit_group,
    input  wire [7:0]               unit_one,
    input  wire [2:0]               unit_raw_plane,
    input  wire                     unit_pass_first,
    input  wire                     unit_result_first,
    input  wire                     unit_result_last,
    input  wire [63:0]              unit_index,
    input  wire [63:0]              unit_vector,
    input  wire [8:0]               unit_row,
    input  wire [3:0]               unit_age,
    output wire [1:0]               unit_slot,
    output wire                     unit_freed,

    // Marks of the row pulsed last
    output wire [5:0]               marks_group,
    input  wire [LANES-1:0]         fresh,
    input  wire [LANES-1:0]         was_reset,

    // Samples
    input  wire                     s_ready,
    output wire                     s_take,
    output wire                     s_valid,
    output wire [8:0]               s_column,
    output wire [2:0]               s_plane,
    output wire [ADC_LANES-1:0]     s_keep,
    output wire [ADC_LANES*24-1:0]  s_code,
    output wire [ADC_LANES-1:0]     s_saturated,
    output wire                     s_first,
    output wire                     s_last,

    // Tables, mroot
    input  wire                     t_valid,
    input  wire [3:0]               t_table,
    input  wire [11:0]              t_index,
    input  wire [17:0]              t_data,
    input  wire                     m_write,
    input  wire [8:0]               m_column,
    input  wire [11:0]              m_root,

    // EMU registers
    input  wire [31:0]              emu_chip_seed,
    input  wire [31:0]              emu_noise_seed,
    input  wire [15:0]              emu_read_noise,
    input  wire [15:0]              emu_adc_noise,
    input  wire [23:0]              emu_adc_min,
    input  wire [23:0]              emu_adc_max,
    input  wire [31:0]              emu_range_shift,
    input  wire [31:0]              emu_read_gain,
    input  wire [15:0]              emu_reference_unit,
    input  wire [479:0]             emu_physics
);

  wire                 convert, one_now, first_now, last_now;
  wire [1:0]           slot;
  wire [2:0]           plane;
  wire [3:0]           row_age;
  wire [5:0]           quad, group;
  wire [ADC_LANES-1:0] keep;
  wire [31:0]          key, key2, slow_key, row_key;

  // RTN, COMMON, RTN_SUM or RELAXATION
  wire wandering = emu_physics[431:416] != 16'd0 || emu_physics[479:448] != 32'd0 || emu_physics[255:240] != 16'd0;

  emu_drain #(
      .COLS     (COLS),
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES),
      .FLOOR    (FLOOR)
  ) u_drain (
      .clk              (clk),
      .rst_n            (rst_n),
      .clear            (clear),
      .idle             (drain_idle),
      .cfg_bits         (cfg_bits),
      .cfg_raw          (cfg_raw),
      .cfg_mask         (cfg_mask),
      .cfg_macro        (cfg_macro),
      .wandering        (wandering),
      .epoch            (emu_physics[13:8]),
      .emu_chip_seed    (emu_chip_seed),
      .emu_noise_seed   (emu_noise_seed),
      .unit_end         (unit_end),
      .unit_group       (unit_group),
      .unit_one         (unit_one),
      .unit_raw_plane   (unit_raw_plane),
      .unit_pass_first  (unit_pass_first),
      .unit_result_first(unit_result_first),
      .unit_result_last (unit_result_last),
      .unit_index       (unit_index),
      .unit_vector      (unit_vector),
      .unit_row         (unit_row),
      .unit_age         (unit_age),
      .unit_slot        (unit_slot),
      .unit_freed       (unit_freed),
      .s_ready          (s_ready),
      .s_take           (s_take),
      .convert          (convert),
      .slot             (slot),
      .quad             (quad),
      .group            (group),
      .plane            (plane),
      .keep             (keep),
      .one              (one_now),
      .first            (first_now),
      .last             (last_now),
      .key              (key),
      .key2             (key2),
      .slow_key         (slow_key),
      .row_key          (row_key),
      .row_age          (row_age)
  );

  emu_convert #(
      .COLS     (COLS),
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES)
  ) u_convert (
      .clk               (clk),
      .clk_tables        (clk_tables),
      .rst_n             (rst_n),
      .clear             (clear),
      .idle              (convert_idle),
      .cfg_signed        (cfg_signed),
      .cfg_polarity      (cfg_polarity),
      .cfg_reference     (cfg_reference),
      .cfg_cells         (cfg_cells),
      .cfg_range         (cfg_range),
      .cfg_level         (cfg_level),
      .cfg_read_code     (cfg_read_code),
      .cfg_cap           (cfg_cap),
      .emu_read_noise    (emu_read_noise),
      .emu_adc_noise     (emu_adc_noise),
      .emu_adc_min       (emu_adc_min),
      .emu_adc_max       (emu_adc_max),
      .emu_range_shift   (emu_range_shift),
      .emu_read_gain     (emu_read_gain),
      .emu_reference_unit(emu_reference_unit),
      .emu_physics       (emu_physics),
      .wandering         (wandering),
      .move              (move),
      .move_minus        (move_minus),
      .move_slot         (move_slot),
      .move_quad         (move_quad),
      .sums              (sums),
      .convert           (convert),
      .slot              (slot),
      .quad              (quad),
      .group             (group),
      .plane             (plane),
      .keep              (keep),
      .one               (one_now),
      .first             (first_now),
      .last              (last_now),
      .key               (key),
      .key2              (key2),
      .slow_key          (slow_key),
      .row_key           (row_key),
      .row_age           (row_age),
      .marks_group       (marks_group),
      .fresh             (fresh),
      .was_reset         (was_reset),
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
      .m_root            (m_root)
  );

endmodule

`default_nettype wire
