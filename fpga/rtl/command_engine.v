// SPDX-License-Identifier: BSD-3-Clause
// Judges, has executed and answers requests, one at a time.
//
// The judge of form (request_check) and the control (command_control); what executes stands outside (execution). They share
// the request memory and the reply port by time. Cycle counts: docs/modules/core.md.

`default_nettype none

module command_engine #(
    parameter ROWS              = 512,
    parameter COLS              = 512,
    parameter MAX_PAYLOAD_WORDS = 1024,
    parameter [15:0] COMMON = 16'd0,  // point_check
    parameter [2:0] HAS         = 3'b111  // as request_fetch has it
) (
    input  wire            clk,
    input  wire            clk_time,
    input  wire            clk_check,
    input  wire            rst_n,

    // Link (docs/link_port.md)
    input  wire            q_valid,
    input  wire [7:0]      q_opcode,
    input  wire [15:0]     q_words,
    input  wire            q_dropped,
    output wire [15:0]     q_address,
    input  wire [31:0]     q_data,
    output wire            q_done,
    input  wire [15:0]     r_room,
    output wire            r_write,
    output wire [15:0]     r_address,
    output wire [31:0]     r_data,
    output wire [7:0]      r_status,
    output wire [15:0]     r_words,
    input  wire            epoch_clear,
    output wire            core_idle,

    // Safety
    input  wire            kill,
    input  wire            safe_latched,
    input  wire [31:0]     operation_cycles,
    input  wire [15:0]     limit_read,
    input  wire [15:0]     limit_gate,
    output wire            operation_timeout,
    output wire            operation_runs,

    // Limits hash, token
    output wire            hash_start,
    input  wire            hash_done,
    input  wire [31:0]     hash,
    output wire            arm,
    output wire            disarm,

    // The request, stable while it runs
    output wire [191:0]    fixed,          // its fixed words, word 0 lowest
    output wire [5:0]      data_place,
    output wire [9:0]      columns,
    output wire [19:0]     vectors,
    output wire [31:0]     largest,        // payload words that its reply may have
    output wire [31:0]     cell_pulses,
    output wire [ROWS-1:0] rows_mask,
    output wire [COLS-1:0] columns_mask,
    output wire [8:0]      first_column,
    output wire [8:0]      last_column,
    output wire [31:0]     cycles,
    output wire            stop,

    // Walks of its window
    input  wire            row_restart,
    input  wire            row_next,
    output wire [8:0]      row,
    output wire            row_last,
    input  wire            column_restart,
    input  wire            column_next,
    output wire [8:0]      column,
    output wire            column_last,

    // Execution
    output wire            run_start,
    input  wire            run_done,
    input  wire [7:0]      run_status,
    input  wire [95:0]     run_words,
    input  wire [1:0]      run_count,
    input  wire [15:0]     run_total,
    input  wire            run_counting,
    input  wire [15:0]     run_q_address,
    input  wire            run_write,
    input  wire [15:0]     run_address,
    input  wire [31:0]     run_data
);

  wire        check_start, check_done, check_bad, run;
  wire [7:0]  check_status;
  wire [31:0] check_value, check_bound, check_place, control_data;
  wire [15:0] check_q_address, control_address;
  wire        control_write;
  wire [9:0]  rows;
  wire        unused_bits = &{1'b0, rows};

  command_control u_control (
      .clk              (clk),
      .clk_time         (clk_time),
      .rst_n            (rst_n),
      .q_valid          (q_valid),
      .q_opcode         (q_opcode),
      .q_dropped        (q_dropped),
      .q_done           (q_done),
      .r_room           (r_room),
      .r_status         (r_status),
      .r_words          (r_words),
      .epoch_clear      (epoch_clear),
      .core_idle        (core_idle),
      .kill             (kill),
      .safe_latched     (safe_latched),
      .operation_cycles (operation_cycles),
      .operation_timeout(operation_timeout),
      .operation_runs   (operation_runs),
      .check_start      (check_start),
      .check_done       (check_done),
      .check_bad        (check_bad),
      .check_status     (check_status),
      .check_words      ({check_place, check_bound, check_value}),
      .largest          (largest),
      .word0            (fixed[31:0]),
      .read_code        (fixed[47:32]),
      .limit_read       (limit_read),
      .hash_start       (hash_start),
      .hash_done        (hash_done),
      .hash             (hash),
      .arm              (arm),
      .disarm           (disarm),
      .run_start        (run_start),
      .run              (run),
      .stop             (stop),
      .run_done         (run_done),
      .run_status       (run_status),
      .run_words        (run_words),
      .run_count        (run_count),
      .run_total        (run_total),
      .counting         (run_counting),
      .cycles           (cycles),
      .w_write          (control_write),
      .w_address        (control_address),
      .w_data           (control_data)
  );

  request_check #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS),
      .COMMON           (COMMON),
      .HAS              (HAS)
  ) u_check (
      .clk           (clk_check),
      .rst_n         (rst_n),
      .start         (check_start),
      .opcode        (q_opcode),
      .words         (q_words),
      .limit_read    (limit_read),
      .limit_gate    (limit_gate),
      .done          (check_done),
      .bad           (check_bad),
      .status        (check_status),
      .value         (check_value),
      .bound         (check_bound),
      .place         (check_place),
      .q_address     (check_q_address),
      .q_data        (q_data),
      .fixed         (fixed),
      .data_place    (data_place),
      .rows          (rows),
      .columns       (columns),
      .vectors       (vectors),
      .largest       (largest),
      .cell_pulses   (cell_pulses),
      .rows_mask     (rows_mask),
      .columns_mask  (columns_mask),
      .first_column  (first_column),
      .last_column   (last_column),
      .row_restart   (row_restart),
      .row_next      (row_next),
      .row           (row),
      .row_last      (row_last),
      .column_restart(column_restart),
      .column_next   (column_next),
      .column        (column),
      .column_last   (column_last)
  );

  // ---- Outputs ----
  assign q_address = run ? run_q_address : check_q_address;
  assign r_write   = control_write || run_write;
  assign r_address = control_write ? control_address : run_address;
  assign r_data    = control_write ? control_data : run_data;

endmodule

`default_nettype wire
