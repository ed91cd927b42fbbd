// SPDX-License-Identifier: BSD-3-Clause
// Executes CELL_LOAD and CELL_DUMP: 16-bit conductance codes between payload words and the emulated cells.
//
// `start` begins; `done` comes once. Loading offers the two cells of a word in turn, then waits one cycle for the next word;
// it ends with a refresh of the touched columns. Dumping asks for one cell a cycle and packs answers as they come,
// rows padded to a word, from payload word 1. After `stop` no further cell is asked for; loading still refreshes.

`default_nettype none

module cell_stream (
    input  wire        clk,
    input  wire        rst_n,

    // Request
    input  wire        start,
    input  wire        stop,        // level, until `done`
    input  wire        load,         // else dump
    input  wire [9:0]  columns,
    input  wire [15:0] data_place,
    output wire        done,
    output wire        early,        // with `done`: stopped before its end
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

    // Cells
    output wire        c_valid,
    input  wire        c_ready,
    output wire        c_write,
    output wire [8:0]  c_row,
    output wire [8:0]  c_column,
    output wire [9:0]  c_g,
    input  wire        c_rvalid,
    input  wire [9:0]  c_rdata,
    input  wire        macro_idle,
    output wire        refresh,
    input  wire        refresh_done
);

  localparam [2:0] ST_IDLE = 3'd0, ST_FIRST = 3'd1, ST_WORD = 3'd2, ST_CELL = 3'd3, ST_DRAIN = 3'd4, ST_REFRESH = 3'd5,
      ST_SETTLE = 3'd6, ST_DONE = 3'd7;

  // ---- State ----
  reg [2:0]  state_q, state_d;
  reg [15:0] address_q;
  reg        early_q;
  reg        high_q;               // the upper half of the word is next
  reg [31:0] rows_q;
  reg [18:0] pending_q;            // cells asked for and not answered
  reg [9:0]  answered_q;           // in this row
  reg [15:0] half_q, reply_q;
  reg        write_q;
  reg [31:0] word_q;

  // ---- Next state ----
  wire fire     = c_valid && c_ready;
  wire row_end  = fire && column_last;
  wire all      = row_end && row_last;
  wire word_end = fire && (high_q || column_last);
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (start) state_d = ST_FIRST;
      // The first line of both axes comes up.
      ST_FIRST: state_d = load ? ST_WORD : ST_CELL;
      // The word at `address_q` comes.
      ST_WORD: state_d = stop ? ST_REFRESH : ST_CELL;
      // A cell a cycle, if it is taken.
      ST_CELL: begin
        if (stop || all) state_d = load ? ST_REFRESH : ST_DRAIN;
        else if (load && word_end) state_d = ST_WORD;
      end
      // The last answers come.
      ST_DRAIN: if (pending_q == 19'd0 && !write_q) state_d = ST_DONE;
      // The macro brings its sums up to date.
      ST_REFRESH: if (macro_idle) state_d = ST_SETTLE;
      ST_SETTLE: if (refresh_done) state_d = ST_DONE;
      ST_DONE: state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin
    if (state_q == ST_IDLE) begin
      address_q <= data_place;
      high_q    <= 1'b0;
      early_q   <= 1'b0;
      rows_q    <= 32'd0;
      pending_q <= 19'd0;
    end else begin
      if (word_end && load) address_q <= address_q + 16'd1;
      if (fire) high_q <= load && !word_end;
      if (stop && state_q != ST_DONE) early_q <= 1'b1;
      if (row_end) rows_q <= rows_q + 32'd1;
      pending_q <= pending_q + {18'd0, fire && !load} - {18'd0, c_rvalid && !load};
    end
  end

  wire answer     = c_rvalid && !load && state_q != ST_IDLE;
  wire row_answer = answered_q + 10'd1 == columns;
  always @(posedge clk) begin : packing
    write_q <= answer && (answered_q[0] || row_answer);
    if (state_q == ST_IDLE) begin
      answered_q <= 10'd0;
      reply_q    <= 16'd0;
    end else if (answer) begin
      answered_q <= row_answer ? 10'd0 : answered_q + 10'd1;
      if (answered_q[0] || row_answer) reply_q <= reply_q + 16'd1;
    end
    if (answer) begin
      half_q <= {6'd0, c_rdata};
      word_q <= answered_q[0] ? {6'd0, c_rdata, half_q} : {22'd0, c_rdata};
    end
  end

  // ---- Outputs ----
  wire unused_bits = &{q_data[31:26], q_data[15:10]};
  assign early          = early_q;
  assign done           = state_q == ST_DONE;
  assign rows_done      = rows_q;
  assign reply_words    = reply_q + 16'd1;
  assign q_address      = address_q;
  assign w_write        = write_q;
  assign w_address      = reply_q;
  assign w_data         = word_q;
  assign row_restart    = start;
  assign row_next       = row_end;
  assign column_restart = start;
  assign column_next    = fire;
  assign c_valid        = state_q == ST_CELL && !stop;
  assign c_write        = load;
  assign c_row          = row;
  assign c_column       = column;
  assign c_g            = high_q ? q_data[25:16] : q_data[9:0];
  assign refresh        = state_q == ST_REFRESH && macro_idle;

endmodule

`default_nettype wire
