// SPDX-License-Identifier: BSD-3-Clause
// Everything of the board but its link: judged, executed, guarded, watched.
//
// `kill` is the one signal by which anything dangerous ends (safety); it reaches the guard and the control in the same cycle.
// The watchdog counts while a token is armed or an array operation runs. A CLEAR_SAFE that was running when
// something made the board safe does not release the latch.

`default_nettype none
`include "board_map.vh"

module core_engine #(
    parameter        ROWS              = 512,
    parameter        COLS              = 512,
    parameter        LANES             = 64,
    parameter        ADC_LANES         = 4,
    parameter        MAX_PAYLOAD_WORDS = 1024,
    parameter [2:0]   HAS = 3'b111,   // as request_fetch has it
    parameter [287:0] AFE      = 288'd0,  // 0: macro_emulator, 1: macro_serial, else afe_front's
    parameter [111:0] CEILINGS = 112'd0  // of LIMIT_FORM_V .. LIMIT_WIDTH, the first lowest
) (
    input  wire                clk,
    input  wire                clk_time,
    input  wire                clk_check,
    input  wire                clk_registers,
    input  wire                clk_pulses,
    input  wire                clk_rows,
    input  wire                clk_results,
    input  wire                clk_core,
    input  wire                rst_n,

    // Link (docs/link_port.md)
    input  wire                q_valid,
    input  wire [7:0]          q_opcode,
    input  wire [15:0]     q_words,
    input  wire                q_dropped,
    output wire [15:0]         q_address,
    input  wire [31:0]         q_data,
    output wire                q_done,
    input  wire [15:0]         r_room,
    output wire                r_write,
    output wire [15:0]         r_address,
    output wire [31:0]         r_data,
    output wire [7:0]          r_status,
    output wire [15:0]         r_words,
    input  wire                safe_seen,
    input  wire                epoch_seen,
    output wire                safe_event,
    output wire                core_idle,
    input  wire                epoch_clear,
    input  wire                epoch_open,
    input  wire                feed,
    output wire [6:0]          state,
    output wire [31:0]         pulses,
    input  wire [127:0]        link_counts,     // frames received, CRC errors, gaps, duplicates, from bit 0
    output wire [31:0]         image_crc,       // of the firmware; 0: there is none

    // Pins
    input  wire [31:0]         boot_id,
    input  wire                stop_pin,
    input  wire                break_seen,
    output wire                drive_active,
    output wire                read_active,
    output wire                safe_latched,

    // Non-volatile restore and mirror
    input  wire [LANES*10+16:0] nv_in,    // data, address, kind, load (docs/macro_port.md)
    output wire [28:0]         nv_out,    // g, column, row, write

    // Pins of the analog front end (afe_front)
    input  wire [23:0]         pins_in,
    output wire [60:0]         pins_out
);

  wire            operation_timeout, operation_runs, hash_start, arm, disarm, stop, row_last, column_last, run_start;
  wire            run_done, run_counting, run_write, row_restart, row_next, column_restart, column_next;
  wire            hash_done, armed, control_safe, clear_safe, locked, p_drive, reading, kill, watchdog_tripped;
  wire            watchdog_trip;
  wire [1:0]      run_count;
  wire [5:0]      data_place;
  wire [7:0]      run_status;
  wire [8:0]      first_column, last_column, row, column;
  wire [9:0]      columns;
  wire [15:0]     limit_read, limit_gate, run_total, run_q_address, run_address;
  wire [19:0]     vectors;
  wire [31:0]     largest, cell_pulses, cycles, run_data, hash, watchdog_cycles, operation_cycles, watchdog_trips;
  wire [95:0]     run_words;
  wire [191:0]    fixed;
  wire [COLS-1:0] columns_mask;
  wire [ROWS-1:0] rows_mask;

  // ---- A part of the analog front end that does not answer ----
  reg lost_q;
  always @(posedge clk) lost_q <= rst_n && pins_out[17];

  command_engine #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS),
      .COMMON           (AFE[47:32]),
      .HAS              (HAS)
  ) u_command (
      .clk              (clk),
      .clk_time         (clk_time),
      .clk_check        (clk_check),
      .rst_n            (rst_n),
      .q_valid          (q_valid),
      .q_opcode         (q_opcode),
      .q_words          (q_words),
      .q_dropped        (q_dropped),
      .q_address        (q_address),
      .q_data           (q_data),
      .q_done           (q_done),
      .r_room           (r_room),
      .r_write          (r_write),
      .r_address        (r_address),
      .r_data           (r_data),
      .r_status         (r_status),
      .r_words          (r_words),
      .epoch_clear      (epoch_clear),
      .core_idle        (core_idle),
      .kill             (kill),
      .safe_latched     (safe_latched),
      .operation_cycles (operation_cycles),
      .limit_read       (limit_read),
      .limit_gate       (limit_gate),
      .operation_timeout(operation_timeout),
      .operation_runs   (operation_runs),
      .hash_start       (hash_start),
      .hash_done        (hash_done),
      .hash             (hash),
      .arm              (arm),
      .disarm           (disarm),
      .fixed            (fixed),
      .data_place       (data_place),
      .columns          (columns),
      .vectors          (vectors),
      .largest          (largest),
      .cell_pulses      (cell_pulses),
      .rows_mask        (rows_mask),
      .columns_mask     (columns_mask),
      .first_column     (first_column),
      .last_column      (last_column),
      .cycles           (cycles),
      .stop             (stop),
      .row_restart      (row_restart),
      .row_next         (row_next),
      .row              (row),
      .row_last         (row_last),
      .column_restart   (column_restart),
      .column_next      (column_next),
      .column           (column),
      .column_last      (column_last),
      .run_start        (run_start),
      .run_done         (run_done),
      .run_status       (run_status),
      .run_words        (run_words),
      .run_count        (run_count),
      .run_total        (run_total),
      .run_counting     (run_counting),
      .run_q_address    (run_q_address),
      .run_write        (run_write),
      .run_address      (run_address),
      .run_data         (run_data)
  );

  execution #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .LANES            (LANES),
      .ADC_LANES        (ADC_LANES),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS),
      .AFE              (AFE),
      .CEILINGS         (CEILINGS)
  ) u_execution (
      .clk(clk), .clk_time(clk_time),
      .clk_registers(clk_registers), .clk_pulses(clk_pulses),
      .clk_rows(clk_rows), .clk_results(clk_results),
      .clk_core(clk_core), .rst_n(rst_n),
      .start(run_start), .stop(stop),
      .opcode({q_opcode[7:6], HAS[2] && q_opcode[5], q_opcode[4:0]}), .q_words(q_words),
      .fixed(fixed), .data_place(data_place),
      .columns(columns), .vectors(vectors),
      .largest(largest), .cell_pulses(cell_pulses),
      .columns_mask(columns_mask), .rows_mask(rows_mask),
      .first_column(first_column), .last_column(last_column),
      .cycles(cycles), .done(run_done),
      .status(run_status), .words(run_words),
      .count(run_count), .total(run_total),
      .counting(run_counting), .q_address(run_q_address),
      .q_data(q_data), .w_write(run_write),
      .w_address(run_address), .w_data(run_data),
      .answered(q_done), .r_status(r_status),
      .r_write(r_write), .r_address(r_address),
      .r_data(r_data), .row_restart(row_restart),
      .row_next(row_next), .row(row),
      .row_last(row_last), .column_restart(column_restart),
      .column_next(column_next), .column(column),
      .column_last(column_last), .hash_start(hash_start),
      .hash_done(hash_done), .hash(hash),
      .arm(arm), .disarm(disarm),
      .armed(armed), .kill(kill),
      .safe_latched(safe_latched), .control_safe(control_safe),
      .clear_safe(clear_safe), .watchdog_cycles(watchdog_cycles),
      .operation_cycles(operation_cycles), .limit_read(limit_read), .limit_gate(limit_gate),
      .locked(locked), .p_drive(p_drive),
      .reading(reading), .boot_id(boot_id),
      .state(state), .link_counts(link_counts),
      .image_crc(image_crc), .watchdog_trips(watchdog_trips),
      .pulses(pulses), .nv_in(nv_in),
      .nv_out(nv_out), .pins_in(pins_in),
      .pins_out        (pins_out)
  );

  safety u_safety (
      .clk              (clk),
      .rst_n            (rst_n),
      .safe_seen        (safe_seen),
      .control_safe     (control_safe),
      .watchdog_trip    (watchdog_trip),
      .break_seen       (break_seen),
      .stop_pin         (stop_pin),
      .fault            ((q_done && r_status == `STATUS_FIRMWARE_FAULT) || (pins_out[17] && !lost_q)),
      .operation_timeout(operation_timeout),
      .epoch_seen       (epoch_seen),
      .clear_safe       (clear_safe && !stop),
      .kill             (kill),
      .safe_event       (safe_event),
      .safe_latched     (safe_latched),
      .watchdog_tripped (watchdog_tripped)
  );

  watchdog u_watchdog (
      .clk     (clk),
      .clk_time(clk_time),
      .rst_n   (rst_n),
      .active  (armed || operation_runs),
      .feed    (feed),
      .limit   (watchdog_cycles),
      .trip    (watchdog_trip),
      .trips   (watchdog_trips)
  );

  // ---- Outputs ----
  assign state        = {p_drive, epoch_open, watchdog_tripped, locked, operation_runs, safe_latched, armed};
  assign drive_active = p_drive;
  assign read_active  = reading && !kill && !safe_latched;

endmodule

`default_nettype wire
