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
    parameter MAX_PAYLOAD_WORDS = 1024
) (
    input  wire                clk,
    input  wire                rst_n,

    // Request, execution (array_operations)
    input  wire                start,
    input  wire                stop,
    input  wire [7:0]          opcode,
    input  wire [191:0]        fixed,
    input  wire [5:0]          data_place,
    input  wire [9:0]          columns,
    input  wire [19:0]         vectors,
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

    // Tables, emulator registers
    input  wire                t_valid,
    input  wire [3:0]          t_table,
    input  wire [11:0]         t_index,
    input  wire [17:0]         t_data,
    input  wire [330:0]        emu,

    // Non-volatile restore and mirror
    input  wire                nv_load,
    input  wire                nv_kind,
    input  wire [11:0]         nv_address,
    input  wire [LANES*10-1:0] nv_data,
    output wire                nv_write,
    output wire [8:0]          nv_row,
    output wire [8:0]          nv_column,
    output wire [9:0]          nv_g
);

  wire        g_valid, g_dry, x_offered, x_last, macro_abort, c_valid, c_write, refresh, g_done, x_taken, empty;
  wire        sum_valid, sum_saturated, sum_last, c_ready, c_rvalid, refresh_done;
  wire [31:0] p_elapsed, pulses_left, g_limit, sum_data;
  wire [63:0] p_index, x_index;
  wire [8:0]  x_line, x_code, c_row, c_column;
  wire [9:0]  c_g, c_rdata;
  wire [7:0]  g_status;

  array_operations #(
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_operations (
      .clk           (clk),
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
      .c_valid       (c_valid),
      .c_ready       (c_ready),
      .c_write       (c_write),
      .c_row         (c_row),
      .c_column      (c_column),
      .c_g           (c_g),
      .c_rvalid      (c_rvalid),
      .c_rdata       (c_rdata),
      .refresh       (refresh),
      .refresh_done  (refresh_done)
  );

  guarded_macro #(
      .ROWS     (ROWS),
      .COLS     (COLS),
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES)
  ) u_macro (
      .clk          (clk),
      .rst_n        (rst_n),
      .kill         (kill),
      .safe_latched (safe_latched),
      .limit_voltage(limit_voltage),
      .limit_gate   (limit_gate),
      .limit_width  (limit_width),
      .arm          (arm),
      .disarm       (disarm),
      .rows_mask    (rows_mask),
      .armed        (armed),
      .pulses_left  (pulses_left),
      .p_drive      (p_drive),
      .reading      (reading),
      .opcode       (opcode),
      .fixed        (fixed),
      .columns_mask (columns_mask),
      .first_column (first_column),
      .last_column  (last_column),
      .g_valid      (g_valid),
      .g_dry        (g_dry),
      .g_done       (g_done),
      .g_status     (g_status),
      .g_limit      (g_limit),
      .given        (given),
      .given_cells  (given_cells),
      .row          (row),
      .p_elapsed    (p_elapsed),
      .p_index      (p_index),
      .x_valid_in   (x_offered),
      .x_ready_in   (x_taken),
      .x_line       (x_line),
      .x_code       (x_code),
      .x_last       (x_last),
      .x_index      (x_index),
      .macro_abort  (macro_abort),
      .empty        (empty),
      .r_valid      (sum_valid),
      .r_data       (sum_data),
      .r_saturated  (sum_saturated),
      .r_last       (sum_last),
      .c_valid      (c_valid),
      .c_ready      (c_ready),
      .c_write      (c_write),
      .c_row        (c_row),
      .c_column     (c_column),
      .c_g          (c_g),
      .c_rvalid     (c_rvalid),
      .c_rdata      (c_rdata),
      .refresh      (refresh),
      .refresh_done (refresh_done),
      .t_valid      (t_valid),
      .t_table      (t_table),
      .t_index      (t_index),
      .t_data       (t_data),
      .emu          (emu),
      .nv_load      (nv_load),
      .nv_kind      (nv_kind),
      .nv_address   (nv_address),
      .nv_data      (nv_data),
      .nv_write     (nv_write),
      .nv_row       (nv_row),
      .nv_column    (nv_column),
      .nv_g         (nv_g)
  );

endmodule

`default_nettype wire
