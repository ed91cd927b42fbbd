// SPDX-License-Identifier: BSD-3-Clause
// The emulated macro: implements docs/macro_port.md with the arithmetic of docs/emulator.md.
//
// `emu_reader` multiplies: vectors in, conversions out. `emu_array` holds the cells and all that changes
// them. Cycle counts are those of docs/emulator.md, section "Cycles"; the parts are described in
// docs/modules/emulator.md. `t_*` writes of DARK and CORRECTION are ignored: `accumulate` keeps those.

`default_nettype none

module macro_emulator #(
    parameter ROWS      = 512,  // driven lines, at most 512
    parameter COLS      = 512,  // sensed lines, at most 512, a multiple of LANES
    parameter LANES     = 64,   // columns accumulated a cycle, 8..64
    parameter ADC_LANES = 4     // conversions a cycle: 1, 2 or 4
) (
    input  wire                    clk,
    input  wire                    clk_pulses,
    input  wire                    clk_rows,
    input  wire                    clk_results,
    input  wire                    rst_n,

    // Configuration, stable while not idle
    input  wire [7:0]              cfg_macro,
    input  wire [1:0]              cfg_range,
    input  wire [3:0]              cfg_bits,
    input  wire                    cfg_signed,
    input  wire                    cfg_raw,
    input  wire                    cfg_cells,
    input  wire [7:0]              cfg_repeats,
    input  wire                    cfg_polarity,
    input  wire [1:0]              cfg_idle,
    input  wire                    cfg_reference,
    input  wire                    cfg_sweep,   // a point of SWEEP: cfg_level is its gate code
    input  wire [15:0]             cfg_level,
    input  wire [15:0]             cfg_read_code,
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

    // Pulses
    input  wire                    p_valid,
    output wire                    p_ready,
    input  wire [1:0]              p_kind,
    input  wire [8:0]              p_row,
    input  wire [COLS-1:0]         p_mask,
    input  wire [15:0]             p_voltage,
    input  wire [15:0]             p_gate,
    input  wire [31:0]             p_elapsed,
    input  wire [63:0]             p_index,
    input  wire                    p_drive,
    output wire                    p_done,

    // Time (emulated macros)
    input  wire                    e_valid,
    output wire                    e_done,
    input  wire [8:0]              e_row,
    input  wire [111:0]            e_fields,  // L, reads, operation index, from bit 0

    // Cells
    input  wire                    c_valid,
    output wire                    c_ready,
    input  wire                    c_write,
    input  wire [8:0]              c_row,
    input  wire [8:0]              c_column,
    input  wire [9:0]              c_g,
    output wire                    c_rvalid,
    output wire [9:0]              c_rdata,
    input  wire                    refresh,
    output wire                    refresh_done,

    // Tables
    input  wire                    t_valid,
    input  wire [3:0]              t_table,
    input  wire [11:0]             t_index,
    input  wire [17:0]             t_data,

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
    input  wire [9:0]              emu_formed_floor,
    input  wire [15:0]             emu_stress_origin,
    input  wire [15:0]             emu_stress_slope,
    input  wire [15:0]             emu_reset_onset,
    input  wire [15:0]             emu_reset_slope_v,
    input  wire [15:0]             emu_reset_slope_w,
    input  wire [15:0]             emu_reset_spread,
    input  wire [479:0]            emu_physics,        // from EMU_PHYSICS on, a word each
    input  wire                    emu_row_position,

    // Control
    input  wire                    drop,
    output wire                    idle,

    // Non-volatile mirror (simulation; tied off in FPGA tops)
    input  wire                    nv_load,
    input  wire                    nv_kind,     // 0: LANES cells, 1: sums of one column
    input  wire [14:0]             nv_address,  // kind 0: group (14:9), row (8:0); 1: column
    input  wire [LANES*10-1:0]     nv_data,     // kind 0: cells; 1: S1 18:0, S2 47:19, mroot 59:48
    output wire                    nv_write,
    output wire [8:0]              nv_row,
    output wire [8:0]              nv_column,
    output wire [9:0]              nv_g
);

  wire                reader_idle, array_idle, read, read_ends, m_write;
  wire [3:0]          age;
  wire [LANES-1:0]    fresh, was_reset;
  wire [5:0]          read_group, marks_group;
  wire [8:0]          read_row, m_column;
  wire [11:0]         m_root;
  wire [LANES*10-1:0] word;
  wire [15:0]         read_code;
  wire [31:0]         read_gain, range_shift;
  wire [23:0]         cap;

  sweep_bias u_bias (
      .clk            (clk_pulses),
      .sweeps         (cfg_sweep),
      .start          (x_valid && x_ready),
      .voltage        (cfg_read_code),
      .gate           (cfg_level),
      .range          (cfg_range),
      .emu_read_gain  (emu_read_gain),
      .emu_range_shift(emu_range_shift),
      .emu_physics    (emu_physics),
      .read_code      (read_code),
      .read_gain      (read_gain),
      .range_shift    (range_shift),
      .cap            (cap)
  );

  emu_reader #(
      .ROWS     (ROWS),
      .COLS     (COLS),
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES)
  ) u_reader (
      .clk(clk), .clk_rows(clk_rows),
      .clk_results(clk_results), .clk_tables(clk_pulses), .rst_n(rst_n),
      .drop(drop), .idle(reader_idle),
      .cfg_macro(cfg_macro), .cfg_range(cfg_range),
      .cfg_bits(cfg_bits), .cfg_signed(cfg_signed),
      .cfg_raw(cfg_raw), .cfg_cells(cfg_cells),
      .cfg_repeats(cfg_repeats), .cfg_polarity(cfg_polarity),
      .cfg_reference(cfg_reference), .cfg_level(cfg_level),
      .cfg_read_code(read_code), .cfg_cap(cap),
      .cfg_mask(cfg_mask), .cfg_first_group(cfg_first_group),
      .cfg_last_group(cfg_last_group), .x_valid(x_valid),
      .x_ready(x_ready), .x_line(x_line),
      .x_code(x_code), .x_last(x_last),
      .x_index(x_index), .s_ready(s_ready),
      .s_take(s_take), .s_valid(s_valid),
      .s_column(s_column), .s_plane(s_plane),
      .s_keep(s_keep), .s_code(s_code),
      .s_saturated(s_saturated), .s_first(s_first),
      .s_last(s_last), .read(read),
      .read_group(read_group), .read_row(read_row),
      .word(word), .read_ends(read_ends),
      .age(age), .marks_group(marks_group), .fresh(fresh),
      .was_reset(was_reset), .t_valid(t_valid),
      .t_table(t_table), .t_index(t_index),
      .t_data(t_data), .m_write(m_write),
      .m_column(m_column), .m_root(m_root),
      .emu_chip_seed(emu_chip_seed), .emu_noise_seed(emu_noise_seed),
      .emu_read_noise(emu_read_noise), .emu_adc_noise(emu_adc_noise),
      .emu_adc_min(emu_adc_min), .emu_adc_max(emu_adc_max),
      .emu_range_shift(range_shift), .emu_read_gain(read_gain),
      .emu_reference_unit(emu_reference_unit), .emu_physics(emu_physics),
      .emu_row_position  (emu_row_position)
  );

  emu_array #(
      .ROWS (ROWS),
      .COLS (COLS),
      .LANES(LANES)
  ) u_array (
      .clk(clk_rows), .clk_pulses(clk_pulses),
      .rst_n(rst_n), .idle(array_idle),
      .cfg_macro(cfg_macro), .p_valid(p_valid),
      .p_ready(p_ready), .p_kind(p_kind),
      .p_row(p_row), .p_mask(p_mask),
      .p_voltage(p_voltage), .p_gate(p_gate),
      .p_elapsed(p_elapsed), .p_index(p_index),
      .p_drive(p_drive), .p_done(p_done),
      .e_valid(e_valid), .e_done(e_done),
      .e_row(e_row), .e_mask(cfg_mask),
      .e_fields(e_fields), .c_valid(c_valid),
      .c_ready(c_ready), .c_write(c_write),
      .c_row(c_row), .c_column(c_column),
      .c_g(c_g), .c_rvalid(c_rvalid),
      .c_rdata(c_rdata), .refresh(refresh),
      .refresh_done(refresh_done), .t_valid(t_valid),
      .t_table(t_table), .t_index(t_index),
      .t_data(t_data), .emu_chip_seed(emu_chip_seed),
      .emu_formed_floor(emu_formed_floor), .emu_stress_origin(emu_stress_origin),
      .emu_stress_slope(emu_stress_slope), .emu_reset_onset(emu_reset_onset),
      .emu_reset_slope_v(emu_reset_slope_v), .emu_reset_slope_w(emu_reset_slope_w),
      .emu_reset_spread(emu_reset_spread), .emu_physics(emu_physics),
      .read(read), .read_group(read_group),
      .read_row(read_row), .word(word),
      .read_ends(read_ends), .age(age),
      .marks_group(marks_group), .fresh(fresh), .was_reset(was_reset),
      .m_write(m_write), .m_column(m_column),
      .m_root(m_root), .nv_load(nv_load),
      .nv_kind(nv_kind), .nv_address(nv_address),
      .nv_data(nv_data), .nv_write(nv_write),
      .nv_row(nv_row), .nv_column(nv_column),
      .nv_g             (nv_g)
  );

  assign idle = reader_idle && array_idle;

  wire unused_ok = &{1'b0, cfg_idle};

endmodule

`default_nettype wire
