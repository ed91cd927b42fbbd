// SPDX-License-Identifier: BSD-3-Clause
// mroot of every column, from its cells: isqrt(((S2 << 10) / S1) << 4), S1 and S2 the sums of g and g^2 (docs/emulator.md).
//
// `refresh` reads the columns one after the other, a cell a cycle (`g` follows `read` by one cycle), divides in 20 steps and lends the
// square root of the conversions (`root` 13 cycles after `root_start`); then `m_write`, and `refresh_done` with the last.
// Cycles: docs/emulator.md, "The serial macro". `load` writes one mroot.

`default_nettype none

module serial_spread #(
    parameter ROWS = 64,  // of the macro
    parameter COLS = 64
) (
    input  wire        clk,
    input  wire        rst_n,

    // Refresh
    input  wire        refresh,
    output wire        refresh_done,

    // Cells
    output wire        read,
    output wire [8:0]  row,
    output wire [8:0]  column,
    input  wire [9:0]  g,

    // Square root of total << 4
    output wire        root_start,
    output wire [19:0] total,
    input  wire [11:0] root,

    // mroot
    input  wire        load,
    input  wire [8:0]  load_column,
    input  wire [11:0] load_root,
    output wire        m_write,
    output wire [8:0]  m_column,
    output wire [11:0] m_root
);

  localparam [31:0] ROW_TOP = ROWS - 1, COLUMN_TOP = COLS - 1;
  localparam [2:0] ST_IDLE = 3'd0, ST_ADD = 3'd1, ST_DIVIDE = 3'd2, ST_ROOT = 3'd3, ST_STORE = 3'd4;

  // ---- State
  reg [2:0]  state_q;
  reg [9:0]  step_q;
  reg [8:0]  column_q;
  reg        add_q;           // `g` is a cell to add
  reg [18:0] s1_q;
  reg [39:0] s2_q;            // S2 << 10, then remainder and dividend out, quotient in
  wire       column_last = column_q == COLUMN_TOP[8:0];
  wire       store       = state_q == ST_STORE;

  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else case (state_q)
      // Wait for a request.
      ST_IDLE: if (refresh) state_q <= ST_ADD;
      // Read the cells of a column; the last one is added in the cycle after it was asked for.
      ST_ADD: if (step_q == ROW_TOP[9:0] + 10'd1) state_q <= ST_DIVIDE;
      ST_DIVIDE: if (step_q == 10'd19) state_q <= ST_ROOT;
      ST_ROOT: if (step_q == 10'd12) state_q <= ST_STORE;
      // Write mroot and go on.
      default: state_q <= column_last ? ST_IDLE : ST_ADD;
    endcase
  end

  wire ends = (state_q == ST_DIVIDE && step_q == 10'd19) || (state_q == ST_ADD && step_q == ROW_TOP[9:0] + 10'd1);

  always @(posedge clk) begin
    if (state_q == ST_IDLE || store || ends) step_q <= 10'd0;
    else                                     step_q <= step_q + 10'd1;
    if (state_q == ST_IDLE) column_q <= 9'd0;
    else if (store)         column_q <= column_q + 9'd1;
    add_q <= read;
  end

  // ---- Sums, then the division: a step takes the divisor off the remainder where it fits
  wire [19:0] square  = {10'd0, g} * {10'd0, g};
  wire [20:0] reduced = {1'b0, s2_q[38:19]} - {2'd0, s1_q};
  wire        fits    = !reduced[20] && s1_q != 19'd0;

  always @(posedge clk) begin
    if (state_q == ST_IDLE || store) begin
      s1_q <= 19'd0;
      s2_q <= 40'd0;
    end else if (add_q) begin
      s1_q        <= s1_q + {9'd0, g};
      s2_q[38:10] <= s2_q[38:10] + {9'd0, square};
    end else if (state_q == ST_DIVIDE) begin
      s2_q <= {fits ? reduced[19:0] : s2_q[38:19], s2_q[18:0], fits};
    end
  end

  // ---- Outputs
  assign read         = state_q == ST_ADD && step_q <= ROW_TOP[9:0];
  assign row          = step_q[8:0];
  assign column       = column_q;
  assign root_start   = state_q == ST_ROOT && step_q == 10'd0;
  assign total        = s2_q[19:0];
  assign refresh_done = store && column_last;
  assign m_write      = load || store;
  assign m_column     = load ? load_column : column_q;
  assign m_root       = load ? load_root : root;

  wire unused_ok = &{1'b0, s2_q[39]};

endmodule

`default_nettype wire
