// SPDX-License-Identifier: BSD-3-Clause
// The emulated macro: implements docs/macro_port.md with the arithmetic of docs/emulator.md.
//
// Vectors enter two buffers (`emu_vectors`), are accumulated LANES columns a cycle
// (`emu_issue`, `emu_cells`, `emu_lanes`), wait as packed plane sums in four slots
// (`emu_partial`) and are converted ADC_LANES columns of one plane a cycle (`emu_drain`,
// `adc_lane`). Cell writes of any kind go through `cell_engine`. Cycle counts are those of
// docs/emulator.md, section "Cycles". `t_*` writes are ignored for tables kept elsewhere.

`include "board_map.vh"
`default_nettype none

module macro_emulator #(
    parameter ROWS      = 512,  // driven lines, at most 512
    parameter COLS      = 512,  // sensed lines, at most 512 and 8 * LANES
    parameter LANES     = 64,   // columns accumulated a cycle, 8..64
    parameter ADC_LANES = 4     // conversions a cycle: 1, 2 or 4
) (
    input  wire                    clk,
    input  wire                    rst_n,

    // Configuration, stable while not idle
    input  wire [7:0]              cfg_macro,
    input  wire [1:0]              cfg_range,
    input  wire [3:0]              cfg_bits,
    input  wire                    cfg_signed,
    input  wire                    cfg_raw,
    input  wire [7:0]              cfg_repeats,
    input  wire                    cfg_polarity,
    input  wire [1:0]              cfg_idle,
    input  wire                    cfg_reference,
    input  wire [15:0]             cfg_level,
    input  wire [15:0]             cfg_read_code,
    input  wire [COLS-1:0]         cfg_mask,
    input  wire [2:0]              cfg_first_group,
    input  wire [2:0]              cfg_last_group,

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
    input  wire                    emu_row_position,

    // Control
    input  wire                    drop,
    output wire                    idle,

    // Non-volatile mirror (simulation; tied off in FPGA tops)
    input  wire                    nv_load,
    input  wire                    nv_kind,     // 0: LANES cells, 1: sums of one column
    input  wire [11:0]             nv_address,  // kind 0: group (11:9), row (8:0); 1: column
    input  wire [LANES*10-1:0]     nv_data,     // kind 0: cells; 1: S1 18:0, S2 47:19, mroot 59:48
    output wire                    nv_write,
    output wire [8:0]              nv_row,
    output wire [8:0]              nv_column,
    output wire [9:0]              nv_g
);

  localparam QUADS  = LANES / ADC_LANES;
  localparam FLOOR  = QUADS > 16 ? QUADS : 16;
  localparam GROUPS = COLS / LANES;
  localparam W_ROW  = $clog2(ROWS);

  // ---- Vectors and rows
  wire        vectors_idle, issue_idle, drain_idle, convert_idle;
  wire        full, next_full, free, fire, row_first, row_last, row_minus, unit_end, unit_freed;
  wire [8:0]  count, next_count, row, line1, code1;
  wire [7:0]  one;
  wire [63:0] index, next_index, pass_index;
  wire [2:0]  row_group, raw_plane;
  wire        pass_first, result_first, result_last;

  emu_vectors u_vectors (
      .clk       (clk),
      .rst_n     (rst_n),
      .clear     (drop),
      .idle      (vectors_idle),
      .x_valid   (x_valid),
      .x_ready   (x_ready),
      .x_line    (x_line),
      .x_code    (x_code),
      .x_last    (x_last),
      .x_index   (x_index),
      .full      (full),
      .next_full (next_full),
      .count     (count),
      .next_count(next_count),
      .one       (one),
      .index     (index),
      .next_index(next_index),
      .free      (free),
      .read      (fire),
      .read_row  (row),
      .row_line  (line1),
      .row_code  (code1)
  );

  emu_issue #(
      .FLOOR(FLOOR)
  ) u_issue (
      .clk            (clk),
      .rst_n          (rst_n),
      .clear          (drop),
      .idle           (issue_idle),
      .cfg_bits       (cfg_bits),
      .cfg_signed     (cfg_signed),
      .cfg_raw        (cfg_raw),
      .cfg_repeats    (cfg_repeats),
      .cfg_first_group(cfg_first_group),
      .cfg_last_group (cfg_last_group),
      .full           (full),
      .next_full      (next_full),
      .count          (count),
      .next_count     (next_count),
      .index          (index),
      .next_index     (next_index),
      .free           (free),
      .read           (fire),
      .row            (row),
      .first          (row_first),
      .last           (row_last),
      .minus          (row_minus),
      .group          (row_group),
      .unit_end       (unit_end),
      .pass_first     (pass_first),
      .result_first   (result_first),
      .result_last    (result_last),
      .raw_plane      (raw_plane),
      .pass_index     (pass_index),
      .unit_freed     (unit_freed)
  );

  // ---- Rows on their way: read in stage 0, line and code in stage 1, cells in stage 2
  reg        valid1_q, first1_q, last1_q, minus1_q, valid2_q, first2_q, last2_q, minus2_q;
  reg [2:0]  group1_q;
  reg [7:0]  code2_q;
  reg [1:0]  slot1_q, slot2_q;
  wire       takes = !cfg_signed || code1[8] == minus1_q;
  wire [1:0] unit_slot;
  wire [LANES*10-1:0] word;
  wire [17:0] position;

  always @(posedge clk) begin
    if (!rst_n || drop) begin
      valid1_q <= 1'b0;
      valid2_q <= 1'b0;
    end else begin
      valid1_q <= fire;
      valid2_q <= valid1_q;
    end
    {first1_q, last1_q, minus1_q} <= {row_first, row_last, row_minus};
    {first2_q, last2_q, minus2_q} <= {first1_q, last1_q, minus1_q};
    {slot2_q, slot1_q} <= {slot1_q, unit_slot};
    group1_q <= row_group;
    code2_q  <= takes ? code1[7:0] : 8'd0;
  end

  table_memory #(
      .DEPTH(1 << W_ROW),
      .W    (18),
      .W_A  (W_ROW)
  ) u_position (
      .clk          (clk),
      .write        (t_valid && {4'd0, t_table} == `TABLE_U && t_index < ROWS[11:0]),
      .write_address(t_index[W_ROW-1:0]),
      .write_data   (t_data),
      .read         (valid1_q && emu_row_position),
      .read_address (line1[W_ROW-1:0]),
      .read_data    (position)
  );

  // ---- Cells
  wire        engine_idle, engine_read, cell_write, m_write;
  wire [2:0]  engine_group, cell_group;
  wire [8:0]  engine_row, cell_row, m_column;
  wire [11:0] m_root;
  wire [LANES*10-1:0] cell_word;

  emu_cells #(
      .LANES (LANES),
      .GROUPS(GROUPS),
      .W_ROW (W_ROW)
  ) u_cells (
      .clk        (clk),
      .read       (valid1_q || engine_read),
      .read_group (engine_read ? engine_group : group1_q),
      .read_row   (engine_read ? engine_row : line1),
      .word       (word),
      .write      (cell_write),
      .write_group(cell_group),
      .write_row  (cell_row),
      .write_word (cell_word)
  );

  cell_engine #(
      .COLS (COLS),
      .LANES(LANES)
  ) u_engine (
      .clk              (clk),
      .rst_n            (rst_n),
      .idle             (engine_idle),
      .cfg_macro        (cfg_macro),
      .p_valid          (p_valid),
      .p_ready          (p_ready),
      .p_kind           (p_kind),
      .p_row            (p_row),
      .p_mask           (p_mask),
      .p_voltage        (p_voltage),
      .p_gate           (p_gate),
      .p_elapsed        (p_elapsed),
      .p_index          (p_index),
      .p_drive          (p_drive),
      .p_done           (p_done),
      .c_valid          (c_valid),
      .c_ready          (c_ready),
      .c_write          (c_write),
      .c_row            (c_row),
      .c_column         (c_column),
      .c_g              (c_g),
      .c_rvalid         (c_rvalid),
      .c_rdata          (c_rdata),
      .refresh          (refresh),
      .refresh_done     (refresh_done),
      .t_valid          (t_valid),
      .t_table          (t_table),
      .t_index          (t_index),
      .t_data           (t_data),
      .emu_chip_seed    (emu_chip_seed),
      .emu_formed_floor (emu_formed_floor),
      .emu_stress_origin(emu_stress_origin),
      .emu_stress_slope (emu_stress_slope),
      .emu_reset_onset  (emu_reset_onset),
      .emu_reset_slope_v(emu_reset_slope_v),
      .emu_reset_slope_w(emu_reset_slope_w),
      .emu_reset_spread (emu_reset_spread),
      .read             (engine_read),
      .read_group       (engine_group),
      .read_row         (engine_row),
      .word             (word),
      .write            (cell_write),
      .write_group      (cell_group),
      .write_row        (cell_row),
      .write_word       (cell_word),
      .m_write          (m_write),
      .m_column         (m_column),
      .m_root           (m_root),
      .nv_load          (nv_load),
      .nv_kind          (nv_kind),
      .nv_address       (nv_address),
      .nv_data          (nv_data),
      .nv_write         (nv_write),
      .nv_row           (nv_row),
      .nv_column        (nv_column),
      .nv_g             (nv_g)
  );

  // ---- Accumulation and conversion
  wire                     move, move_minus, convert, one_now, first_now, last_now;
  wire [1:0]               move_slot, key_slot, slot;
  wire [5:0]               move_quad, quad;
  wire [ADC_LANES*171-1:0] sums;
  wire [2:0]               group, plane;
  wire [ADC_LANES-1:0]     keep;
  wire [31:0]              key_read, key2_read, key, key2;

  emu_lanes #(
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES)
  ) u_lanes (
      .clk             (clk),
      .rst_n           (rst_n),
      .clear           (drop),
      .emu_row_position(emu_row_position),
      .cfg_bits        (cfg_bits),
      .word            (word),
      .in_valid        (valid2_q),
      .in_first        (first2_q),
      .in_last         (last2_q),
      .in_minus        (minus2_q),
      .in_slot         (slot2_q),
      .in_code         (code2_q),
      .in_position     (position),
      .move            (move),
      .move_minus      (move_minus),
      .move_slot       (move_slot),
      .move_quad       (move_quad),
      .sums            (sums)
  );

  emu_keys u_keys (
      .clk           (clk),
      .rst_n         (rst_n),
      .clear         (drop),
      .emu_noise_seed(emu_noise_seed),
      .start         (unit_end && pass_first),
      .start_slot    (unit_slot),
      .start_index   (pass_index),
      .read_slot     (key_slot),
      .key           (key_read),
      .key2          (key2_read)
  );

  emu_drain #(
      .COLS     (COLS),
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES),
      .FLOOR    (FLOOR)
  ) u_drain (
      .clk              (clk),
      .rst_n            (rst_n),
      .clear            (drop),
      .idle             (drain_idle),
      .cfg_bits         (cfg_bits),
      .cfg_raw          (cfg_raw),
      .cfg_mask         (cfg_mask),
      .unit_end         (unit_end),
      .unit_group       (row_group),
      .unit_one         (one),
      .unit_raw_plane   (raw_plane),
      .unit_pass_first  (pass_first),
      .unit_result_first(result_first),
      .unit_result_last (result_last),
      .unit_slot        (unit_slot),
      .unit_freed       (unit_freed),
      .key_slot         (key_slot),
      .key_in           (key_read),
      .key2_in          (key2_read),
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
      .key2             (key2)
  );

  emu_convert #(
      .COLS     (COLS),
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES)
  ) u_convert (
      .clk               (clk),
      .rst_n             (rst_n),
      .clear             (drop),
      .idle              (convert_idle),
      .cfg_signed        (cfg_signed),
      .cfg_polarity      (cfg_polarity),
      .cfg_reference     (cfg_reference),
      .cfg_range         (cfg_range),
      .cfg_level         (cfg_level),
      .cfg_read_code     (cfg_read_code),
      .emu_read_noise    (emu_read_noise),
      .emu_adc_noise     (emu_adc_noise),
      .emu_adc_min       (emu_adc_min),
      .emu_adc_max       (emu_adc_max),
      .emu_range_shift   (emu_range_shift),
      .emu_read_gain     (emu_read_gain),
      .emu_reference_unit(emu_reference_unit),
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

  assign idle = vectors_idle && issue_idle && drain_idle && convert_idle && engine_idle;

  wire unused_ok = &{1'b0, cfg_idle};

endmodule

`default_nettype wire
