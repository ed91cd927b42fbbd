// SPDX-License-Identifier: BSD-3-Clause
// All that executes on the array: what the host asks step by step (array_operations), and what the firmware serves.
//
// Requests, replies and macro port are those of array_operations; while the firmware runs they are its own, and so are the
// fields of what is driven (`op_*`), else those of the request. Only one of the two ever runs.

`default_nettype none
`include "board_map.vh"

module array_requests #(
    parameter ROWS              = 512,
    parameter COLS              = 512,
    parameter [0:0] PULSES      = 1'b1,  // 0: neither pulses nor firmware
    parameter MAX_PAYLOAD_WORDS = 1024
) (
    input  wire              clk,
    input  wire              clk_pulses,
    input  wire              rst_n,

    // Request
    input  wire              start,
    input  wire              stop,
    input  wire [7:0]        opcode,
    input  wire [191:0]      fixed,
    input  wire [5:0]        data_place,
    input  wire [9:0]        columns,
    input  wire [19:0]       vectors,
    input  wire [31:0]       cell_pulses,
    input  wire [31:0]       cycles,
    output wire              done,
    output wire [7:0]        status,
    output wire [95:0]       words,
    output wire [1:0]        count,
    output wire [15:0]       total,
    output wire              counting,
    output wire              reading,
    output wire [15:0]       q_address,
    input  wire [31:0]       q_data,
    output wire              w_write,
    output wire [15:0]       w_address,
    output wire [31:0]       w_data,

    // Walks
    output wire              row_restart,
    output wire              row_next,
    input  wire [8:0]        row,
    input  wire              row_last,
    output wire              column_restart,
    output wire              column_next,
    input  wire [8:0]        column,
    input  wire              column_last,

    // Guard and macro (docs/macro_port.md)
    output wire              g_valid,
    output wire              g_dry,
    input  wire              g_done,
    input  wire [7:0]        g_status,
    input  wire [31:0]       g_limit,
    input  wire              given,
    input  wire [9:0]        given_cells,
    input  wire [31:0]       pulses_left,
    output wire [31:0]       p_elapsed,
    output wire [63:0]       p_index,
    output wire              x_valid,
    input  wire              x_ready,
    output wire [8:0]        x_line,
    output wire [8:0]        x_code,
    output wire              x_last,
    output wire [63:0]       x_index,
    output wire              macro_abort,
    input  wire              macro_idle,
    input  wire              r_valid,
    input  wire [31:0]       r_data,
    input  wire              r_saturated,
    input  wire              r_last,
    output wire [30:0]       c_ask,
    input  wire [12:0]       c_answer,
    output wire              refresh,
    input  wire              refresh_done,

    // Firmware
    input  wire            clk_core,
    input  wire [15:0]     q_words,
    input  wire [31:0]     largest,
    input  wire            armed,
    input  wire [15:0]     limit_read,
    output wire [31:0]     image_crc,

    // Fields of what is driven: the request's, or the firmware's
    input  wire [COLS-1:0] columns_mask,
    input  wire [8:0]      first_column,
    input  wire [8:0]      last_column,
    output wire [7:0]      op_opcode,
    output wire [191:0]    op_fields,
    output wire [COLS-1:0] op_mask,
    output wire [8:0]      op_first,
    output wire [8:0]      op_last,
    output wire [8:0]      op_row
);

  wire         step_done, step_counting, step_reading, step_w_write, step_g_valid, step_g_dry, step_x_valid;
  wire         step_x_last, step_macro_abort, step_refresh, runs, core_done, core_reading, core_w_write, core_g_valid;
  wire [7:0]   step_status;
  wire [95:0]  step_words;
  wire [191:0] step_fields;
  wire [1:0]   step_count;
  wire [15:0]  step_total, step_q_address, step_w_address, core_q_address, core_w_address;
  wire [31:0]  step_w_data, step_p_elapsed, core_w_data, core_p_elapsed;
  wire [63:0]  step_p_index, step_x_index, core_p_index;
  wire [8:0]   step_x_line, step_x_code, core_x_code;
  wire         core_g_dry, core_x_valid, core_macro_abort, core_refresh;
  wire [121:0] answer;
  wire [130:0] op;
  wire [COLS-1:0] op_core_mask;
  wire served = PULSES && (opcode == `OP_PROGRAM || opcode == `OP_SELF_TEST || opcode == `OP_ADC_SELFCAL || opcode == `OP_FIRMWARE);

  array_operations #(
      .PULSES           (PULSES),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_operations (
      .clk           (clk),
      .clk_pulses    (clk_pulses),
      .rst_n         (rst_n),
      .start         (start),
      .stop          (stop),
      .opcode        (opcode),
      .fixed         (fixed),
      .data_place    (data_place),
      .columns       (columns),
      .vectors       (vectors),
      .cell_pulses   (cell_pulses),
      .limit_read    (limit_read),
      .cycles        (cycles),
      .fields        (step_fields),
      .done          (step_done),
      .status        (step_status),
      .words         (step_words),
      .count         (step_count),
      .total         (step_total),
      .counting      (step_counting),
      .reading       (step_reading),
      .q_address     (step_q_address),
      .q_data        (q_data),
      .w_write       (step_w_write),
      .w_address     (step_w_address),
      .w_data        (step_w_data),
      .row_restart   (row_restart),
      .row_next      (row_next),
      .row           (row),
      .row_last      (row_last),
      .column_restart(column_restart),
      .column_next   (column_next),
      .column        (column),
      .column_last   (column_last),
      .g_valid       (step_g_valid),
      .g_dry         (step_g_dry),
      .g_done        (g_done),
      .g_status      (g_status),
      .g_limit       (g_limit),
      .given         (given),
      .given_cells   (given_cells),
      .pulses_left   (pulses_left),
      .p_elapsed     (step_p_elapsed),
      .p_index       (step_p_index),
      .x_valid       (step_x_valid),
      .x_ready       (x_ready),
      .x_line        (step_x_line),
      .x_code        (step_x_code),
      .x_last        (step_x_last),
      .x_index       (step_x_index),
      .macro_abort   (step_macro_abort),
      .macro_idle    (macro_idle),
      .r_valid       (r_valid),
      .r_data        (r_data),
      .r_saturated   (r_saturated),
      .r_last        (r_last),
      .c_ask         (c_ask),
      .c_answer      (c_answer),
      .refresh       (step_refresh),
      .refresh_done  (refresh_done)
  );

  generate
    if (PULSES) begin : g_firmware
      firmware_engine #(
          .ROWS(ROWS),
          .COLS(COLS)
      ) u_firmware (
          .clk(clk_core), .rst_n(rst_n), .start(start && served),
          .stop(stop), .opcode(opcode), .q_words(q_words),
          .head(fixed[95:0]), .largest(largest), .cycles(cycles),
          .done(core_done), .answer(answer), .q_address(core_q_address),
          .q_data(q_data), .w_write(core_w_write), .w_address(core_w_address),
          .w_data(core_w_data), .image_crc(image_crc), .armed(armed),
          .pulses_left(pulses_left), .limit_read(limit_read), .runs(runs),
          .reading(core_reading), .op(op), .op_mask(op_core_mask),
          .g_valid(core_g_valid), .g_dry(core_g_dry), .g_done(g_done),
          .g_status(g_status), .g_limit(g_limit), .given(given),
          .given_cells(given_cells), .p_elapsed(core_p_elapsed), .p_index(core_p_index),
          .x_valid(core_x_valid), .x_ready(x_ready), .x_code(core_x_code),
          .macro_abort(core_macro_abort), .macro_idle(macro_idle), .r_valid(r_valid),
          .r_data(r_data), .r_saturated(r_saturated), .r_last(r_last),
          .refresh(core_refresh), .refresh_done(refresh_done)
      );
    end else begin : g_no_firmware
      assign {core_done, answer, core_q_address, core_w_write, core_w_address, core_w_data, image_crc, runs, core_reading} = 0;
      assign {op, op_core_mask, core_g_valid, core_g_dry, core_p_elapsed, core_p_index} = 0;
      assign {core_x_valid, core_x_code, core_macro_abort, core_refresh} = 0;
      wire unused_firmware = &{1'b0, clk_core, q_words, largest, armed};
    end
  endgenerate

  // ---- Outputs ----
  assign done     = step_done || core_done;
  assign counting = served || step_counting;
  assign w_write  = step_w_write || core_w_write;
  assign {total, count, words, status}   = served ? answer : {step_total, step_count, step_words, step_status};
  assign {q_address, w_address, w_data}  = served ? {core_q_address, core_w_address, core_w_data}
      : {step_q_address, step_w_address, step_w_data};
  assign {g_valid, g_dry, p_elapsed, p_index}     = runs ? {core_g_valid, core_g_dry, core_p_elapsed, core_p_index}
      : {step_g_valid, step_g_dry, step_p_elapsed, step_p_index};
  assign {x_valid, x_line, x_code, x_last, x_index} = runs ? {core_x_valid, op[8:0], core_x_code, 1'b1, core_p_index}
      : {step_x_valid, step_x_line, step_x_code, step_x_last, step_x_index};
  assign {reading, macro_abort, refresh} = runs ? {core_reading, core_macro_abort, core_refresh}
      : {step_reading, step_macro_abort, step_refresh};
  assign op_mask = runs ? op_core_mask : columns_mask;
  assign {op_opcode, op_fields, op_first, op_last, op_row} = runs ? {op[130:123], 96'd0, op[122:0]}
      : {opcode, step_fields, first_column, last_column, row};

endmodule

`default_nettype wire
