// SPDX-License-Identifier: BSD-3-Clause
// Executes what only emulated macros have: CELL_LOAD and CELL_DUMP (cell_stream), ENV (age_sequencer).
//
// `start` begins one of them, `done` comes once; only one ever runs. `c_ask` and `c_answer` are the cells of docs/macro_port.md.

`default_nettype none
`include "board_map.vh"

module cell_operations (
    input  wire        clk,
    input  wire        rst_n,

    // Request
    input  wire        start,
    input  wire        stop,        // level, until `done`
    input  wire [7:0]  opcode,
    input  wire [9:0]  columns,
    input  wire [15:0] data_place,
    output wire        done,
    output wire        early,       // with `done`: stopped before its end
    output wire [31:0] rows_done,
    output wire [15:0] reply_words,

    // Request memory, reply words
    output wire [15:0] q_address,
    input  wire [31:0] q_data,
    output wire        w_write,
    output wire [15:0] w_address,
    output wire [31:0] w_data,

    // The window
    output wire        row_restart,
    output wire        row_next,
    input  wire [8:0]  row,
    input  wire        row_last,
    output wire        column_restart,
    output wire        column_next,
    input  wire [8:0]  column,
    input  wire        column_last,

    // Macro
    output wire [30:0] c_ask,     // e_valid, g, column, row, write, valid, from bit 30
    input  wire [12:0] c_answer,  // e_done, rdata, rvalid, ready, from bit 12
    input  wire        macro_idle,
    output wire        refresh,
    input  wire        refresh_done
);

  wire        ages = opcode == `OP_ENV;
  wire        e_valid, c_valid, c_write, age_done, age_early, age_restart, age_next, age_refresh;
  wire        stream_done, stream_early, stream_restart, stream_next, stream_refresh;
  wire [8:0]  c_row, c_column;
  wire [9:0]  c_g;
  wire [15:0] stream_words;
  wire [31:0] age_rows, stream_rows;

  cell_stream u_stream (
      .clk           (clk),
      .rst_n         (rst_n),
      .start         (start && !ages),
      .stop          (stop),
      .load          (opcode == `OP_CELL_LOAD),
      .columns       (columns),
      .data_place    (data_place),
      .done          (stream_done),
      .early         (stream_early),
      .rows_done     (stream_rows),
      .reply_words   (stream_words),
      .q_address     (q_address),
      .q_data        (q_data),
      .w_write       (w_write),
      .w_address     (w_address),
      .w_data        (w_data),
      .row_restart   (stream_restart),
      .row_next      (stream_next),
      .row           (row),
      .row_last      (row_last),
      .column_restart(column_restart),
      .column_next   (column_next),
      .column        (column),
      .column_last   (column_last),
      .c_valid       (c_valid),
      .c_ready       (c_answer[0]),
      .c_write       (c_write),
      .c_row         (c_row),
      .c_column      (c_column),
      .c_g           (c_g),
      .c_rvalid      (c_answer[1]),
      .c_rdata       (c_answer[11:2]),
      .macro_idle    (macro_idle),
      .refresh       (stream_refresh),
      .refresh_done  (refresh_done)
  );

  age_sequencer u_age (
      .clk         (clk),
      .rst_n       (rst_n),
      .start       (start && ages),
      .stop        (stop),
      .done        (age_done),
      .early       (age_early),
      .rows_done   (age_rows),
      .row_restart (age_restart),
      .row_next    (age_next),
      .row_last    (row_last),
      .e_valid     (e_valid),
      .e_done      (c_answer[12]),
      .macro_idle  (macro_idle),
      .refresh     (age_refresh),
      .refresh_done(refresh_done)
  );

  // ---- Outputs ----
  assign done        = age_done || stream_done;
  assign early       = ages ? age_early : stream_early;
  assign rows_done   = ages ? age_rows : stream_rows;
  assign reply_words = ages ? 16'd1 : stream_words;
  assign row_restart = age_restart || stream_restart;
  assign row_next    = age_next || stream_next;
  assign c_ask       = {e_valid, c_g, c_column, c_row, c_write, c_valid};
  assign refresh     = age_refresh || stream_refresh;

endmodule

`default_nettype wire
