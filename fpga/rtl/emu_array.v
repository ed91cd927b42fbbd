// SPDX-License-Identifier: BSD-3-Clause
// The emulated cells with all that changes them: memory, engine, sums, non-volatile port.
//
// `word` follows `read` by one cycle; reading and the engine take turns. `nv_load` writes at once and must
// meet an idle engine. `nv_write` tells every cell written. `read_ends`, `age` and the marks are those of emu_fresh.

`default_nettype none

module emu_array #(
    parameter ROWS  = 512,
    parameter COLS  = 512,
    parameter LANES = 64
) (
    input  wire                clk,
    input  wire                clk_pulses,
    input  wire                rst_n,
    output wire                idle,
    input  wire [7:0]          cfg_macro,

    // Pulses
    input  wire                p_valid,
    output wire                p_ready,
    input  wire [1:0]          p_kind,
    input  wire [8:0]          p_row,
    input  wire [COLS-1:0]     p_mask,
    input  wire [15:0]         p_voltage,
    input  wire [15:0]         p_gate,
    input  wire [31:0]         p_elapsed,
    input  wire [63:0]         p_index,
    input  wire                p_drive,
    output wire                p_done,

    // Time (emulated macros)
    input  wire                e_valid,
    output wire                e_done,
    input  wire [8:0]          e_row,
    input  wire [COLS-1:0]     e_mask,
    input  wire [111:0]        e_fields,    // L, reads, operation index, from bit 0

    // Cells
    input  wire                c_valid,
    output wire                c_ready,
    input  wire                c_write,
    input  wire [8:0]          c_row,
    input  wire [8:0]          c_column,
    input  wire [9:0]          c_g,
    output wire                c_rvalid,
    output wire [9:0]          c_rdata,
    input  wire                refresh,
    output wire                refresh_done,

    // Tables and registers
    input  wire                t_valid,
    input  wire [3:0]          t_table,
    input  wire [11:0]         t_index,
    input  wire [17:0]         t_data,
    input  wire [31:0]         emu_chip_seed,
    input  wire [9:0]          emu_formed_floor,
    input  wire [15:0]         emu_stress_origin,
    input  wire [15:0]         emu_stress_slope,
    input  wire [15:0]         emu_reset_onset,
    input  wire [15:0]         emu_reset_slope_v,
    input  wire [15:0]         emu_reset_slope_w,
    input  wire [15:0]         emu_reset_spread,
    input  wire [479:0]        emu_physics,

    // Reading
    input  wire                read,
    input  wire [5:0]          read_group,
    input  wire [8:0]          read_row,
    output wire [LANES*10-1:0] word,
    input  wire                read_ends,
    output wire [3:0]          age,
    input  wire [5:0]          marks_group,
    output wire [LANES-1:0]    fresh,
    output wire [LANES-1:0]    was_reset,

    // mroot
    output wire                m_write,
    output wire [8:0]          m_column,
    output wire [11:0]         m_root,

    // Non-volatile mirror
    input  wire                nv_load,
    input  wire                nv_kind,
    input  wire [14:0]         nv_address,
    input  wire [LANES*10-1:0] nv_data,
    output wire                nv_write,
    output wire [8:0]          nv_row,
    output wire [8:0]          nv_column,
    output wire [9:0]          nv_g
);

  wire                engine_read, engine_write, change;
  wire [5:0]          engine_group, write_group;
  wire [8:0]          engine_row, write_row, change_row, change_column;
  wire [9:0]          change_old, change_g;
  wire [LANES*10-1:0] write_word;
  wire                look;
  wire [LANES-1:0]    look_mask;
  wire                restore = nv_load && !nv_kind;

  emu_cells #(
      .LANES (LANES),
      .GROUPS(COLS / LANES),
      .W_ROW ($clog2(ROWS))
  ) u_cells (
      .clk        (clk),
      .read       (read || engine_read),
      .read_group (engine_read ? engine_group : read_group),
      .read_row   (engine_read ? engine_row : read_row),
      .word       (word),
      .write      (restore || engine_write),
      .write_group(restore ? nv_address[14:9] : write_group),
      .write_row  (restore ? nv_address[8:0] : write_row),
      .write_word (restore ? nv_data : write_word)
  );

  cell_engine #(
      .COLS (COLS),
      .LANES(LANES)
  ) u_engine (
      .clk              (clk_pulses),
      .rst_n            (rst_n),
      .idle             (idle),
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
      .e_valid          (e_valid),
      .e_done           (e_done),
      .e_row            (e_row),
      .e_mask           (e_mask),
      .e_fields         (e_fields),
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
      .emu_physics      (emu_physics),
      .read             (engine_read),
      .read_group       (engine_group),
      .read_row         (engine_row),
      .word             (word),
      .write            (engine_write),
      .write_group      (write_group),
      .write_row        (write_row),
      .write_word       (write_word),
      .look             (look),
      .look_mask        (look_mask),
      .change           (change),
      .change_row       (change_row),
      .change_column    (change_column),
      .change_old       (change_old),
      .change_g         (change_g)
  );

  cell_sums #(
      .COLS(COLS)
  ) u_sums (
      .clk         (clk_pulses),
      .rst_n       (rst_n),
      .update      (change),
      .column      (change_column),
      .old         (change_old),
      .new_g       (change_g),
      .load        (nv_load && nv_kind),
      .load_column (nv_address[8:0]),
      .load_s1     (nv_data[18:0]),
      .load_s2     (nv_data[47:19]),
      .load_root   (nv_data[59:48]),
      .refresh     (idle && refresh),
      .refresh_done(refresh_done),
      .m_write     (m_write),
      .m_column    (m_column),
      .m_root      (m_root)
  );

  emu_fresh #(
      .COLS (COLS),
      .LANES(LANES)
  ) u_fresh (
      .clk       (clk),
      .clk_pulses(clk_pulses),
      .rst_n     (rst_n),
      .pulse     (p_valid && p_ready),
      .p_kind    (p_kind),
      .p_row     (p_row),
      .look      (look),
      .look_group(engine_group),
      .look_mask (look_mask),
      .settle    (e_done || (c_valid && c_ready && c_write)),
      .read_ends (read_ends),
      .read_row  (read_row),
      .age       (age),
      .group     (marks_group),
      .fresh     (fresh),
      .was_reset (was_reset)
  );

  assign nv_write  = change;
  assign nv_row    = change_row;
  assign nv_column = change_column;
  assign nv_g      = change_g;

endmodule

`default_nettype wire
