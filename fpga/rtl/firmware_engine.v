// SPDX-License-Identifier: BSD-3-Clause
// Executes what the firmware serves (PROGRAM, SELF_TEST, ADC_SELFCAL), and FIRMWARE, which loads it (docs/modules/firmware.md).
//
// `start` begins: the core leaves reset and runs until it writes FINISH, faults, or `stop`; then whatever it began is ended, touched
// columns are refreshed, and `done` comes once with the status, the first `count` words and the `total` of the reply. The
// words of a stopped or faulted run are the board's: begun, rows done, pulses given. Its clock is needed from `start` until
// `done`.

`default_nettype none
`include "board_map.vh"

module firmware_engine #(
    parameter ROWS = 512,
    parameter COLS = 512
) (
    input  wire            clk,
    input  wire            rst_n,

    // Request
    input  wire            start,
    input  wire            stop,          // level, until `done`
    input  wire [7:0]      opcode,
    input  wire [15:0]     q_words,
    input  wire [95:0]     head,          // payload words 0 to 2
    input  wire [31:0]     largest,
    input  wire [31:0]     cycles,
    output wire            done,
    output wire [121:0]    answer,        // total, count, words, status, from bit 121
    output wire [15:0]     q_address,
    input  wire [31:0]     q_data,
    output wire            w_write,
    output wire [15:0]     w_address,
    output wire [31:0]     w_data,

    // Image
    output wire [31:0]     image_crc,     // 0: there is none

    // Permission
    input  wire            armed,
    input  wire [31:0]     pulses_left,
    input  wire [15:0]     limit_read,

    // Guard and macro (docs/macro_port.md): fields as those of a request
    output wire            runs,          // the fields are the core's
    output wire            reading,
    output wire [130:0]    op,            // opcode, words 0 to 2, first and last column, row, from bit 130
    output wire [COLS-1:0] op_mask,
    output wire            g_valid,
    output wire            g_dry,
    input  wire            g_done,
    input  wire [7:0]      g_status,
    input  wire [31:0]     g_limit,
    input  wire            given,
    input  wire [9:0]      given_cells,
    output wire [31:0]     p_elapsed,
    output wire [63:0]     p_index,
    output wire            x_valid,
    input  wire            x_ready,
    output wire [8:0]      x_code,
    output wire            macro_abort,
    input  wire            macro_idle,
    input  wire            r_valid,
    input  wire [31:0]     r_data,
    input  wire            r_saturated,
    input  wire            r_last,
    output wire            refresh,
    input  wire            refresh_done
);

  localparam [1:0] ST_IDLE = 2'd0, ST_RUN = 2'd1, ST_END = 2'd2, ST_DONE = 2'd3;

  // ---- State ----
  reg [1:0]  state_q, state_d;
  reg [7:0]  status_q;
  reg [31:0] given_q;

  wire        loads = opcode == `OP_FIRMWARE;
  wire        bus_valid, bus_write, bus_ready, core_fault, bridge_fault, finish, ended, driven, pulsing;
  wire        load, load_done;
  wire        present;
  wire [8:0]  op_row, op_first, op_last;
  wire [95:0] op_fields;
  wire [7:0]  load_status, core_status;
  wire [12:0] load_address;
  wire [13:0] image_words;
  wire [15:0] load_q, core_q, core_total;
  wire [31:0] bus_address, bus_wdata, bus_rdata, load_data, progress;
  wire [95:0] load_words, core_words;
  wire        clear  = state_q == ST_IDLE;
  wire        fault  = core_fault || bridge_fault;
  wire        absent = !present;

  // ---- Next state ----
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (start && !loads) state_d = ST_RUN;
      // The core runs.
      ST_RUN: if (stop || absent || fault || finish) state_d = ST_END;
      // What it began ends.
      ST_END: if (ended) state_d = ST_DONE;
      ST_DONE: state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin : outcome
    if (state_q == ST_IDLE) given_q <= 32'd0;
    else if (given) given_q <= given_q + {22'd0, given_cells};
    if (state_q == ST_RUN)
      status_q <= stop ? `STATUS_ABORTED : absent ? `STATUS_NO_FIRMWARE : fault ? `STATUS_FIRMWARE_FAULT : core_status;
    else if (stop && state_q == ST_END) status_q <= `STATUS_ABORTED;
  end

  core_loader u_loader (
      .clk         (clk),
      .rst_n       (rst_n),
      .start       (start && loads),
      .stop        (stop),
      .armed       (armed),
      .first       (head[31:0]),
      .total       (head[63:32]),
      .checksum    (head[95:64]),
      .q_words     (q_words),
      .done        (load_done),
      .status      (load_status),
      .words       (load_words),
      .q_address   (load_q),
      .q_data      (q_data),
      .load        (load),
      .load_address(load_address),
      .load_data   (load_data),
      .present     (present),
      .image_words (image_words),
      .image_crc   (image_crc)
  );

  soft_core u_core (
      .clk         (clk),
      .run         (rst_n && state_q == ST_RUN && present),
      .image_words (image_words),
      .fault       (core_fault),
      .load        (load),
      .load_address(load_address),
      .load_data   (load_data),
      .bus_valid   (bus_valid),
      .bus_write   (bus_write),
      .bus_address (bus_address),
      .bus_wdata   (bus_wdata),
      .bus_rdata   (bus_rdata),
      .bus_ready   (bus_ready)
  );

  core_bridge #(
      .ROWS(ROWS),
      .COLS(COLS)
  ) u_bridge (
      .clk           (clk),
      .rst_n         (rst_n),
      .clear         (clear),
      .stop          (stop),
      .end_run       (state_q == ST_END),
      .ended         (ended),
      .driven        (driven),
      .bus_valid     (bus_valid),
      .bus_write     (bus_write),
      .bus_address   (bus_address),
      .bus_wdata     (bus_wdata),
      .bus_rdata     (bus_rdata),
      .bus_ready     (bus_ready),
      .fault         (bridge_fault),
      .opcode        (opcode),
      .q_words       (q_words),
      .largest       (largest),
      .cycles        (cycles),
      .q_address     (core_q),
      .q_data        (q_data),
      .w_write       (w_write),
      .w_address     (w_address),
      .w_data        (w_data),
      .finish        (finish),
      .status        (core_status),
      .words         (core_words),
      .total         (core_total),
      .progress      (progress),
      .limit_read    (limit_read),
      .token         (armed ? pulses_left : 32'd0),
      .fields        (op_fields),
      .elapsed       (p_elapsed),
      .index         (p_index),
      .mask          (op_mask),
      .row           (op_row),
      .reading       (reading),
      .pulsing       (pulsing),
      .first_column  (op_first),
      .last_column   (op_last),
      .g_valid       (g_valid),
      .g_dry         (g_dry),
      .g_done        (g_done),
      .g_status      (g_status),
      .g_limit       (g_limit),
      .given         (given),
      .x_valid       (x_valid),
      .x_ready       (x_ready),
      .macro_abort   (macro_abort),
      .macro_idle    (macro_idle),
      .r_valid       (r_valid),
      .r_data        (r_data),
      .r_saturated   (r_saturated),
      .r_last        (r_last),
      .refresh       (refresh),
      .refresh_done  (refresh_done)
  );

  // ---- Outputs ----
  wire counted = status_q == `STATUS_ABORTED || status_q == `STATUS_FIRMWARE_FAULT || status_q == `STATUS_MACRO_TIMEOUT;
  wire [7:0]  status = loads ? load_status : status_q;
  wire [95:0] words  = loads ? load_words : counted ? {given_q, progress, 31'd0, driven}
      : status_q == `STATUS_OK ? {64'd0, cycles} : status_q == `STATUS_NO_FIRMWARE ? 96'd0 : core_words;
  assign done      = load_done || state_q == ST_DONE;
  assign answer    = {loads ? 16'd1 : core_total, status == `STATUS_OK ? 2'd1 : 2'd3, words, status};
  assign q_address = loads ? load_q : core_q;
  assign runs      = state_q == ST_RUN || state_q == ST_END;
  // The firmware's pulses go as the host's do: SET and FORM drive the columns (polarity 1), RESET drives the row and lets unselected lines float (idle policy 1).
  wire        resets = op_fields[9:8] == `PULSE_RESET;
  wire [95:0] sent   = pulsing ? {op_fields[95:13], 1'b0, resets, !resets, op_fields[9:0]} : op_fields;
  assign op        = {pulsing ? `OP_PULSE : `OP_READ_CELLS, sent, op_first, op_last, op_row};
  assign x_code    = {8'd0, !op_fields[27]};

endmodule

`default_nettype wire
