// SPDX-License-Identifier: BSD-3-Clause
// One board with one emulated macro, between its word front and its array (docs/modules/core.md).
//
// Packets of 32-bit words come in on `rx_*` and leave on `tx_*` (docs/link_port.md); a byte front or a
// packet wire stands before them. `stop_pin` and `break_seen` are synchronous to `clk` (the top brings
// pins in through `sync_bit`); either does what SAFE does. `drive_active` is the pulse output enable, low at reset,
// and falls in the cycle after any safe event; `read_active` is high while rows are driven to read.
// The `nv_*` ports restore and mirror the emulated cells; tie them off in an FPGA.

`default_nettype none
`include "board_map.vh"

module board_core #(
    parameter        ROWS              = 512,    // driven lines, at most 512
    parameter        COLS              = 512,    // sensed lines, at most 512, a multiple of LANES
    parameter        LANES             = 64,     // columns accumulated a cycle
    parameter        ADC_LANES         = 4,      // conversions a cycle: 1, 2, 4
    parameter        REQUEST_WORDS     = 4096,   // request ring, in words, a power of two
    parameter        REPLY_WORDS       = 8192,   // reply ring, in words, a power of two
    parameter        MAX_PAYLOAD_WORDS = 1024,   // largest payload of a frame, in words
    parameter [31:0] BUILD_HASH        = 32'd0,  // names this build in HELLO
    parameter [0:0]  SIMULATED         = 1'b0,   // identity flag: a simulated board
    parameter [15:0] CEILING_FORM_V    = `VOLTAGE_CEILING,  // highest limits that can be set, DAC codes
    parameter [15:0] CEILING_SET_V     = `VOLTAGE_CEILING,
    parameter [15:0] CEILING_RESET_V   = `VOLTAGE_CEILING,
    parameter [15:0] CEILING_READ_V    = `VOLTAGE_CEILING,
    parameter [15:0] CEILING_GATE_V    = `VOLTAGE_CEILING,
    parameter [31:0] CEILING_WIDTH     = `WIDTH_CEILING     // longest pulse width limit, in clk cycles
) (
    input  wire                clk,
    input  wire                rst_n,

    // Word front
    input  wire                rx_valid,
    input  wire [31:0]         rx_data,
    input  wire                rx_last,
    input  wire                rx_bad,
    output wire                tx_valid,
    input  wire                tx_ready,
    output wire [31:0]         tx_data,
    output wire                tx_last,

    // Identity, pins
    input  wire [31:0]         boot_id,
    input  wire [63:0]         uid,
    input  wire                stop_pin,
    input  wire                break_seen,
    output wire                drive_active,
    output wire                read_active,
    output wire                safe_latched,

    // Non-volatile restore and mirror of the emulated cells
    input  wire                nv_load,
    input  wire                nv_kind,
    input  wire [11:0]         nv_address,
    input  wire [LANES*10-1:0] nv_data,
    output wire                nv_write,
    output wire [8:0]          nv_row,
    output wire [8:0]          nv_column,
    output wire [9:0]          nv_g
);

  wire            q_valid, q_dropped, safe_seen, epoch_seen, epoch_clear, epoch_open, feed, q_done, r_write;
  wire            core_idle, operation_timeout, operation_runs, hash_start, arm, disarm, stop, row_last, column_last;
  wire            register_start, array_start, register_done, register_write, hash_done, control_safe, clear_safe;
  wire            locked, t_valid, array_done, array_counting, reading, array_write, row_restart, row_next;
  wire            column_restart, column_next, armed, p_drive, given, kill, safe_event, watchdog_tripped;
  wire            watchdog_trip;
  wire [1:0]      array_count;
  wire [3:0]      t_table;
  wire [5:0]      data_place;
  wire [7:0]      q_opcode, r_status, register_status, array_status;
  wire [8:0]      first_column, last_column, row, column;
  wire [9:0]      columns, given_cells;
  wire [11:0]     t_index;
  wire [15:0]     q_words, r_room, q_address, r_address, r_words, register_total, register_q_address;
  wire [15:0]     register_address, limit_gate, array_total, array_q_address, array_address;
  wire [17:0]     t_data;
  wire [19:0]     vectors;
  wire [31:0]     q_data, frames_received, crc_errors, gaps, duplicates, r_data, cell_pulses, cycles, register_data;
  wire [31:0]     hash, pulses, watchdog_cycles, operation_cycles, limit_width, array_data, watchdog_trips;
  wire [63:0]     limit_voltage;
  wire [95:0]     register_words, array_words;
  wire [191:0]    fixed;
  wire [330:0]    emu;
  wire [COLS-1:0] columns_mask;
  wire [ROWS-1:0] rows_mask;

  localparam [31:0] LANES_32 = LANES, ADC_LANES_32 = ADC_LANES, COLS_32 = COLS, ROWS_32 = ROWS;

  wire [6:0]  state    = {p_drive, epoch_open, watchdog_tripped, locked, operation_runs, safe_latched, armed};
  wire [63:0] geometry = {8'd`MAX_INPUT_BITS, 8'd`RANGES, ADC_LANES_32[7:0], LANES_32[7:0],
      COLS_32[15:0], ROWS_32[15:0]};

  link_engine #(
      .REQUEST_WORDS    (REQUEST_WORDS),
      .REPLY_WORDS      (REPLY_WORDS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_link (
      .clk            (clk),
      .rst_n          (rst_n),
      .rx_valid       (rx_valid),
      .rx_data        (rx_data),
      .rx_last        (rx_last),
      .rx_bad         (rx_bad),
      .tx_valid       (tx_valid),
      .tx_ready       (tx_ready),
      .tx_data        (tx_data),
      .tx_last        (tx_last),
      .q_valid        (q_valid),
      .q_opcode       (q_opcode),
      .q_words        (q_words),
      .q_dropped      (q_dropped),
      .q_address      (q_address),
      .q_data         (q_data),
      .q_done         (q_done),
      .r_room         (r_room),
      .r_write        (r_write),
      .r_address      (r_address),
      .r_data         (r_data),
      .r_status       (r_status),
      .r_words        (r_words),
      .safe_seen      (safe_seen),
      .epoch_seen     (epoch_seen),
      .safe_event     (safe_event),
      .core_idle      (core_idle),
      .epoch_clear    (epoch_clear),
      .epoch_open     (epoch_open),
      .feed           (feed),
      .state          ({1'b0, state}),
      .id_flags       ({12'd0, SIMULATED, 3'b101}),
      .id_build       (BUILD_HASH),
      .id_firmware    (32'd0),
      .id_uid         (uid),
      .id_boot        (boot_id),
      .id_pulses      (pulses),
      .id_macros      (8'd1),
      .id_geometry    (geometry),
      .frames_received(frames_received),
      .crc_errors     (crc_errors),
      .gaps           (gaps),
      .duplicates     (duplicates)
  );

  command_engine #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_command (
      .clk               (clk),
      .rst_n             (rst_n),
      .q_valid           (q_valid),
      .q_opcode          (q_opcode),
      .q_words           (q_words),
      .q_dropped         (q_dropped),
      .q_address         (q_address),
      .q_data            (q_data),
      .q_done            (q_done),
      .r_room            (r_room),
      .r_write           (r_write),
      .r_address         (r_address),
      .r_data            (r_data),
      .r_status          (r_status),
      .r_words           (r_words),
      .epoch_clear       (epoch_clear),
      .core_idle         (core_idle),
      .kill              (kill),
      .safe_latched      (safe_latched),
      .operation_cycles  (operation_cycles),
      .limit_read        (limit_voltage[63:48]),
      .operation_timeout (operation_timeout),
      .operation_runs    (operation_runs),
      .hash_start        (hash_start),
      .hash_done         (hash_done),
      .hash              (hash),
      .arm               (arm),
      .disarm            (disarm),
      .fixed             (fixed),
      .data_place        (data_place),
      .columns           (columns),
      .vectors           (vectors),
      .cell_pulses       (cell_pulses),
      .rows_mask         (rows_mask),
      .columns_mask      (columns_mask),
      .first_column      (first_column),
      .last_column       (last_column),
      .cycles            (cycles),
      .stop              (stop),
      .row_restart       (row_restart),
      .row_next          (row_next),
      .row               (row),
      .row_last          (row_last),
      .column_restart    (column_restart),
      .column_next       (column_next),
      .column            (column),
      .column_last       (column_last),
      .register_start    (register_start),
      .register_done     (register_done),
      .register_status   (register_status),
      .register_words    (register_words),
      .register_total    (register_total),
      .register_q_address(register_q_address),
      .register_write    (register_write),
      .register_address  (register_address),
      .register_data     (register_data),
      .array_start       (array_start),
      .array_done        (array_done),
      .array_status      (array_status),
      .array_words       (array_words),
      .array_count       (array_count),
      .array_total       (array_total),
      .array_counting    (array_counting),
      .array_q_address   (array_q_address),
      .array_write       (array_write),
      .array_address     (array_address),
      .array_data        (array_data)
  );

  register_path #(
      .CEILING_FORM_V (CEILING_FORM_V),
      .CEILING_SET_V  (CEILING_SET_V),
      .CEILING_RESET_V(CEILING_RESET_V),
      .CEILING_READ_V (CEILING_READ_V),
      .CEILING_GATE_V (CEILING_GATE_V),
      .CEILING_WIDTH  (CEILING_WIDTH)
  ) u_registers (
      .clk             (clk),
      .rst_n           (rst_n),
      .start           (register_start),
      .opcode          (q_opcode),
      .q_words         (q_words),
      .word0           (fixed[31:0]),
      .word1           (fixed[63:32]),
      .done            (register_done),
      .status          (register_status),
      .words           (register_words),
      .total           (register_total),
      .q_address       (register_q_address),
      .q_data          (q_data),
      .w_write         (register_write),
      .w_address       (register_address),
      .w_data          (register_data),
      .hash_start      (hash_start),
      .hash_done       (hash_done),
      .hash            (hash),
      .boot_id         (boot_id),
      .state           (state),
      .frames_received (frames_received),
      .crc_errors      (crc_errors),
      .gaps            (gaps),
      .duplicates      (duplicates),
      .watchdog_trips  (watchdog_trips),
      .reading         (reading),
      .given           (given),
      .given_cells     (given_cells),
      .pulses          (pulses),
      .control_safe    (control_safe),
      .clear_safe      (clear_safe),
      .watchdog_cycles (watchdog_cycles),
      .operation_cycles(operation_cycles),
      .limit_voltage   (limit_voltage),
      .limit_gate      (limit_gate),
      .limit_width     (limit_width),
      .locked          (locked),
      .t_valid         (t_valid),
      .t_table         (t_table),
      .t_index         (t_index),
      .t_data          (t_data),
      .emu             (emu)
  );

  array_path #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .LANES            (LANES),
      .ADC_LANES        (ADC_LANES),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_array (
      .clk           (clk),
      .rst_n         (rst_n),
      .start         (array_start),
      .stop          (stop),
      .opcode        (q_opcode),
      .fixed         (fixed),
      .data_place    (data_place),
      .columns       (columns),
      .vectors       (vectors),
      .cell_pulses   (cell_pulses),
      .columns_mask  (columns_mask),
      .first_column  (first_column),
      .last_column   (last_column),
      .cycles        (cycles),
      .done          (array_done),
      .status        (array_status),
      .words         (array_words),
      .count         (array_count),
      .total         (array_total),
      .counting      (array_counting),
      .reading       (reading),
      .q_address     (array_q_address),
      .q_data        (q_data),
      .w_write       (array_write),
      .w_address     (array_address),
      .w_data        (array_data),
      .row_restart   (row_restart),
      .row_next      (row_next),
      .row           (row),
      .row_last      (row_last),
      .column_restart(column_restart),
      .column_next   (column_next),
      .column        (column),
      .column_last   (column_last),
      .kill          (kill),
      .safe_latched  (safe_latched),
      .limit_voltage (limit_voltage),
      .limit_gate    (limit_gate),
      .limit_width   (limit_width),
      .arm           (arm),
      .disarm        (disarm),
      .rows_mask     (rows_mask),
      .armed         (armed),
      .p_drive       (p_drive),
      .given         (given),
      .given_cells   (given_cells),
      .t_valid       (t_valid),
      .t_table       (t_table),
      .t_index       (t_index),
      .t_data        (t_data),
      .emu           (emu),
      .nv_load       (nv_load),
      .nv_kind       (nv_kind),
      .nv_address    (nv_address),
      .nv_data       (nv_data),
      .nv_write      (nv_write),
      .nv_row        (nv_row),
      .nv_column     (nv_column),
      .nv_g          (nv_g)
  );

  safety u_safety (
      .clk              (clk),
      .rst_n            (rst_n),
      .safe_seen        (safe_seen),
      .control_safe     (control_safe),
      .watchdog_trip    (watchdog_trip),
      .break_seen       (break_seen),
      .stop_pin         (stop_pin),
      .operation_timeout(operation_timeout),
      .epoch_seen       (epoch_seen),
      .clear_safe       (clear_safe),
      .kill             (kill),
      .safe_event       (safe_event),
      .safe_latched     (safe_latched),
      .watchdog_tripped (watchdog_tripped)
  );

  watchdog u_watchdog (
      .clk   (clk),
      .rst_n (rst_n),
      .active(armed || operation_runs),
      .feed  (feed),
      .limit (watchdog_cycles),
      .trip  (watchdog_trip),
      .trips (watchdog_trips)
  );

  // ---- Outputs ----
  assign drive_active = p_drive;
  assign read_active  = reading && !kill && !safe_latched;

endmodule

`default_nettype wire
