// SPDX-License-Identifier: BSD-3-Clause
// Judges both axes of a window and loads them: rows first, then columns (docs/protocol.md, "Refusals").
//
// `start` begins; `done` comes once, with `bad` and the three words of the refusal. After a good end the walks and masks
// of both axes stand ready until the next `start`. An axis without bitmap costs 4 cycles and what its mask
// takes (line_mask), one with a bitmap 16 words of two cycles, or one cycle a bit set and one more.

`default_nettype none

module window_load #(
    parameter ROWS = 512,
    parameter COLS = 512
) (
    input  wire            clk,
    input  wire            rst_n,

    input  wire            start,
    input  wire [63:0]     rows_axis,
    input  wire [63:0]     columns_axis,
    input  wire [5:0]      rows_place,
    input  wire [5:0]      columns_place,
    output wire            done,
    output wire            bad,
    output wire [31:0]     value,
    output wire [31:0]     bound,
    output wire [31:0]     place,

    // Request memory: data one cycle after its address
    output wire [15:0]     q_address,
    input  wire [31:0]     q_data,

    // The window
    output wire [ROWS-1:0] rows_mask,
    output wire [COLS-1:0] columns_mask,
    output wire [8:0]      first_column,
    output wire [8:0]      last_column,

    // Walks (axis_lines)
    input  wire            row_restart,
    input  wire            row_next,
    output wire [8:0]      row,
    output wire            row_last,
    input  wire            column_restart,
    input  wire            column_next,
    output wire [8:0]      column,
    output wire            column_last
);

  localparam [2:0] ST_IDLE = 3'd0, ST_SPAN = 3'd1, ST_FORM = 3'd2, ST_LOAD = 3'd3, ST_WORDS = 3'd4, ST_JUDGE = 3'd5,
      ST_DONE = 3'd6;

  // ---- State ----
  reg [2:0]  state_q, state_d;
  reg        columns_q;          // the columns axis is at hand
  reg [30:0] reach_q;            // (count - 1) x stride
  reg [31:0] last_q;
  reg [4:0]  word_q;
  reg        there_q;            // q_data is the word at q_address
  reg [8:0]  highest_q;
  reg        bad_q;
  reg [31:0] value_q, bound_q, place_q;

  // ---- The axis at hand ----
  wire [63:0] axis    = columns_q ? columns_axis : rows_axis;
  wire [5:0]  at      = columns_q ? columns_place : rows_place;
  wire [31:0] lines   = columns_q ? COLS : ROWS;
  wire [15:0] first   = axis[15:0];
  wire [15:0] count   = axis[31:16];
  wire [14:0] stride  = axis[46:32];
  wire        bitmap  = axis[63];
  wire [15:0] spacing = count - 16'd1;

  wire        loaded, w_ready;
  wire [9:0]  bits_set;
  wire [8:0]  bits_last;
  wire        empty   = count == 16'd0;
  wire        still   = !bitmap && stride == 15'd0;
  wire        differs = bitmap && {6'd0, bits_set} != count;
  wire        outside = last_q >= lines;

  // ---- Next state ----
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (start) state_d = ST_SPAN;
      // Multiply; then know the last line.
      ST_SPAN: state_d = ST_FORM;
      ST_FORM: state_d = empty || still ? ST_JUDGE : bitmap ? ST_LOAD : ST_JUDGE;
      // Give a good axis to its walk and its mask; a bitmap is judged by its bits afterwards.
      ST_LOAD: state_d = ST_WORDS;
      ST_WORDS: if (loaded && mask_done) state_d = bitmap ? ST_JUDGE : columns_q ? ST_DONE : ST_SPAN;
      ST_JUDGE: state_d = unfit ? ST_DONE : !bitmap ? ST_LOAD : columns_q ? ST_DONE : ST_SPAN;
      ST_DONE: state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
  end
  wire unfit     = empty || still || differs || outside;
  wire axis_done = (state_q == ST_WORDS || state_q == ST_JUDGE) && (state_d == ST_SPAN || state_d == ST_DONE);

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin
    if (state_q == ST_IDLE) columns_q <= 1'b0;
    else if (axis_done) columns_q <= 1'b1;
    if (state_q == ST_SPAN) reach_q <= {15'd0, spacing} * {16'd0, stride};
    if (state_q == ST_FORM) last_q <= {16'd0, first} + {1'b0, reach_q};
    else if (state_q == ST_WORDS && bitmap) last_q <= {23'd0, bits_last};
    if (axis_done && columns_q) highest_q <= last_q[8:0];
  end

  always @(posedge clk) begin : bitmap_words
    if (state_q == ST_LOAD) begin
      word_q  <= 5'd0;
      there_q <= 1'b0;
    end else if (state_q == ST_WORDS && bitmap && word_q != 5'd16) begin
      there_q <= !(there_q && w_ready);
      if (there_q && w_ready) word_q <= word_q + 5'd1;
    end else there_q <= 1'b0;
  end

  always @(posedge clk) begin : refusal
    if (state_q == ST_IDLE) bad_q <= 1'b0;
    if (state_q == ST_JUDGE) begin
      bad_q   <= unfit;
      value_q <= empty || still ? 32'd0 : differs ? {22'd0, bits_set} : last_q;
      bound_q <= empty || still ? 32'd1 : differs ? {16'd0, count} : lines - 32'd1;
      place_q <= {26'd0, at} + {31'd0, !empty && still};
    end
  end

  // ---- Walks and masks ----
  wire load         = state_q == ST_LOAD;
  wire w_valid      = there_q && w_ready;
  wire row_loaded, column_loaded, row_w_ready, column_w_ready, rows_done, columns_done;
  wire [9:0] row_bits, column_bits;
  wire [8:0] row_highest, column_highest, first_row;
  wire unused_bits  = &{first_row, axis[62:47]};
  wire mask_done    = columns_q ? columns_done : rows_done;
  assign loaded     = columns_q ? column_loaded : row_loaded;
  assign w_ready    = columns_q ? column_w_ready : row_w_ready;
  assign bits_set   = columns_q ? column_bits : row_bits;
  assign bits_last  = columns_q ? column_highest : row_highest;

  axis_lines u_rows (
      .clk       (clk),
      .rst_n     (rst_n),
      .load      (load && !columns_q),
      .start     (first[8:0]),
      .count     (count[9:0]),
      .stride    (stride[8:0]),
      .bitmap    (bitmap),
      .w_valid   (w_valid && !columns_q),
      .w_ready   (row_w_ready),
      .w_data    (q_data),
      .loaded    (row_loaded),
      .bits_set  (row_bits),
      .first_line(first_row),
      .last_line (row_highest),
      .restart   (row_restart),
      .next      (row_next),
      .line      (row),
      .last      (row_last)
  );

  axis_lines u_columns (
      .clk       (clk),
      .rst_n     (rst_n),
      .load      (load && columns_q),
      .start     (first[8:0]),
      .count     (count[9:0]),
      .stride    (stride[8:0]),
      .bitmap    (bitmap),
      .w_valid   (w_valid && columns_q),
      .w_ready   (column_w_ready),
      .w_data    (q_data),
      .loaded    (column_loaded),
      .bits_set  (column_bits),
      .first_line(first_column),
      .last_line (column_highest),
      .restart   (column_restart),
      .next      (column_next),
      .line      (column),
      .last      (column_last)
  );

  line_mask #(
      .LINES(ROWS)
  ) u_rows_mask (
      .clk    (clk),
      .rst_n  (rst_n),
      .load   (load && !columns_q),
      .start  (first[8:0]),
      .count  (count[9:0]),
      .stride (stride[8:0]),
      .bitmap (bitmap),
      .w_valid(w_valid && !columns_q),
      .w_data (q_data),
      .done   (rows_done),
      .mask   (rows_mask)
  );

  line_mask #(
      .LINES(COLS)
  ) u_columns_mask (
      .clk    (clk),
      .rst_n  (rst_n),
      .load   (load && columns_q),
      .start  (first[8:0]),
      .count  (count[9:0]),
      .stride (stride[8:0]),
      .bitmap (bitmap),
      .w_valid(w_valid && columns_q),
      .w_data (q_data),
      .done   (columns_done),
      .mask   (columns_mask)
  );

  // ---- Outputs ----
  assign done        = state_q == ST_DONE;
  assign bad         = bad_q;
  assign value       = value_q;
  assign bound       = bound_q;
  assign place       = place_q;
  assign q_address   = {10'd0, at} + {11'd0, word_q} + 16'd2;
  assign last_column = highest_q;

endmodule

`default_nettype wire
