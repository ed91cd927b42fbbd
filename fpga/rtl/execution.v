// SPDX-License-Identifier: BSD-3-Clause
// Executes what the command engine has judged: register_path for PING, registers and tables, telemetry, array_path for the rest.
//
// `start` begins, `done` comes once; they share request memory and reply words by time. Registers, tables and limits go from
// the first to the last. Only one of them ever runs.

`default_nettype none
`include "board_map.vh"

module execution #(
    parameter        ROWS              = 512,
    parameter        COLS              = 512,
    parameter        LANES             = 64,
    parameter        ADC_LANES         = 4,
    parameter        MAX_PAYLOAD_WORDS = 1024,
    parameter [287:0] AFE      = 288'd0,  // 0: macro_emulator, 1: macro_serial, else afe_front's
    parameter [111:0] CEILINGS = 112'd0  // of LIMIT_FORM_V .. LIMIT_WIDTH, the first lowest
) (
    input  wire                clk,
    input  wire                clk_time,
    input  wire                clk_registers,
    input  wire                clk_pulses,
    input  wire                clk_rows,
    input  wire                clk_results,
    input  wire                clk_core,
    input  wire                rst_n,

    // Request, execution
    input  wire                start,
    input  wire                stop,
    input  wire [7:0]          opcode,
    input  wire [15:0]         q_words,
    input  wire [191:0]        fixed,
    input  wire [5:0]          data_place,
    input  wire [9:0]          columns,
    input  wire [19:0]         vectors,
    input  wire [31:0]         largest,
    input  wire [31:0]         cell_pulses,
    input  wire [COLS-1:0]     columns_mask,
    input  wire [ROWS-1:0]     rows_mask,
    input  wire [8:0]          first_column,
    input  wire [8:0]          last_column,
    input  wire [31:0]         cycles,
    output wire                done,
    output wire [7:0]          status,
    output wire [95:0]         words,
    output wire [1:0]          count,
    output wire [15:0]         total,
    output wire                counting,
    output wire [15:0]         q_address,
    input  wire [31:0]         q_data,
    output wire                w_write,
    output wire [15:0]         w_address,
    output wire [31:0]         w_data,

    // What was answered, for telemetry
    input  wire                answered,
    input  wire [7:0]          r_status,
    input  wire                r_write,
    input  wire [15:0]         r_address,
    input  wire [31:0]         r_data,

    // Walks of the window
    output wire                row_restart,
    output wire                row_next,
    input  wire [8:0]          row,
    input  wire                row_last,
    output wire                column_restart,
    output wire                column_next,
    input  wire [8:0]          column,
    input  wire                column_last,

    // Limits hash, token
    input  wire                hash_start,
    output wire                hash_done,
    output wire [31:0]         hash,
    input  wire                arm,
    input  wire                disarm,
    output wire                armed,

    // Safety
    input  wire                kill,
    input  wire                safe_latched,
    output wire                control_safe,
    output wire                clear_safe,
    output wire [31:0]         watchdog_cycles,
    output wire [31:0]         operation_cycles,
    output wire [15:0]         limit_read, limit_gate,
    output wire                locked,
    output wire                p_drive,
    output wire                reading,

    // What registers show
    input  wire [31:0]         boot_id,
    input  wire [6:0]          state,
    input  wire [127:0]        link_counts,     // frames received, CRC errors, gaps, duplicates, from bit 0
    output wire [31:0]         image_crc,       // of the firmware; 0: there is none
    input  wire [31:0]         watchdog_trips,
    output wire [31:0]         pulses,

    // Non-volatile restore and mirror
    input  wire [LANES*10+16:0] nv_in,    // data, address, kind, load (docs/macro_port.md)
    output wire [28:0]         nv_out,    // g, column, row, write

    // Pins of the analog front end (afe_front)
    input  wire [23:0]         pins_in,
    output wire [60:0]         pins_out
);

  wire [63:0] limit_voltage;
  wire is_vector = opcode == `OP_MAC || opcode == `OP_MAC_RAW || opcode == `OP_READ_CELLS;
  wire is_simple = opcode == `OP_PING || opcode == `OP_REG_READ || opcode == `OP_REG_WRITE || opcode == `OP_TABLE_WRITE;
  wire         is_telemetry = opcode == `OP_TELEMETRY;
  wire         telemetry_done, telemetry_write, result;
  wire [1:0]   given_kind;
  wire [15:0]  telemetry_total, telemetry_address;
  wire [31:0]  telemetry_data;
  wire         register_done, register_write, t_valid, array_done, array_counting, array_write, given;
  wire [1:0]   array_count;
  wire [3:0]   t_table;
  wire [7:0]   register_status, array_status;
  wire [9:0]   given_cells;
  wire [11:0]  t_index;
  wire [15:0]  register_total, register_q_address, register_address, array_total, array_q_address;
  wire [15:0]  array_address;
  wire [17:0]  t_data;
  wire [31:0]  register_data, limit_width, array_data;
  wire [95:0]  register_words, array_words;
  wire [810:0] emu;

  register_path #(
      .CEILINGS(CEILINGS)
  ) u_registers (
      .clk             (clk),
      .clk_time        (clk_time),
      .clk_registers   (clk_registers),
      .rst_n           (rst_n),
      .start           (start && is_simple),
      .opcode          (opcode),
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
      .frames_received (link_counts[31:0]),
      .crc_errors      (link_counts[63:32]),
      .gaps            (link_counts[95:64]),
      .duplicates      (link_counts[127:96]),
      .watchdog_trips  (watchdog_trips),
      .reading         (reading && is_vector),
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

  telemetry u_telemetry (
      .clk(clk), .rst_n(rst_n),
      .begun(start), .answered(answered),
      .opcode(opcode), .status(r_status),
      .r_write(r_write), .r_address(r_address),
      .r_data(r_data), .result(result),
      .given(given), .given_kind(given_kind),
      .given_cells(given_cells), .start(start && is_telemetry),
      .done(telemetry_done), .total(telemetry_total),
      .w_write(telemetry_write), .w_address(telemetry_address),
      .w_data(telemetry_data)
  );

  array_path #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .LANES            (LANES),
      .ADC_LANES        (ADC_LANES),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS),
      .AFE              (AFE)
  ) u_array (
      .clk(clk), .clk_pulses(clk_pulses),
      .clk_rows(clk_rows), .clk_results(clk_results),
      .clk_core(clk_core), .rst_n(rst_n),
      .start(start && !is_simple && !is_telemetry), .stop(stop),
      .opcode(opcode), .fixed(fixed),
      .data_place(data_place), .columns(columns),
      .vectors(vectors), .q_words(q_words),
      .largest(largest), .limit_read(limit_read),
      .image_crc(image_crc), .cell_pulses(cell_pulses),
      .columns_mask(columns_mask), .first_column(first_column),
      .last_column(last_column), .cycles(cycles),
      .done(array_done), .status(array_status),
      .words(array_words), .count(array_count),
      .total(array_total), .counting(array_counting),
      .reading(reading), .q_address(array_q_address),
      .q_data(q_data), .w_write(array_write),
      .w_address(array_address), .w_data(array_data),
      .row_restart(row_restart), .row_next(row_next),
      .row(row), .row_last(row_last),
      .column_restart(column_restart), .column_next(column_next),
      .column(column), .column_last(column_last),
      .kill(kill), .safe_latched(safe_latched),
      .limit_voltage(limit_voltage), .limit_gate(limit_gate),
      .limit_width(limit_width), .arm(arm),
      .disarm(disarm), .rows_mask(rows_mask),
      .armed(armed), .p_drive(p_drive),
      .given(given), .given_cells(given_cells),
      .given_kind(given_kind), .result(result),
      .t_valid(t_valid), .t_table(t_table),
      .t_index(t_index), .t_data(t_data),
      .emu(emu), .nv_in(nv_in), .nv_out(nv_out),
      .pins_in(pins_in), .pins_out(pins_out)
  );

  // ---- Outputs ----
  assign limit_read = limit_voltage[63:48];
  assign done      = register_done || telemetry_done || array_done;
  assign status    = is_simple ? register_status : is_telemetry ? `STATUS_OK : array_status;
  assign words     = is_simple ? register_words : array_words;
  assign count     = is_simple || is_telemetry ? 2'd0 : array_count;
  assign total     = is_simple ? register_total : is_telemetry ? telemetry_total : array_total;
  assign counting  = is_simple || array_counting;
  assign q_address = is_simple ? register_q_address : array_q_address;
  assign w_write   = register_write || telemetry_write || array_write;
  assign {w_address, w_data} = is_simple ? {register_address, register_data}
      : is_telemetry ? {telemetry_address, telemetry_data} : {array_address, array_data};

endmodule

`default_nettype wire
