// SPDX-License-Identifier: BSD-3-Clause
// The arithmetic of cells, side by side: cell_stress, cell_sums of 24 columns.

`default_nettype none

module cell_parts (
    input  wire        clk,
    input  wire        rst_n,

    // cell_stress
    input  wire        start,
    input  wire [31:0] elapsed,
    input  wire        is_set,
    input  wire [15:0] voltage,
    input  wire [15:0] gate,
    input  wire [15:0] emu_stress_origin,
    input  wire [15:0] emu_stress_slope,
    input  wire [15:0] emu_reset_onset,
    input  wire [15:0] emu_reset_slope_v,
    input  wire [15:0] emu_reset_slope_w,
    input  wire [31:0] emu_set_drive,
    input  wire [15:0] emu_set_slope_w,
    input  wire [31:0] emu_set_level,
    output wire [25:0] fall,
    output wire [19:0] fraction,
    output wire [15:0] level,
    output wire        acts,

    // cell_sums
    input  wire        update,
    input  wire [8:0]  column,
    input  wire [9:0]  old,
    input  wire [9:0]  new_g,
    input  wire        load,
    input  wire [8:0]  load_column,
    input  wire [18:0] load_s1,
    input  wire [28:0] load_s2,
    input  wire [11:0] load_root,
    input  wire        refresh,
    output wire        refresh_done,
    output wire        m_write,
    output wire [8:0]  m_column,
    output wire [11:0] m_root
);

  cell_stress u_stress (
      .clk              (clk),
      .rst_n            (rst_n),
      .start            (start),
      .elapsed          (elapsed),
      .is_set           (is_set),
      .voltage          (voltage),
      .gate             (gate),
      .emu_stress_origin(emu_stress_origin),
      .emu_stress_slope (emu_stress_slope),
      .emu_reset_onset  (emu_reset_onset),
      .emu_reset_slope_v(emu_reset_slope_v),
      .emu_reset_slope_w(emu_reset_slope_w),
      .emu_set_drive    (emu_set_drive),
      .emu_set_slope_w  (emu_set_slope_w),
      .emu_set_level    (emu_set_level),
      .fall             (fall),
      .fraction         (fraction),
      .level            (level),
      .acts             (acts)
  );

  cell_sums #(
      .COLS(24)
  ) u_sums (
      .clk         (clk),
      .rst_n       (rst_n),
      .update      (update),
      .column      (column),
      .old         (old),
      .new_g       (new_g),
      .load        (load),
      .load_column (load_column),
      .load_s1     (load_s1),
      .load_s2     (load_s2),
      .load_root   (load_root),
      .refresh     (refresh),
      .refresh_done(refresh_done),
      .m_write     (m_write),
      .m_column    (m_column),
      .m_root      (m_root)
  );

endmodule

`default_nettype wire
