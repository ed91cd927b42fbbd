// SPDX-License-Identifier: BSD-3-Clause
// All that touches the array: the operations, and the guarded macro that they drive.
//
// Between the two go pulses to be judged, rows, results and cells (docs/macro_port.md); outside, the request comes in and the
// words of its reply go out. `p_drive` is the pulse output enable.

`default_nettype none

module array_path #(
    parameter ROWS              = 512,
    parameter COLS              = 512,
    parameter LANES             = 64,
    parameter ADC_LANES         = 4,
    parameter MAX_PAYLOAD_WORDS = 1024,
    parameter [287:0] AFE       = 288'd0  // 0: macro_emulator, 1: macro_serial, else afe_front's
) (
    input  wire                clk,
    input  wire                clk_pulses,
    input  wire                clk_rows,
    input  wire                clk_results,
    input  wire                clk_core,
    input  wire                rst_n,

    // Request, execution (array_operations)
    input  wire                start,
    input  wire                stop,
    input  wire [7:0]          opcode,
    input  wire [191:0]        fixed,
    input  wire [5:0]          data_place,
    input  wire [9:0]          columns,
    input  wire [19:0]         vectors,
    input  wire [15:0]         q_words,
    input  wire [31:0]         largest,
    input  wire [15:0]         limit_read,
    output wire [31:0]         image_crc,
    input  wire [31:0]         cell_pulses,
    input  wire [COLS-1:0]     columns_mask,
    input  wire [8:0]          first_column,
    input  wire [8:0]          last_column,
    input  wire [31:0]         cycles,
    output wire                done,
    output wire [7:0]          status,
    output wire [95:0]         words,
    output wire [1:0]          count,
    output wire [15:0]         total,
    output wire                counting,
    output wire                reading,
    output wire [15:0]         q_address,
    input  wire [31:0]         q_data,
    output wire                w_write,
    output wire [15:0]         w_address,
    output wire [31:0]         w_data,

    // Walks of the window
    output wire                row_restart,
    output wire                row_next,
    input  wire [8:0]          row,
    input  wire                row_last,
    output wire                column_restart,
    output wire                column_next,
    input  wire [8:0]          column,
    input  wire                column_last,

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
    output wire                p_drive,
    output wire                given,
    output wire [9:0]          given_cells,
    output wire [1:0]          given_kind,
    output wire                result,          // the array gives one

    // Tables, emulator registers
    input  wire                t_valid,
    input  wire [3:0]          t_table,
    input  wire [11:0]         t_index,
    input  wire [17:0]         t_data,
    input  wire [810:0]        emu,

    // Non-volatile restore and mirror
    input  wire [LANES*10+16:0] nv_in,    // data, address, kind, load (docs/macro_port.md)
    output wire [28:0]         nv_out,    // g, column, row, write

    // Pins of the analog front end (afe_front)
    input  wire [23:0]         pins_in,
    output wire [60:0]         pins_out
);

  wire        g_valid, g_dry, x_offered, x_last, macro_abort, refresh, g_done, x_taken, empty;
  wire        sum_valid, sum_saturated, sum_last, refresh_done;
  wire [31:0] p_elapsed, pulses_left, g_limit, sum_data;
  wire [63:0] p_index, x_index;
  wire [8:0]  x_line, x_code, op_first, op_last, op_row;
  wire [30:0] c_ask;
  wire [12:0] c_answer;
  wire [7:0]  g_status, op_opcode;
  wire [191:0]    op_fields;
  wire [COLS-1:0] op_mask;

  array_requests #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .PULSES           (AFE != 288'd1),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_requests (
      .clk           (clk),
      .clk_pulses    (clk_pulses),
      .clk_core      (clk_core),
      .rst_n         (rst_n),
      .start         (start),
      .stop          (stop),
      .opcode        (opcode),
      .fixed         (fixed),
      .data_place    (data_place),
      .columns       (columns),
      .vectors       (vectors),
      .cell_pulses   (cell_pulses),
      .cycles        (cycles),
      .done          (done),
      .status        (status),
      .words         (words),
      .count         (count),
      .total         (total),
      .counting      (counting),
      .reading       (reading),
      .q_address     (q_address),
      .q_data        (q_data),
      .w_write       (w_write),
      .w_address     (w_address),
      .w_data        (w_data),
      .row_restart   (row_restart),
      .row_next      (row_next),
      .row           (row),
      .row_last      (row_last),
      .column_restart(column_restart),
      .column_next   (column_next),
      .column        (column),
      .column_last   (column_last),
      .g_valid       (g_valid),
      .g_dry         (g_dry),
      .g_done        (g_done),
      .g_status      (g_status),
      .g_limit       (g_limit),
      .given         (given),
      .given_cells   (given_cells),
      .pulses_left   (pulses_left),
      .p_elapsed     (p_elapsed),
      .p_index       (p_index),
      .x_valid       (x_offered),
      .x_ready       (x_taken),
      .x_line        (x_line),
      .x_code        (x_code),
      .x_last        (x_last),
      .x_index       (x_index),
      .macro_abort   (macro_abort),
      .macro_idle    (empty),
      .r_valid       (sum_valid),
      .r_data        (sum_data),
      .r_saturated   (sum_saturated),
      .r_last        (sum_last),
      .c_ask         (c_ask),
      .c_answer      (c_answer),
      .refresh       (refresh),
      .refresh_done  (refresh_done),
      .q_words       (q_words),
      .largest       (largest),
      .armed         (armed),
      .limit_read    (limit_read),
      .image_crc     (image_crc),
      .columns_mask  (columns_mask),
      .first_column  (first_column),
      .last_column   (last_column),
      .op_opcode     (op_opcode),
      .op_fields     (op_fields),
      .op_mask       (op_mask),
      .op_first      (op_first),
      .op_last       (op_last),
      .op_row        (op_row)
  );

  guarded_macro #(
      .ROWS     (ROWS),
      .COLS     (COLS),
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES),
      .AFE      (AFE)
  ) u_macro (
      .clk(clk), .clk_pulses(clk_pulses),
      .clk_rows(clk_rows), .clk_results(clk_results),
      .rst_n(rst_n), .kill(kill),
      .safe_latched(safe_latched), .limit_voltage(limit_voltage),
      .limit_gate(limit_gate), .limit_width(limit_width),
      .arm(arm), .disarm(disarm),
      .rows_mask(rows_mask), .armed(armed),
      .pulses_left(pulses_left), .p_drive(p_drive),
      .reading(reading), .opcode(op_opcode),
      .fixed(op_fields), .columns_mask(op_mask),
      .first_column(op_first), .last_column(op_last),
      .g_valid(g_valid), .g_dry(g_dry),
      .g_done(g_done), .g_status(g_status),
      .g_limit(g_limit), .given(given),
      .given_cells(given_cells), .given_kind(given_kind),
      .row(op_row), .p_elapsed(p_elapsed),
      .p_index(p_index), .x_valid_in(x_offered),
      .x_ready_in(x_taken), .x_line(x_line),
      .x_code       (x_code),
      .x_last       (x_last),
      .x_index      (x_index),
      .macro_abort  (macro_abort),
      .empty        (empty),
      .r_valid      (sum_valid),
      .r_data       (sum_data),
      .r_saturated  (sum_saturated),
      .r_last       (sum_last),
      .c_ask        (c_ask),
      .c_answer     (c_answer),
      .refresh      (refresh),
      .refresh_done (refresh_done),
      .t_valid      (t_valid),
      .t_table      (t_table),
      .t_index      (t_index),
      .t_data       (t_data),
      .emu          (emu),
      .nv_load      (nv_in[0]),
      .nv_kind      (nv_in[1]),
      .nv_address   (nv_in[16:2]),
      .nv_data      (nv_in[LANES*10+16:17]),
      .nv_write     (nv_out[0]),
      .nv_row       (nv_out[9:1]),
      .nv_column    (nv_out[18:10]),
      .nv_g         (nv_out[28:19]),
      .pins_in      (pins_in),
      .pins_out     (pins_out)
  );

  assign result = sum_valid;

endmodule

`default_nettype wire
