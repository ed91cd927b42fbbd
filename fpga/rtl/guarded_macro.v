// SPDX-License-Identifier: BSD-3-Clause
// The macro behind its guard: limit_guard is the only source of pulses and of rows for reading.
//
// The token comes from the words of ARM, a pulse from those of PULSE, as the protocol lays them out.

`default_nettype none
`include "board_map.vh"

module guarded_macro #(
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

    // Safety, limits, token
    input  wire                kill,
    input  wire                safe_latched,
    input  wire [63:0]         limit_voltage,
    input  wire [15:0]         limit_gate,
    input  wire [31:0]         limit_width,
    input  wire                arm,
    input  wire                disarm,
    input  wire [ROWS-1:0]     rows_mask,
    output wire                armed,
    output wire [31:0]         pulses_left,
    output wire                p_drive,

    // The request
    input  wire                reading,         // vectors run: else the fields are not theirs
    input  wire [7:0]          opcode,
    input  wire [191:0]        fixed,
    input  wire [COLS-1:0]     columns_mask,
    input  wire [8:0]          first_column,
    input  wire [8:0]          last_column,

    // Pulses
    input  wire                g_valid,
    input  wire                g_dry,
    output wire                g_done,
    output wire [7:0]          g_status,
    output wire [31:0]         g_limit,
    output wire                given,
    output wire [9:0]          given_cells,
    output wire [1:0]          given_kind,      // with `given`
    input  wire [8:0]          row,
    input  wire [31:0]         p_elapsed,
    input  wire [63:0]         p_index,

    // Vectors and results
    input  wire                x_valid_in,
    output wire                x_ready_in,
    input  wire [8:0]          x_line,
    input  wire [8:0]          x_code,
    input  wire                x_last,
    input  wire [63:0]         x_index,
    input  wire                macro_abort,
    output wire                empty,
    output wire                r_valid,
    output wire [31:0]         r_data,
    output wire                r_saturated,
    output wire                r_last,

    // Cells, tables, emulator registers
    input  wire [30:0]         c_ask,
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

  wire            p_valid, p_ready, p_done, x_valid, x_ready;
  wire [1:0]      p_kind;
  wire [8:0]      p_row;
  wire [COLS-1:0] p_mask;
  wire [15:0]     p_voltage, p_gate;
  wire            unused_bits = &{fixed[191:160], fixed[127:112]};

  limit_guard #(
      .ROWS(ROWS),
      .COLS(COLS)
  ) u_guard (
      .clk           (clk_pulses),
      .rst_n         (rst_n),
      .kill          (kill),
      .safe_latched  (safe_latched),
      .limit_voltage (limit_voltage),
      .limit_gate    (limit_gate),
      .limit_width   (limit_width),
      .arm           (arm && AFE != 288'd1),  // macro_serial only reads
      .disarm        (disarm),
      .arm_rows      (rows_mask),
      .arm_columns   (columns_mask),
      .arm_operations(fixed[39:32]),
      .arm_pulses    (fixed[95:64]),
      .arm_voltage   (fixed[111:96]),
      .arm_expiry    (fixed[159:128]),
      .armed         (armed),
      .pulses_left   (pulses_left),
      .g_sweep       (opcode == `OP_SWEEP),
      .g_valid       (g_valid),
      .g_dry         (g_dry),
      .g_kind        (fixed[9:8]),
      .g_row         (row),
      .g_mask        (columns_mask),
      .g_voltage     (fixed[47:32]),
      .g_gate        (fixed[63:48]),
      .g_width       (fixed[95:64]),
      .g_done        (g_done),
      .g_status      (g_status),
      .g_limit       (g_limit),
      .given         (given),
      .given_cells   (given_cells),
      .p_valid       (p_valid),
      .p_ready       (p_ready),
      .p_kind        (p_kind),
      .p_row         (p_row),
      .p_mask        (p_mask),
      .p_voltage     (p_voltage),
      .p_gate        (p_gate),
      .p_drive       (p_drive),
      .p_done        (p_done),
      .read_code     (fixed[47:32]),
      .x_line        (x_line),
      .x_valid_in    (x_valid_in),
      .x_ready_in    (x_ready_in),
      .x_valid       (x_valid),
      .x_ready       (x_ready)
  );

  macro_sums #(
      .ROWS     (ROWS),
      .COLS     (COLS),
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES),
      .AFE      (AFE)
  ) u_macro (
      .clk         (clk),
      .clk_pulses  (clk_pulses),
      .clk_rows    (clk_rows),
      .clk_results (clk_results),
      .rst_n       (rst_n),
      .safe        (kill || safe_latched),
      .reading     (reading),
      .opcode      (opcode),
      .fixed       (fixed[127:0]),
      .row         (row),
      .columns_mask(columns_mask),
      .first_column(first_column),
      .last_column (last_column),
      .drop        (macro_abort),
      .empty       (empty),
      .x_valid     (x_valid),
      .x_ready     (x_ready),
      .x_line      (x_line),
      .x_code      (x_code),
      .x_last      (x_last),
      .x_index     (x_index),
      .r_valid     (r_valid),
      .r_data      (r_data),
      .r_saturated (r_saturated),
      .r_last      (r_last),
      .p_valid     (p_valid),
      .p_ready     (p_ready),
      .p_kind      (p_kind),
      .p_row       (p_row),
      .p_mask      (p_mask),
      .p_voltage   (p_voltage),
      .p_gate      (p_gate),
      .p_elapsed   (p_elapsed),
      .p_index     (p_index),
      .p_drive     (p_drive),
      .p_done      (p_done),
      .c_ask       (c_ask),
      .c_answer    (c_answer),
      .refresh     (refresh),
      .refresh_done(refresh_done),
      .t_valid     (t_valid),
      .t_table     (t_table),
      .t_index     (t_index),
      .t_data      (t_data),
      .emu         (emu),
      .nv_load     (nv_load),
      .nv_kind     (nv_kind),
      .nv_address  (nv_address),
      .nv_data     (nv_data),
      .nv_write    (nv_write),
      .nv_row      (nv_row),
      .nv_column   (nv_column),
      .nv_g        (nv_g),
      .pins_in     (pins_in),
      .pins_out    (pins_out)
  );

  assign given_kind = p_kind;

endmodule

`default_nettype wire
