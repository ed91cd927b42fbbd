// SPDX-License-Identifier: BSD-3-Clause
// Walks the serial macro's passes, columns, planes and rows; loads the vector.
//
// The rows of a vector are stored as they come; its last beat is answered when its operation index has been used,
// with the keys of its last pass (`keyed`). A pass begins with `start`; every kept column and plane of it
// reads all rows, a row a cycle, and then waits for `take`. The next pass, and the next vector, begin behind the last sample
// of this one (`leaves`). `line` and `code` follow `read` by one cycle.

`default_nettype none

module serial_walk #(
    parameter ROWS = 64,  // of the macro
    parameter COLS = 64
) (
    input  wire            clk,
    input  wire            rst_n,
    input  wire            clear,
    output wire            idle,

    // Configuration
    input  wire [3:0]      cfg_bits,
    input  wire            cfg_raw,
    input  wire [7:0]      cfg_repeats,
    input  wire [COLS-1:0] cfg_mask,
    input  wire [8:0]      cfg_first_column,
    input  wire [8:0]      cfg_last_column,

    // Vectors
    input  wire            x_valid,
    output wire            x_ready,
    input  wire [8:0]      x_line,
    input  wire [8:0]      x_code,
    input  wire            x_last,

    // Passes
    input  wire            s_ready,
    output wire            s_take,
    output wire            start,
    output wire [7:0]      pass,
    output wire            pass_first,    // of its result
    output wire            pass_last,
    input  wire            keyed,
    input  wire            leaves,

    // The conversion whose rows are read
    output wire            column_known,
    output wire [8:0]      column,
    output wire [2:0]      plane,
    output wire            ends,          // the last of its pass
    input  wire            take,

    // Rows
    output wire            read,
    output wire            settled,       // all rows of it were read
    output wire [8:0]      line,
    output wire [8:0]      code
);

  localparam W_C = $clog2(COLS);
  localparam W_R = $clog2(ROWS);
  localparam [2:0] ST_LOAD = 3'd0, ST_START = 3'd1, ST_SCAN = 3'd2, ST_ROWS = 3'd3, ST_SETTLE = 3'd4, ST_END = 3'd5;

  // ---- State
  reg [2:0] state_q, state_d;
  reg [8:0] position_q, count_q, column_q;
  reg [2:0] plane_q;
  reg [7:0] pass_q;

  // ---- Next state
  wire       beat        = state_q == ST_LOAD && x_valid;
  wire       row_last    = position_q == count_q;
  wire [3:0] plane_top   = cfg_bits - 4'd1;
  wire       plane_last  = cfg_raw || plane_q == plane_top[2:0];
  wire       column_last = column_q == cfg_last_column;
  wire [7:0] pass_top    = cfg_raw ? {4'd0, plane_top} : cfg_repeats - 8'd1;
  wire       vector_last = pass_q == pass_top;

  always @(*) begin
    state_d = state_q;
    case (state_q)
      // Store rows.
      ST_LOAD: if (beat && x_last) state_d = ST_START;
      // Wait for room for the result.
      ST_START: if (start) state_d = ST_SCAN;
      // Look for the next kept column.
      ST_SCAN: if (cfg_mask[column_q[W_C-1:0]] || column_last) state_d = ST_ROWS;
      // Read a row a cycle.
      ST_ROWS: if (row_last) state_d = ST_SETTLE;
      // Wait until the sums are taken.
      ST_SETTLE: if (take) state_d = !plane_last ? ST_ROWS : column_last ? ST_END : ST_SCAN;
      // Wait for the last sample.
      ST_END: if (leaves) state_d = vector_last ? ST_LOAD : ST_START;
      default: state_d = ST_LOAD;
    endcase
  end

  // ---- Registers
  always @(posedge clk) begin
    if (!rst_n || clear) state_q <= ST_LOAD;
    else                 state_q <= state_d;
  end

  always @(posedge clk) begin
    if (!rst_n || clear || state_d == ST_START || state_q == ST_SETTLE) position_q <= 9'd0;
    else if (beat || state_q == ST_ROWS)                                position_q <= position_q + 9'd1;
    if (beat) count_q <= position_q;
  end

  always @(posedge clk) begin
    if (state_q == ST_LOAD)                         pass_q <= 8'd0;
    else if (state_q == ST_END && leaves)           pass_q <= pass_q + 8'd1;
    if (state_q == ST_START)                        column_q <= cfg_first_column;
    else if (state_q == ST_SCAN ? state_d == ST_SCAN : take && plane_last) column_q <= column_q + 9'd1;
    if (state_q == ST_START || (take && plane_last)) plane_q <= cfg_raw ? pass_q[2:0] : 3'd0;
    else if (take)                                   plane_q <= plane_q + 3'd1;
  end

  // ---- Rows of the vector
  (* ram_style = "block" *)
  reg [17:0] rows [0:(1<<W_R)-1];
  reg [17:0] row_q;

  always @(posedge clk) begin
    if (beat) rows[position_q[W_R-1:0]] <= {x_line, x_code};
    if (read) row_q <= rows[position_q[W_R-1:0]];
  end

  // ---- Outputs
  assign idle         = state_q == ST_LOAD && position_q == 9'd0;
  assign x_ready      = (state_q == ST_LOAD && !x_last) || (keyed && vector_last);
  assign start        = state_q == ST_START && (s_ready || !pass_first);
  assign s_take       = start && pass_first;
  assign pass         = cfg_raw ? 8'd0 : pass_q;
  assign pass_first   = cfg_raw || pass_q == 8'd0;
  assign pass_last    = cfg_raw || vector_last;
  assign column_known = state_q == ST_ROWS || state_q == ST_SETTLE;
  assign column       = column_q;
  assign plane        = plane_q;
  assign ends         = plane_last && column_last;
  assign read         = state_q == ST_ROWS;
  assign settled      = state_q == ST_SETTLE;
  assign {line, code} = row_q;

endmodule

`default_nettype wire
