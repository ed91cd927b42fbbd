// SPDX-License-Identifier: BSD-3-Clause
// The serial macro with the accumulator behind it, as on a read-only board. What it lacks are pins that do nothing.

`default_nettype none

module serial_bench #(
    parameter ROWS      = 32,
    parameter COLS      = 32,
    parameter LANES     = 8,
    parameter ADC_LANES = 1
) (
    input  wire                clk,
    input  wire                rst_n,
    input  wire                drop,
    output wire                idle,
    output wire                sums_idle,

    input  wire [7:0]          cfg_macro,
    input  wire [1:0]          cfg_range,
    input  wire [3:0]          cfg_bits,
    input  wire                cfg_signed,
    input  wire                cfg_raw,
    input  wire                cfg_cells,
    input  wire [7:0]          cfg_repeats,
    input  wire                cfg_polarity,
    input  wire                cfg_reference,
    input  wire                cfg_sweep,
    input  wire [15:0]         cfg_level,
    input  wire [15:0]         cfg_read_code,
    input  wire [COLS-1:0]     cfg_mask,
    input  wire [5:0]          cfg_first_group,
    input  wire [5:0]          cfg_last_group,
    input  wire                cfg_pairs,
    input  wire [1:0]          cfg_width,

    input  wire                x_valid,
    output wire                x_ready,
    input  wire [8:0]          x_line,
    input  wire [8:0]          x_code,
    input  wire                x_last,
    input  wire [63:0]         x_index,

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

    input  wire                t_valid,
    input  wire [3:0]          t_table,
    input  wire [11:0]         t_index,
    input  wire [17:0]         t_data,

    input  wire [31:0]         emu_chip_seed,
    input  wire [31:0]         emu_noise_seed,
    input  wire [15:0]         emu_read_noise,
    input  wire [15:0]         emu_adc_noise,
    input  wire [23:0]         emu_adc_min,
    input  wire [23:0]         emu_adc_max,
    input  wire [31:0]         emu_range_shift,
    input  wire [31:0]         emu_read_gain,
    input  wire [15:0]         emu_reference_unit,
    input  wire [9:0]          emu_formed_floor,
    input  wire [15:0]         emu_stress_origin,
    input  wire [15:0]         emu_stress_slope,
    input  wire [15:0]         emu_reset_onset,
    input  wire [15:0]         emu_reset_slope_v,
    input  wire [15:0]         emu_reset_slope_w,
    input  wire [15:0]         emu_reset_spread,
    input  wire                emu_row_position,
    input  wire [479:0]        emu_physics,

    input  wire                nv_load,
    input  wire                nv_kind,
    input  wire [14:0]         nv_address,
    input  wire [LANES*10-1:0] nv_data,
    output wire                nv_write,
    output wire [8:0]          nv_row,
    output wire [8:0]          nv_column,
    output wire [9:0]          nv_g,

    output wire                s_take,
    output wire                s_valid,
    output wire                s_last,
    output wire                r_valid,
    input  wire                r_ready,
    output wire [31:0]         r_data,
    output wire                r_saturated,
    output wire                r_last
);

  wire        s_ready, s_first;
  wire [8:0]  s_column;
  wire [2:0]  s_plane;
  wire [0:0]  s_keep, s_saturated;
  wire [23:0] s_code;
  reg  [8:0]  first_column, last_column;
  integer     i;

  always @(*) begin
    first_column = 9'd0;
    last_column  = 9'd0;
    for (i = COLS - 1; i >= 0; i = i - 1) if (cfg_mask[i]) first_column = i[8:0];
    for (i = 0; i < COLS; i = i + 1) if (cfg_mask[i]) last_column = i[8:0];
  end

  macro_serial #(
      .ROWS (ROWS),
      .COLS (COLS),
      .LANES(LANES)
  ) u_macro (
      .clk               (clk),
      .rst_n             (rst_n),
      .cfg_range         (cfg_range),
      .cfg_bits          (cfg_bits),
      .cfg_signed        (cfg_signed),
      .cfg_raw           (cfg_raw),
      .cfg_cells         (cfg_cells),
      .cfg_repeats       (cfg_repeats),
      .cfg_polarity      (cfg_polarity),
      .cfg_reference     (cfg_reference),
      .cfg_level         (cfg_level),
      .cfg_read_code     (cfg_read_code),
      .cfg_mask          (cfg_mask),
      .cfg_first_column  (first_column),
      .cfg_last_column   (last_column),
      .x_valid           (x_valid),
      .x_ready           (x_ready),
      .x_line            (x_line),
      .x_code            (x_code),
      .x_last            (x_last),
      .x_index           (x_index),
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
      .c_valid           (c_valid),
      .c_ready           (c_ready),
      .c_write           (c_write),
      .c_row             (c_row),
      .c_column          (c_column),
      .c_g               (c_g),
      .c_rvalid          (c_rvalid),
      .c_rdata           (c_rdata),
      .refresh           (refresh),
      .refresh_done      (refresh_done),
      .t_valid           (t_valid),
      .t_table           (t_table),
      .t_index           (t_index),
      .t_data            (t_data),
      .emu_chip_seed     (emu_chip_seed),
      .emu_noise_seed    (emu_noise_seed),
      .emu_read_noise    (emu_read_noise),
      .emu_adc_noise     (emu_adc_noise),
      .emu_adc_min       (emu_adc_min),
      .emu_adc_max       (emu_adc_max),
      .emu_range_shift   (emu_range_shift),
      .emu_read_gain     (emu_read_gain),
      .emu_reference_unit(emu_reference_unit),
      .emu_physics       (emu_physics),
      .emu_row_position  (emu_row_position),
      .drop              (drop),
      .idle              (idle),
      .nv_load           (nv_load),
      .nv_kind           (nv_kind),
      .nv_address        (nv_address),
      .nv_data           (nv_data),
      .nv_write          (nv_write),
      .nv_row            (nv_row),
      .nv_column         (nv_column),
      .nv_g              (nv_g)
  );

  accumulate #(
      .COLS     (COLS),
      .ADC_LANES(ADC_LANES)
  ) u_sums (
      .clk        (clk),
      .clk_tables (clk),
      .rst_n      (rst_n),
      .drop       (drop),
      .idle       (sums_idle),
      .cfg_range  (cfg_range),
      .cfg_raw    (cfg_raw),
      .cfg_pairs  (cfg_pairs),
      .cfg_width  (cfg_width),
      .s_ready    (s_ready),
      .s_take     (s_take),
      .s_valid    (s_valid),
      .s_column   (s_column),
      .s_plane    (s_plane),
      .s_keep     (s_keep),
      .s_code     (s_code),
      .s_saturated(s_saturated),
      .s_first    (s_first),
      .s_last     (s_last),
      .t_valid    (t_valid),
      .t_table    (t_table),
      .t_index    (t_index),
      .t_data     (t_data),
      .r_valid    (r_valid),
      .r_ready    (r_ready),
      .r_data     (r_data),
      .r_saturated(r_saturated),
      .r_last     (r_last)
  );

  wire unused_ok = &{1'b0, cfg_macro, cfg_sweep, cfg_first_group, cfg_last_group, emu_formed_floor, emu_stress_origin, emu_stress_slope,
      emu_reset_onset, emu_reset_slope_v, emu_reset_slope_w, emu_reset_spread};

endmodule

`default_nettype wire
