// SPDX-License-Identifier: BSD-3-Clause
// A small emulated macro that only reads: docs/macro_port.md with the arithmetic of docs/emulator.md, one conversion at a time.
//
// For boards that macro_emulator does not fit: results and saturation are the same, bit for bit, cycles are not (docs/emulator.md,
// "The serial macro"). There are no pulses, no time and no SWEEP, and the slow effects of reading are off whatever their registers
// hold. `x_ready` answers a vector's last beat late, with `x_index` used by then, and stays low until the vector's last sample.

`default_nettype none

module macro_serial #(
    parameter ROWS  = 64,  // driven lines, at most 512
    parameter COLS  = 64,  // sensed lines, at most 512, a multiple of LANES
    parameter LANES = 8    // cells of a word of nv_load
) (
    input  wire                clk,
    input  wire                rst_n,

    // Configuration, stable while not idle
    input  wire [1:0]          cfg_range,
    input  wire [3:0]          cfg_bits,
    input  wire                cfg_signed,
    input  wire                cfg_raw,
    input  wire                cfg_cells,
    input  wire [7:0]          cfg_repeats,
    input  wire                cfg_polarity,
    input  wire                cfg_reference,
    input  wire [15:0]         cfg_level,
    input  wire [15:0]         cfg_read_code,
    input  wire [COLS-1:0]     cfg_mask,
    input  wire [8:0]          cfg_first_column,  // of cfg_mask
    input  wire [8:0]          cfg_last_column,

    // Vectors
    input  wire                x_valid,
    output wire                x_ready,
    input  wire [8:0]          x_line,
    input  wire [8:0]          x_code,
    input  wire                x_last,
    input  wire [63:0]         x_index,

    // Samples
    input  wire                s_ready,
    output wire                s_take,
    output wire                s_valid,
    output wire [8:0]          s_column,
    output wire [2:0]          s_plane,
    output wire [0:0]          s_keep,
    output wire [23:0]         s_code,
    output wire [0:0]          s_saturated,
    output wire                s_first,
    output wire                s_last,

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

    // Tables
    input  wire                t_valid,
    input  wire [3:0]          t_table,
    input  wire [11:0]         t_index,
    input  wire [17:0]         t_data,

    // EMU registers
    input  wire [31:0]         emu_chip_seed,
    input  wire [31:0]         emu_noise_seed,
    input  wire [15:0]         emu_read_noise,
    input  wire [15:0]         emu_adc_noise,
    input  wire [23:0]         emu_adc_min,
    input  wire [23:0]         emu_adc_max,
    input  wire [31:0]         emu_range_shift,
    input  wire [31:0]         emu_read_gain,
    input  wire [15:0]         emu_reference_unit,
    input  wire [479:0]        emu_physics,
    input  wire                emu_row_position,

    // Control
    input  wire                drop,
    output wire                idle,

    // Non-volatile mirror (simulation; tied off in FPGA tops)
    input  wire                nv_load,
    input  wire                nv_kind,     // 0: LANES cells, 1: sums of one column
    input  wire [14:0]         nv_address,  // kind 0: group (14:9), row (8:0); 1: column
    input  wire [LANES*10-1:0] nv_data,     // kind 0: cells; 1: S1 18:0, S2 47:19, mroot 59:48
    output wire                nv_write,
    output wire [8:0]          nv_row,
    output wire [8:0]          nv_column,
    output wire [9:0]          nv_g
);

  localparam W_SUM = 10 + $clog2(ROWS) + 1;  // of 2^W_R codes, signed

  wire             walk_idle, convert_idle, cells_idle, start, pass_first, pass_last, keyed, ends, s_ends;
  wire             column_known, rows_known, take, read, settled, cell_read, one, root_start, m_write;
  wire [2:0]       plane;
  wire [7:0]       pass;
  wire [8:0]       column, line, code, m_column;
  wire [9:0]       cell_g;
  wire [11:0]      root, m_root;
  wire [19:0]      root_total;
  wire [W_SUM-1:0] difference;
  wire [W_SUM-2:0] total;

  serial_walk #(
      .ROWS(ROWS),
      .COLS(COLS)
  ) u_walk (
      .clk(clk), .rst_n(rst_n),
      .clear(drop), .idle(walk_idle),
      .cfg_bits(cfg_bits), .cfg_raw(cfg_raw),
      .cfg_repeats(cfg_repeats), .cfg_mask(cfg_mask),
      .cfg_first_column(cfg_first_column), .cfg_last_column(cfg_last_column),
      .x_valid(x_valid), .x_ready(x_ready),
      .x_line(x_line), .x_code(x_code),
      .x_last(x_last), .s_ready(s_ready),
      .s_take(s_take), .start(start),
      .pass(pass), .pass_first(pass_first),
      .pass_last(pass_last), .keyed(keyed),
      .leaves(s_valid && s_ends), .column_known(column_known),
      .column(column), .plane(plane),
      .ends(ends), .take(take),
      .read(read), .settled(settled),
      .line(line), .code(code)
  );

  serial_rows #(
      .ROWS (ROWS),
      .W_SUM(W_SUM)
  ) u_rows (
      .clk(clk), .rst_n(rst_n),
      .clear(drop), .cfg_signed(cfg_signed),
      .cfg_polarity(cfg_polarity), .emu_row_position(emu_row_position),
      .read(read), .settled(settled),
      .line(line), .code(code),
      .plane(plane), .cell_read(cell_read),
      .cell_g(cell_g), .known(rows_known),
      .difference(difference), .total(total),
      .one(one), .take(take),
      .t_valid(t_valid), .t_table(t_table),
      .t_index(t_index), .t_data(t_data)
  );

  serial_cells #(
      .ROWS (ROWS),
      .COLS (COLS),
      .LANES(LANES)
  ) u_cells (
      .clk(clk), .rst_n(rst_n),
      .idle(cells_idle), .read(cell_read),
      .row(line), .column(column),
      .g(cell_g), .c_valid(c_valid),
      .c_ready(c_ready), .c_write(c_write),
      .c_row(c_row), .c_column(c_column),
      .c_g(c_g), .c_rvalid(c_rvalid),
      .c_rdata(c_rdata), .refresh(refresh),
      .refresh_done(refresh_done), .root_start(root_start),
      .total(root_total), .root(root),
      .m_write(m_write), .m_column(m_column),
      .m_root(m_root),
      .nv_load(nv_load), .nv_kind(nv_kind),
      .nv_address(nv_address), .nv_data(nv_data),
      .nv_write(nv_write), .nv_row(nv_row),
      .nv_column(nv_column), .nv_g(nv_g)
  );

  serial_convert #(
      .COLS (COLS),
      .W_SUM(W_SUM)
  ) u_convert (
      .clk(clk), .rst_n(rst_n),
      .clear(drop), .idle(convert_idle),
      .cfg_range(cfg_range), .cfg_reference(cfg_reference),
      .cfg_level(cfg_level), .cfg_read_code(cfg_read_code),
      .emu_noise_seed(emu_noise_seed), .emu_read_noise(emu_read_noise),
      .emu_adc_noise(emu_adc_noise), .emu_adc_min(emu_adc_min),
      .emu_adc_max(emu_adc_max), .emu_range_shift(emu_range_shift),
      .emu_read_gain(emu_read_gain), .emu_reference_unit(emu_reference_unit),
      .start(start), .index(x_index),
      .pass(pass), .keyed(keyed),
      .column_known(column_known), .column(column),
      .plane(plane), .ends(ends),
      .rows_known(rows_known), .difference(difference),
      .total(total), .one(one),
      .take(take), .s_valid(s_valid),
      .s_column(s_column), .s_plane(s_plane),
      .s_code(s_code), .s_saturated(s_saturated[0]),
      .s_ends(s_ends), .root_start(root_start),
      .root_total(root_total), .root(root),
      .t_valid(t_valid), .t_table(t_table),
      .t_index(t_index), .t_data(t_data),
      .m_write(m_write), .m_column(m_column),
      .m_root(m_root)
  );

  assign s_keep  = 1'b1;
  assign s_first = pass_first;
  assign s_last  = s_ends && pass_last;
  assign idle    = walk_idle && convert_idle && cells_idle;

  wire unused_ok = &{1'b0, cfg_cells, emu_chip_seed, emu_physics};

endmodule

`default_nettype wire
