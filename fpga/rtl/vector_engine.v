// SPDX-License-Identifier: BSD-3-Clause
// Executes MAC, MAC_RAW and READ_CELLS: rows to the macro, results into the reply.
//
// `start` begins; the first beat is offered 3 cycles later, then one a cycle as the macro takes them, without a gap between
// vectors. Results of `accumulate` are taken at once. `done` comes when all `vectors` results are in the reply, bitmap included;
// `busy` falls after the last result was taken: what the reply calls cycles. Payload words 0 and 1 are left to
// the caller. After `stop` the macro is emptied and `done` comes without the rest.

`default_nettype none
`include "board_map.vh"

module vector_engine #(
    parameter MAX_PAYLOAD_WORDS = 1024
) (
    input  wire        clk,
    input  wire        rst_n,

    // Request
    input  wire        start,
    input  wire        stop,       // level, until `done`
    input  wire        cells,       // READ_CELLS: one vector a row, one row on
    input  wire        no_array,   // one beat of nothing a vector
    input  wire [3:0]  bits,
    input  wire        is_signed,
    input  wire [1:0]  width,
    input  wire [7:0]  repeats,
    input  wire [63:0] index,
    input  wire [15:0] count,       // vectors to feed
    input  wire [19:0] vectors,     // results to come
    input  wire [15:0] data_place,
    output wire        busy,
    output wire        done,
    output wire        early,       // with `done`: stopped before its end
    output wire [31:0] vectors_done,
    output wire [31:0] saturated,
    output wire [15:0] reply_words,

    // Request memory, reply words
    output wire [15:0] q_address,
    input  wire [31:0] q_data,
    output wire        w_write,
    output wire [15:0] w_address,
    output wire [31:0] w_data,

    // Rows of the window
    output wire        row_restart,
    output wire        row_next,
    input  wire [8:0]  row,
    input  wire        row_last,

    // Macro, through the guard
    output wire        x_valid,
    input  wire        x_ready,
    output wire [8:0]  x_line,
    output wire [8:0]  x_code,
    output wire        x_last,
    output wire [63:0] x_index,
    output wire        macro_abort,
    input  wire        macro_idle,

    // Results
    input  wire        r_valid,
    input  wire [31:0] r_data,
    input  wire        r_saturated,
    input  wire        r_last
);

  localparam [2:0] ST_IDLE = 3'd0, ST_WAIT = 3'd1, ST_READY = 3'd2, ST_RUN = 3'd3, ST_PACK = 3'd4, ST_FLUSH = 3'd5,
      ST_EMPTY = 3'd6, ST_DONE = 3'd7;

  // ---- State ----
  reg [2:0]  state_q, state_d;
  reg        feeding_q, early_q;
  reg [15:0] fed_q;
  reg [63:0] index_q;
  reg [19:0] came_q;

  // ---- Beats ----
  wire       packed_in = !cells && !no_array;
  wire       f_valid;
  wire [8:0] f_data;
  wire       beat      = x_valid && x_ready;
  wire       vector    = beat && x_last;
  wire [3:0] field     = bits + {3'd0, is_signed};
  wire [7:0] magnitude = f_data[7:0] & ~(8'hFF << bits);
  wire       negative  = is_signed && f_data[bits];
  wire       result    = r_valid && r_last;
  wire       finished  = result && came_q + 20'd1 == vectors;
  wire       packer_idle, flushed;

  // ---- Next state ----
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (start) state_d = ST_WAIT;
      // The first row and the first field come up.
      ST_WAIT: state_d = ST_READY;
      ST_READY: state_d = ST_RUN;
      // Feed vectors and take results.
      ST_RUN: if (finished) state_d = ST_PACK;
      // The last words, then the bitmap, leave.
      ST_PACK: if (packer_idle) state_d = ST_FLUSH;
      ST_FLUSH: if (flushed) state_d = ST_DONE;
      // Stopped: until nothing is in flight.
      ST_EMPTY: if (macro_idle) state_d = ST_DONE;
      ST_DONE: state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
    if (stop && (state_q == ST_WAIT || state_q == ST_READY || state_q == ST_RUN)) state_d = ST_EMPTY;
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin
    if (!rst_n || state_q == ST_EMPTY) feeding_q <= 1'b0;
    else if (state_q == ST_READY) feeding_q <= 1'b1;
    else if (vector && fed_q + 16'd1 == count) feeding_q <= 1'b0;
    if (start) early_q <= 1'b0;
    else if (state_q == ST_EMPTY) early_q <= 1'b1;
    if (start) begin
      fed_q   <= 16'd0;
      came_q  <= 20'd0;
      index_q <= index;
    end else begin
      if (vector) begin
        fed_q   <= fed_q + 16'd1;
        index_q <= index_q + {56'd0, repeats};
      end
      if (result && state_q == ST_RUN) came_q <= came_q + 20'd1;
    end
  end

  bit_unpack u_unpack (
      .clk       (clk),
      .rst_n     (rst_n),
      .start     (start && packed_in),
      .stop      (state_q == ST_DONE),
      .first     (data_place),
      .width     (field),
      .q_address (q_address),
      .q_data    (q_data),
      .f_valid   (f_valid),
      .f_ready   (beat),
      .f_data    (f_data),
      .end_vector(x_last)
  );

  result_pack #(
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_pack (
      .clk        (clk),
      .rst_n      (rst_n),
      .clear      (start),
      .width      (width),
      .r_valid    (r_valid && state_q == ST_RUN),
      .r_data     (r_data),
      .r_saturated(r_saturated),
      .r_last     (r_last),
      .idle       (packer_idle),
      .saturated  (saturated),
      .flush      (state_q == ST_PACK && packer_idle),
      .flushed    (flushed),
      .w_write    (w_write),
      .w_address  (w_address),
      .w_data     (w_data),
      .words      (reply_words)
  );

  // ---- Outputs ----
  assign busy         = state_q == ST_WAIT || state_q == ST_READY || state_q == ST_RUN;
  assign done         = state_q == ST_DONE;
  assign early        = early_q;
  assign vectors_done = {12'd0, came_q};
  assign row_restart  = start;
  assign row_next     = beat && !no_array;
  assign x_valid      = feeding_q && (f_valid || !packed_in);
  assign x_line       = row;
  assign x_code       = packed_in ? {negative, magnitude} : {8'd0, cells};
  assign x_last       = row_last || !packed_in;
  assign x_index      = index_q;
  assign macro_abort  = state_q == ST_EMPTY;

endmodule

`default_nettype wire
