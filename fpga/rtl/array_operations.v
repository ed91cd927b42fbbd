// SPDX-License-Identifier: BSD-3-Clause
// Executes what touches the array: one engine a kind of request, sharing walks, request memory and reply port.
//
// `start` begins; `done` comes once with the status and the reply's first `count` words (docs/protocol.md): cycles and
// saturated results, cycles and pulses, or cycles alone; what was driven when stopped; or a refusal.
// `counting` is high in the cycles that count: for vectors up to the last result, else the whole run.

`default_nettype none
`include "board_map.vh"

module array_operations #(
    parameter [0:0] PULSES      = 1'b1,  // 0: neither PULSE nor SWEEP
    parameter MAX_PAYLOAD_WORDS = 1024
) (
    input  wire         clk,
    input  wire         clk_pulses,
    input  wire         rst_n,

    // Request
    input  wire         start,
    input  wire         stop,
    input  wire [7:0]   opcode,
    input  wire [191:0] fixed,
    input  wire [5:0]   data_place,
    input  wire [9:0]   columns,
    input  wire [19:0]  vectors,
    input  wire [31:0]  cell_pulses,
    input  wire [15:0]  limit_read,
    input  wire [31:0]  cycles,
    output wire [191:0] fields,    // of what is driven (pulse_operations)
    output wire         done,
    output wire [7:0]   status,
    output wire [95:0]  words,
    output wire [1:0]   count,
    output wire [15:0]  total,
    output wire         counting,
    output wire         reading,
    output wire [15:0]  q_address,
    input  wire [31:0]  q_data,
    output wire         w_write,
    output wire [15:0]  w_address,
    output wire [31:0]  w_data,

    // Walks
    output wire         row_restart,
    output wire         row_next,
    input  wire [8:0]   row,
    input  wire         row_last,
    output wire         column_restart,
    output wire         column_next,
    input  wire [8:0]   column,
    input  wire         column_last,

    // Guard and macro (docs/macro_port.md)
    output wire         g_valid,
    output wire         g_dry,
    input  wire         g_done,
    input  wire [7:0]   g_status,
    input  wire [31:0]  g_limit,
    input  wire         given,
    input  wire [9:0]   given_cells,
    input  wire [31:0]  pulses_left,
    output wire [31:0]  p_elapsed,
    output wire [63:0]  p_index,
    output wire         x_valid,
    input  wire         x_ready,
    output wire [8:0]   x_line,
    output wire [8:0]   x_code,
    output wire         x_last,
    output wire [63:0]  x_index,
    output wire         macro_abort,
    input  wire         macro_idle,
    input  wire         r_valid,
    input  wire [31:0]  r_data,
    input  wire         r_saturated,
    input  wire         r_last,
    output wire [30:0]  c_ask,     // cells, as cell_operations lays them out
    input  wire [12:0]  c_answer,
    output wire         refresh,
    input  wire         refresh_done
);

  wire is_cells  = opcode == `OP_READ_CELLS;
  wire is_vector = opcode == `OP_MAC || opcode == `OP_MAC_RAW || is_cells;
  wire is_sweep  = PULSES && opcode == `OP_SWEEP;  // its readings are vector_engine's, led by pulse_operations
  wire is_pulse  = (PULSES && opcode == `OP_PULSE) || is_sweep;
  wire is_cell   = opcode == `OP_CELL_LOAD || opcode == `OP_CELL_DUMP || opcode == `OP_ENV;

  wire        vector_done, vector_early, vector_write, vector_restart, vector_next;
  wire        pulse_done, pulse_counting, pulse_restart, pulse_next, pulse_refresh;
  wire        sweep_reads, sweep_go, sweep_open, sweep_halt, vector_busy, vector_valid;
  wire        passes = !is_sweep || sweep_open;
  wire        cell_done, cell_early, cell_write, cell_restart, cell_next, cell_refresh;
  wire [7:0]  pulse_status;
  wire [31:0] vectors_done, saturated, cell_rows;
  wire [95:0] pulse_words;
  wire [191:0] pulse_fields;
  wire [15:0] vector_total, vector_q, vector_at, cell_total, cell_q, cell_at, pulse_q;
  wire [31:0] vector_data, cell_data;
  wire [19:0] vectors_fed = is_cells || is_sweep ? vectors : {4'd0, fixed[143:128]};
  wire        unused_bits = &{fixed[191:176], vectors_fed[19:16], fixed[31:23], fixed[15], fixed[11:10], fixed[7:0]};

  vector_engine #(
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_vectors (
      .clk         (clk),
      .rst_n       (rst_n),
      .start       ((start && is_vector) || sweep_go),
      .stop        (is_sweep ? sweep_halt : stop),
      .cells       (is_cells || is_sweep),
      .no_array    (fixed[27] && !is_sweep),
      .bits        (is_sweep ? 4'd1 : fixed[19:16]),
      .is_signed   (fixed[22] && !is_sweep),
      .width       (fixed[21:20]),
      .repeats     (is_sweep ? 8'd1 : 8'd1 << fixed[14:12]),
      .index       (fixed[127:64]),
      .count       (vectors_fed[15:0]),
      .vectors     (vectors),
      .data_place  ({10'd0, data_place}),
      .busy        (vector_busy),
      .done        (vector_done),
      .early       (vector_early),
      .vectors_done(vectors_done),
      .saturated   (saturated),
      .reply_words (vector_total),
      .q_address   (vector_q),
      .q_data      (q_data),
      .w_write     (vector_write),
      .w_address   (vector_at),
      .w_data      (vector_data),
      .row_restart (vector_restart),
      .row_next    (vector_next),
      .row         (row),
      .row_last    (row_last),
      .x_valid     (vector_valid),
      .x_ready     (x_ready && passes),
      .x_line      (x_line),
      .x_code      (x_code),
      .x_last      (x_last),
      .x_index     (x_index),
      .macro_abort (macro_abort),
      .macro_idle  (macro_idle),
      .r_valid     (r_valid),
      .r_data      (r_data),
      .r_saturated (r_saturated),
      .r_last      (r_last)
  );

  generate
    if (PULSES) begin : g_pulses
      pulse_operations u_pulses (
          .clk(clk_pulses), .rst_n(rst_n), .start(start && is_pulse),
          .stop(stop), .is_sweep(is_sweep), .fixed(fixed),
          .data_place(data_place), .columns(columns), .cell_pulses(cell_pulses),
          .limit_read(limit_read), .cycles(cycles), .done(pulse_done),
          .status(pulse_status), .words(pulse_words), .counting(pulse_counting),
          .fields(pulse_fields), .q_address(pulse_q), .q_data(q_data),
          .row_restart(pulse_restart), .row_next(pulse_next), .row(row),
          .row_last(row_last), .g_valid(g_valid), .g_dry(g_dry),
          .g_done(g_done), .g_status(g_status), .g_limit(g_limit),
          .given(given), .given_cells(given_cells), .pulses_left(pulses_left),
          .reads(sweep_reads), .go(sweep_go), .open(sweep_open),
          .halt(sweep_halt), .beat(x_valid && x_ready), .read_end(r_valid && r_last),
          .read_done(vector_done), .read_index(x_index), .p_elapsed(p_elapsed),
          .p_index(p_index), .macro_idle(macro_idle), .refresh(pulse_refresh),
          .refresh_done(refresh_done)
      );
    end else begin : g_no_pulses
      assign pulse_counting = 1'b1;  // cells: the whole run
      assign {pulse_done, pulse_status, pulse_words, pulse_fields, pulse_q, pulse_restart, pulse_next} = 0;
      assign {g_valid, g_dry, sweep_reads, sweep_go, sweep_open, sweep_halt, p_elapsed, p_index, pulse_refresh} = 0;
      wire unused_pulses = &{1'b0, cell_pulses, limit_read, g_done, g_status, g_limit, given, given_cells, pulses_left};
    end
  endgenerate

  cell_operations u_cells (
      .clk           (clk_pulses),
      .rst_n         (rst_n),
      .start         (start && is_cell),
      .stop          (stop),
      .opcode        (opcode),
      .columns       (columns),
      .data_place    ({10'd0, data_place}),
      .done          (cell_done),
      .early         (cell_early),
      .rows_done     (cell_rows),
      .reply_words   (cell_total),
      .q_address     (cell_q),
      .q_data        (q_data),
      .w_write       (cell_write),
      .w_address     (cell_at),
      .w_data        (cell_data),
      .row_restart   (cell_restart),
      .row_next      (cell_next),
      .row           (row),
      .row_last      (row_last),
      .column_restart(column_restart),
      .column_next   (column_next),
      .column        (column),
      .column_last   (column_last),
      .c_ask         (c_ask),
      .c_answer      (c_answer),
      .macro_idle    (macro_idle),
      .refresh       (cell_refresh),
      .refresh_done  (refresh_done)
  );

  // ---- Outputs ----
  wire early = is_vector ? vector_early : cell_early;
  wire swept = is_sweep && pulse_status == `STATUS_OK;
  wire [31:0] rows_done = is_vector ? vectors_done : cell_rows;
  assign done        = (vector_done && !is_sweep) || pulse_done || cell_done;
  assign status      = is_pulse ? pulse_status : early ? `STATUS_ABORTED : `STATUS_OK;
  assign words       = is_pulse && !swept ? pulse_words : early && !swept ? {32'd0, rows_done, 32'd1}
      : {32'd0, is_vector || swept ? saturated : 32'd0, cycles};
  assign count       = is_vector || swept ? 2'd2 : is_pulse ? 2'd3 : 2'd1;
  assign total       = is_vector || swept ? vector_total : is_pulse ? 16'd3 : cell_total;
  assign fields      = is_pulse ? pulse_fields : fixed;
  assign reading     = is_sweep ? sweep_reads : vector_busy;
  assign counting    = is_vector ? vector_busy : pulse_counting;
  assign x_valid     = vector_valid && passes;
  assign q_address   = is_vector ? vector_q : is_pulse ? pulse_q : cell_q;
  assign w_write     = vector_write || cell_write;
  assign w_address   = is_vector || is_sweep ? vector_at : cell_at;
  assign w_data      = is_vector || is_sweep ? vector_data : cell_data;
  assign row_restart = (vector_restart && !is_sweep) || pulse_restart || cell_restart;
  assign row_next    = (vector_next && !is_sweep) || pulse_next || cell_next;
  assign refresh     = pulse_refresh || cell_refresh;

endmodule

`default_nettype wire
