// SPDX-License-Identifier: BSD-3-Clause
// Judges the form of a request, from its length to the size of its reply, and keeps what it asked (docs/protocol.md).
//
// `start` begins; `done` comes once, with `bad` and the refusal. Everything else is stable from `done` to the next `start`.
// What depends on limits, token and safe state is judged elsewhere, afterwards.

`default_nettype none
`include "board_map.vh"

module request_check #(
    parameter ROWS              = 512,
    parameter COLS              = 512,
    parameter MAX_PAYLOAD_WORDS = 1024,
    parameter [15:0] COMMON = 16'd0,  // point_check
    parameter [2:0] HAS         = 3'b111  // as request_fetch has it
) (
    input  wire             clk,
    input  wire             rst_n,

    input  wire             start,
    input  wire [7:0]       opcode,
    input  wire [15:0]      words,
    input  wire [15:0]      limit_read,
    input  wire [15:0]      limit_gate,
    output wire             done,
    output wire             bad,
    output wire [7:0]       status,
    output wire [31:0]      value,
    output wire [31:0]      bound,
    output wire [31:0]      place,

    // Request memory
    output wire [15:0]      q_address,
    input  wire [31:0]      q_data,

    // The request
    output wire [191:0]     fixed,
    output wire [5:0]       data_place,
    output wire [9:0]       rows,
    output wire [9:0]       columns,
    output wire [19:0]      vectors,
    output wire [31:0]      largest,
    output wire [31:0]      cell_pulses,
    output wire [ROWS-1:0]  rows_mask,
    output wire [COLS-1:0]  columns_mask,
    output wire [8:0]       first_column,
    output wire [8:0]       last_column,

    // Walks
    input  wire             row_restart,
    input  wire             row_next,
    output wire [8:0]       row,
    output wire             row_last,
    input  wire             column_restart,
    input  wire             column_next,
    output wire [8:0]       column,
    output wire             column_last
);

  localparam [2:0] ST_IDLE = 3'd0, ST_FETCH = 3'd1, ST_FIELD = 3'd2, ST_WINDOW = 3'd3, ST_SIZE = 3'd4, ST_REPLY = 3'd5,
      ST_DONE = 3'd6, ST_RULES = 3'd7;

  localparam [31:0] MOST = MAX_PAYLOAD_WORDS;
  localparam [19:0] MOST_CELLS = 20'd512;  // of PROGRAM

  // ---- State ----
  reg [2:0]  state_q, state_d;
  reg [7:0]  status_q;
  reg [31:0] value_q, bound_q, place_q;

  wire        fetched, bad_length, known, field_done, field_bad, sized, too_large, window_done, window_bad;
  wire [31:0] expected, field_value, field_bound, field_place, window_value, window_bound, window_place;
  wire [63:0] rows_axis, columns_axis;
  wire [5:0]  rows_place, columns_place;
  wire [15:0] fetch_address, window_address, point_address;

  wire is_vector = opcode == `OP_MAC || opcode == `OP_MAC_RAW || opcode == `OP_READ_CELLS;
  wire is_pulse  = opcode == `OP_PULSE;
  wire is_read   = opcode == `OP_READ_CELLS;
  wire is_sweep  = opcode == `OP_SWEEP;
  wire is_program   = opcode == `OP_PROGRAM;
  wire is_reference = opcode == `OP_SELF_TEST || opcode == `OP_ADC_SELFCAL;
  wire axes      = is_vector || is_pulse || is_program || is_reference || opcode == `OP_ARM || opcode == `OP_CELL_LOAD || opcode == `OP_CELL_DUMP
      || opcode == `OP_ENV || is_sweep;

  // ---- Next state ----
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (start) state_d = known ? ST_FETCH : ST_DONE;
      // Length; fields, those of SWEEP's points too; window; size of the reply.
      ST_FETCH: if (fetched) state_d = bad_length ? ST_DONE : ST_RULES;
      ST_RULES: state_d = ST_FIELD;
      ST_FIELD: if (field_done) state_d = field_bad ? ST_DONE : axes ? ST_WINDOW : ST_SIZE;
      ST_WINDOW: if (window_done) state_d = window_bad ? ST_DONE : ST_SIZE;
      ST_SIZE: if (sized) state_d = ST_REPLY;
      ST_REPLY: state_d = ST_DONE;
      ST_DONE: state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin : refusal
    case (state_q)
      ST_IDLE: begin
        status_q <= known ? `STATUS_OK : `STATUS_UNKNOWN_OPCODE;
        {value_q, bound_q, place_q} <= {known ? 32'd0 : {24'd0, opcode}, 64'd0};
      end
      ST_FETCH: if (fetched && bad_length) begin
        status_q <= `STATUS_BAD_LENGTH;
        {value_q, bound_q, place_q} <= {16'd0, words, expected, 32'd0};
      end
      ST_FIELD: if (field_done && field_bad) begin
        status_q <= `STATUS_BAD_FIELD;
        {value_q, bound_q, place_q} <= {field_value, field_bound, field_place};
      end
      ST_WINDOW: if (window_done && window_bad) begin
        status_q <= `STATUS_BAD_WINDOW;
        {value_q, bound_q, place_q} <= {window_value, window_bound, window_place};
      end
      ST_REPLY: if (is_program && vectors > MOST_CELLS) begin
        status_q <= `STATUS_BAD_WINDOW;
        {value_q, bound_q, place_q} <= {12'd0, vectors, 12'd0, MOST_CELLS, 32'd15};
      end else if (too_large) begin
        status_q <= `STATUS_REPLY_TOO_LARGE;
        {value_q, bound_q, place_q} <= {largest, MOST, is_read || is_reference ? 32'd5 : is_vector ? 32'd4 : is_program ? 32'd15 : 32'd1};
      end
      default: ;
    endcase
  end

  request_fetch #(.HAS(HAS)) u_fetch (
      .clk          (clk),
      .rst_n        (rst_n),
      .start        (start && known),
      .opcode       (opcode),
      .words        (words),
      .done         (fetched),
      .bad          (bad_length),
      .expected     (expected),
      .known        (known),
      .q_address    (fetch_address),
      .q_data       (q_data),
      .fixed        (fixed),
      .rows_axis    (rows_axis),
      .columns_axis (columns_axis),
      .rows_place   (rows_place),
      .columns_place(columns_place),
      .data_place   (data_place)
  );

  field_check #(.COMMON(COMMON)) u_fields (
      .clk         (clk),
      .rst_n       (rst_n),
      .judge       (state_q == ST_RULES),
      .opcode      (opcode),
      .word0       (fixed[31:0]),
      .word1       (fixed[63:32]),
      .word2       (fixed[95:64]),
      .word4       (fixed[143:128]),
      .word5       (fixed[175:160]),
      .no_width    ({fixed[191:160] == 32'd0, fixed[159:128] == 32'd0}),
      .column_count(columns_axis[31:16]),
      .column_place(columns_place),
      .data_place  (data_place),
      .limit_read(limit_read), .limit_gate(limit_gate),
      .q_address   (point_address),
      .q_data      (q_data),
      .done        (field_done),
      .bad         (field_bad),
      .value       (field_value),
      .bound       (field_bound),
      .place       (field_place)
  );

  window_load #(
      .ROWS(ROWS),
      .COLS(COLS)
  ) u_window (
      .clk           (clk),
      .rst_n         (rst_n),
      .start         (state_q == ST_FIELD && state_d == ST_WINDOW),
      .rows_axis     (rows_axis),
      .columns_axis  (columns_axis),
      .rows_place    (rows_place),
      .columns_place (columns_place),
      .done          (window_done),
      .bad           (window_bad),
      .value         (window_value),
      .bound         (window_bound),
      .place         (window_place),
      .q_address     (window_address),
      .q_data        (q_data),
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

  // More registers than there are: refused later, so the reply is short.
  wire [15:0] registers = fixed[63:32] > 32'd64 ? 16'd0 : fixed[47:32];
  reply_size #(
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_size (
      .clk        (clk),
      .rst_n      (rst_n),
      .start      (state_q != ST_SIZE && state_d == ST_SIZE),
      .opcode     (opcode),
      .words      (words),
      .count      (is_pulse ? fixed[175:160] : is_vector ? fixed[143:128] : is_sweep ? fixed[47:32] : registers),
      .bits       (fixed[19:16]),
      .width      (fixed[21:20]),
      .pairs      (fixed[23] && !is_sweep),
      .rows       (rows),
      .columns    (columns),
      .done       (sized),
      .vectors    (vectors),
      .largest    (largest),
      .too_large  (too_large),
      .cell_pulses(cell_pulses)
  );

  // ---- Outputs ----
  assign done      = state_q == ST_DONE;
  assign bad       = status_q != `STATUS_OK;
  assign status    = status_q;
  assign value     = value_q;
  assign bound     = bound_q;
  assign place     = place_q;
  assign q_address = state_q == ST_WINDOW ? window_address : is_sweep && state_q == ST_FIELD ? point_address : fetch_address;
  assign rows      = rows_axis[25:16];
  assign columns   = columns_axis[25:16];

endmodule

`default_nettype wire
