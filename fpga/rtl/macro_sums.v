// SPDX-License-Identifier: BSD-3-Clause
// The macro, emulated or an analog front end, and the sums of its conversions (docs/macro_port.md).
//
// Configuration comes straight from the words of the request, as the protocol lays them out. `empty` is high when
// neither macro nor sums hold anything; `drop` empties both.

`default_nettype none
`include "board_map.vh"

module macro_sums #(
    parameter         ROWS      = 512,
    parameter         COLS      = 512,
    parameter         LANES     = 64,
    parameter         ADC_LANES = 4,
    parameter [287:0] AFE       = 288'd0  // 0: macro_emulator, 1: macro_serial, else afe_front's
) (
    input  wire                clk,
    input  wire                clk_pulses,
    input  wire                clk_rows,
    input  wire                clk_results,
    input  wire                rst_n,
    input  wire                safe,            // kill or the safe latch

    // The request
    input  wire                reading,         // vectors run: polarity and idle policy are theirs, else the pulse's
    input  wire [7:0]          opcode,
    input  wire [127:0]        fixed,           // words 0 to 3
    input  wire [8:0]          row,             // of the window: that of ENV
    input  wire [COLS-1:0]     columns_mask,
    input  wire [8:0]          first_column,
    input  wire [8:0]          last_column,
    input  wire                drop,
    output wire                empty,

    // Vectors and results
    input  wire                x_valid,
    output wire                x_ready,
    input  wire [8:0]          x_line,
    input  wire [8:0]          x_code,
    input  wire                x_last,
    input  wire [63:0]         x_index,
    output wire                r_valid,
    output wire [31:0]         r_data,
    output wire                r_saturated,
    output wire                r_last,

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

    // Cells, tables, emulator registers
    input  wire [30:0]         c_ask,           // as cell_operations lays them out
    output wire [12:0]         c_answer,
    input  wire                refresh,
    output wire                refresh_done,
    input  wire                t_valid,
    input  wire [3:0]          t_table,
    input  wire [11:0]         t_index,
    input  wire [17:0]         t_data,
    input  wire [810:0]        emu,             // board_registers

    // Non-volatile restore and mirror
    input  wire                nv_load,
    input  wire                nv_kind,
    input  wire [14:0]         nv_address,
    input  wire [LANES*10-1:0] nv_data,
    output wire                nv_write,
    output wire [8:0]          nv_row,
    output wire [8:0]          nv_column,
    output wire [9:0]          nv_g,

    // Pins of the analog front end (afe_front)
    input  wire [23:0]         pins_in,
    output wire [60:0]         pins_out
);

  localparam [31:0] LANES_N = LANES;

  wire                    is_sweep    = opcode == `OP_SWEEP;
  wire                    is_raw      = opcode == `OP_MAC_RAW || is_sweep;
  wire [8:0]              first_group = first_column / LANES_N[8:0];
  wire [8:0]              last_group  = last_column / LANES_N[8:0];
  wire                    s_ready, s_take, s_valid, s_first, s_last, macro_idle, sums_idle;
  wire [8:0]              s_column;
  wire [2:0]              s_plane;
  wire [ADC_LANES-1:0]    s_keep, s_saturated;
  wire [ADC_LANES*24-1:0] s_code;
  wire                    unused_bits = &{first_group[8:6], last_group[8:6], fixed[31:28], fixed[15], fixed[7:0]};

  generate
    if (AFE == 288'd0) begin : g_emulated
      macro_emulator #(
          .ROWS(ROWS), .COLS(COLS), .LANES(LANES), .ADC_LANES(ADC_LANES)
      ) u_macro (
          .clk(clk), .clk_pulses(clk_pulses), .clk_rows(clk_rows),
          .clk_results(clk_results), .rst_n(rst_n), .cfg_macro(8'd0),
          .cfg_range(fixed[9:8]), .cfg_bits(fixed[19:16]), .cfg_signed(fixed[22]),
          .cfg_raw(is_raw), .cfg_cells(opcode == `OP_READ_CELLS || opcode == `OP_SWEEP), .cfg_repeats(8'd1 << fixed[14:12]),
          .cfg_polarity(reading ? fixed[24] : fixed[10]), .cfg_idle(reading ? fixed[26:25] : fixed[12:11]),
          .cfg_reference(fixed[27]), .cfg_sweep(is_sweep), .cfg_level(fixed[63:48]),
          .cfg_read_code(fixed[47:32]), .cfg_mask(columns_mask), .cfg_first_group(first_group[5:0]),
          .cfg_last_group(last_group[5:0]), .x_valid(x_valid), .x_ready(x_ready),
          .x_line(x_line), .x_code(x_code), .x_last(x_last),
          .x_index(x_index), .s_ready(s_ready), .s_take(s_take),
          .s_valid(s_valid), .s_column(s_column), .s_plane(s_plane),
          .s_keep(s_keep), .s_code(s_code), .s_saturated(s_saturated),
          .s_first(s_first), .s_last(s_last), .p_valid(p_valid),
          .p_ready(p_ready), .p_kind(p_kind), .p_row(p_row),
          .p_mask(p_mask), .p_voltage(p_voltage), .p_gate(p_gate),
          .p_elapsed(p_elapsed), .p_index(p_index), .p_drive(p_drive),
          .p_done(p_done), .e_valid(c_ask[30]), .e_done(c_answer[12]),
          .e_row(row), .e_fields(fixed[127:16]), .c_valid(c_ask[0]),
          .c_ready(c_answer[0]), .c_write(c_ask[1]), .c_row(c_ask[10:2]),
          .c_column(c_ask[19:11]), .c_g(c_ask[29:20]), .c_rvalid(c_answer[1]),
          .c_rdata(c_answer[11:2]), .refresh(refresh), .refresh_done(refresh_done),
          .t_valid(t_valid), .t_table(t_table), .t_index(t_index),
          .t_data(t_data), .emu_chip_seed(emu[31:0]), .emu_noise_seed(emu[63:32]),
          .emu_read_noise(emu[79:64]), .emu_adc_noise(emu[95:80]), .emu_adc_min(emu[119:96]),
          .emu_adc_max(emu[143:120]), .emu_range_shift(emu[175:144]), .emu_read_gain(emu[207:176]),
          .emu_reference_unit(emu[223:208]), .emu_formed_floor(emu[233:224]), .emu_stress_origin(emu[249:234]),
          .emu_stress_slope(emu[265:250]), .emu_reset_onset(emu[281:266]), .emu_reset_slope_v(emu[297:282]),
          .emu_reset_slope_w(emu[313:298]), .emu_reset_spread(emu[329:314]), .emu_row_position(emu[330]),
          .emu_physics(emu[810:331]), .drop(drop), .idle(macro_idle),
          .nv_load(nv_load), .nv_kind(nv_kind), .nv_address(nv_address),
          .nv_data(nv_data), .nv_write(nv_write), .nv_row(nv_row),
          .nv_column(nv_column), .nv_g(nv_g)
      );

      wire unused_pins = &{1'b0, safe, pins_in};
      assign pins_out = 61'd0;
    end else if (AFE == 288'd1) begin : g_serial
      macro_serial #(
          .ROWS(ROWS), .COLS(COLS), .LANES(LANES)
      ) u_macro (
          .clk(clk), .rst_n(rst_n), .cfg_range(fixed[9:8]),
          .cfg_bits(fixed[19:16]), .cfg_signed(fixed[22]), .cfg_raw(is_raw),
          .cfg_cells(opcode == `OP_READ_CELLS), .cfg_repeats(8'd1 << fixed[14:12]), .cfg_polarity(fixed[24]),
          .cfg_reference(fixed[27]), .cfg_level(fixed[63:48]), .cfg_read_code(fixed[47:32]),
          .cfg_mask(columns_mask), .cfg_first_column(first_column), .cfg_last_column(last_column),
          .x_valid(x_valid), .x_ready(x_ready), .x_line(x_line),
          .x_code(x_code), .x_last(x_last), .x_index(x_index),
          .s_ready(s_ready), .s_take(s_take), .s_valid(s_valid),
          .s_column(s_column), .s_plane(s_plane), .s_keep(s_keep),
          .s_code(s_code), .s_saturated(s_saturated), .s_first(s_first),
          .s_last(s_last), .c_valid(c_ask[0]), .c_ready(c_answer[0]),
          .c_write(c_ask[1]), .c_row(c_ask[10:2]), .c_column(c_ask[19:11]),
          .c_g(c_ask[29:20]), .c_rvalid(c_answer[1]), .c_rdata(c_answer[11:2]),
          .refresh(refresh), .refresh_done(refresh_done), .t_valid(t_valid),
          .t_table(t_table), .t_index(t_index), .t_data(t_data),
          .emu_chip_seed(emu[31:0]), .emu_noise_seed(emu[63:32]), .emu_read_noise(emu[79:64]),
          .emu_adc_noise(emu[95:80]), .emu_adc_min(emu[119:96]), .emu_adc_max(emu[143:120]),
          .emu_range_shift(emu[175:144]), .emu_read_gain(emu[207:176]), .emu_reference_unit(emu[223:208]),
          .emu_row_position(emu[330]), .emu_physics(emu[810:331]), .drop(drop),
          .idle(macro_idle), .nv_load(nv_load), .nv_kind(nv_kind),
          .nv_address(nv_address), .nv_data(nv_data), .nv_write(nv_write),
          .nv_row(nv_row), .nv_column(nv_column), .nv_g(nv_g)
      );

      // What pulses need, and what pins
      assign {p_ready, p_done, c_answer[12]} = 3'd0;
      assign pins_out = 61'd0;
      wire unused_serial = &{1'b0, clk_pulses, clk_rows, safe, reading, first_group, last_group, row, fixed, p_valid, p_kind, p_row,
          p_mask, p_voltage, p_gate, p_elapsed, p_index, p_drive, c_ask, emu, pins_in};
    end else begin : g_analog
      afe_front #(
          .ROWS(ROWS), .COLS(COLS), .ADC_LANES(ADC_LANES), .AFE(AFE)
      ) u_macro (
          .clk(clk), .rst_n(rst_n), .safe(safe),
          .cfg_range(fixed[9:8]), .cfg_bits(fixed[19:16]), .cfg_raw(is_raw),
          .cfg_repeats(8'd1 << fixed[14:12]), .cfg_polarity(reading ? fixed[24] : fixed[10]),
          .cfg_idle(reading ? fixed[26:25] : fixed[12:11]), .cfg_reference(fixed[27]), .cfg_sweep(is_sweep),
          .cfg_level(fixed[63:48]), .cfg_read_code(fixed[47:32]), .cfg_mask(columns_mask),
          .x_valid(x_valid), .x_ready(x_ready), .x_line(x_line),
          .x_code(x_code), .x_last(x_last), .s_ready(s_ready),
          .s_take(s_take), .s_valid(s_valid), .s_column(s_column),
          .s_plane(s_plane), .s_keep(s_keep), .s_code(s_code),
          .s_saturated(s_saturated), .s_first(s_first), .s_last(s_last),
          .p_valid(p_valid), .p_ready(p_ready), .p_kind(p_kind),
          .p_row(p_row), .p_mask(p_mask), .p_voltage(p_voltage),
          .p_gate(p_gate), .p_drive(p_drive), .p_done(p_done),
          .c_ask(c_ask[29:0]), .c_answer(c_answer[11:0]), .nv_code(nv_data[9:0]),
          .nv_out({nv_g, nv_column, nv_row, nv_write}), .refresh(refresh), .refresh_done(refresh_done),
          .drop(drop), .idle(macro_idle), .pins_in(pins_in),
          .pins_out(pins_out)
      );

      // What only an emulated macro has
      assign c_answer[12] = 1'b0;
      wire unused_emulated = &{1'b0, clk_pulses, clk_rows, first_group, last_group, row, fixed, x_index, p_elapsed, p_index, c_ask, emu,
          nv_load, nv_kind, nv_address, nv_data};
    end
  endgenerate

  accumulate #(
      .COLS     (COLS),
      .ADC_LANES(ADC_LANES)
  ) u_sums (
      .clk        (clk_results),
      .clk_tables (clk_pulses),
      .rst_n      (rst_n),
      .drop       (drop),
      .idle       (sums_idle),
      .cfg_range  (fixed[9:8]),
      .cfg_raw    (is_raw),
      .cfg_pairs  (fixed[23]),
      .cfg_width  (fixed[21:20]),
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
      .r_ready    (1'b1),
      .r_data     (r_data),
      .r_saturated(r_saturated),
      .r_last     (r_last)
  );

  assign empty = macro_idle && sums_idle;

endmodule

`default_nettype wire
