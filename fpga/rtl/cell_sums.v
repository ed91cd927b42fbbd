// SPDX-License-Identifier: BSD-3-Clause
// Sums of g and g^2 of every column, kept as cells change, and mroot (docs/emulator.md).
//
// `update` replaces `old` by `new_g` in the column's sums (three cycles; the same column not again within
// them) and marks it: the mark is a bit beside the sums. `refresh` recomputes mroot of the marked columns, writes it on
// `m_*` and unmarks them: COLS + 4 cycles and 35 more a marked column, then `refresh_done` for one cycle.
// `load` sets all three of a column and unmarks it. All are zero at power-up and kept over a reset.

`default_nettype none

module cell_sums #(
    parameter COLS = 512  // columns
) (
    input  wire        clk,
    input  wire        rst_n,

    // One cell changes
    input  wire        update,
    input  wire [8:0]  column,
    input  wire [9:0]  old,
    input  wire [9:0]  new_g,

    // Non-volatile restore
    input  wire        load,
    input  wire [8:0]  load_column,
    input  wire [18:0] load_s1,
    input  wire [28:0] load_s2,
    input  wire [11:0] load_root,

    // Refresh
    input  wire        refresh,
    output wire        refresh_done,
    output wire        m_write,
    output wire [8:0]  m_column,
    output wire [11:0] m_root
);

  localparam W_C = $clog2(COLS);
  localparam [31:0] TOP = COLS - 1;
  localparam [2:0] ST_IDLE = 3'd0, ST_SETTLE = 3'd1, ST_SCAN = 3'd2, ST_LOAD = 3'd3,
                   ST_DIVIDE = 3'd4, ST_ROOT = 3'd5, ST_STORE = 3'd6;

  // ---- Sums
  reg         update1_q, update2_q;
  reg  [8:0]  column1_q, column2_q;
  reg  [9:0]  old1_q, new1_q;
  reg  [18:0] s1_q;
  reg  [28:0] s2_q;
  wire [47:0] sums;
  wire        marked;
  wire [19:0] old_square = {10'd0, old1_q} * {10'd0, old1_q};
  wire [19:0] new_square = {10'd0, new1_q} * {10'd0, new1_q};
  wire        unmark       = state_q == ST_STORE;
  wire        look         = state_q == ST_SETTLE || (state_q == ST_SCAN && !marked) || unmark;  // at the next column
  wire [8:0]  write_column = load ? load_column : unmark ? scan_q : column2_q;
  wire [8:0]  read_column  = update ? column : state_q == ST_SETTLE ? scan_q : scan_q + 9'd1;

  table_memory #(.DEPTH(COLS), .W(49), .W_A(W_C)) u_sums (
      .clk          (clk),
      .clk_write    (clk),
      .write        (load || unmark || update2_q),
      .write_address(write_column[W_C-1:0]),
      .write_data   (load ? {1'b0, load_s2, load_s1} : unmark ? {1'b0, sums} : {1'b1, s2_q, s1_q}),
      .read         (update || look),
      .read_address (read_column[W_C-1:0]),
      .read_data    ({marked, sums})
  );

  always @(posedge clk) begin
    if (!rst_n) {update1_q, update2_q} <= 2'b00;
    else        {update1_q, update2_q} <= {update, update1_q};
    if (update) begin
      column1_q <= column;
      old1_q    <= old;
      new1_q    <= new_g;
    end
    if (update1_q) begin
      column2_q <= column1_q;
      s1_q      <= sums[18:0] - {9'd0, old1_q} + {9'd0, new1_q};
      s2_q      <= sums[47:19] - {9'd0, old_square} + {9'd0, new_square};
    end
  end

  // ---- Refresh: q = (S2 << 10) / S1 in 20 steps, its root in 12
  reg  [2:0]      state_q;
  reg  [4:0]      step_q;
  reg  [8:0]      scan_q;
  reg  [19:0]     rest_q;       // remainder of the division
  reg  [18:0]     divisor_q;
  reg  [19:0]     quotient_q;   // dividend bits out, quotient bits in
  reg  [23:0]     value_q;
  reg  [13:0]     remainder_q;  // of the root
  reg  [11:0]     root_q;
  wire [20:0]     doubled  = {rest_q, quotient_q[19]};
  wire            fits     = doubled >= {2'd0, divisor_q} && divisor_q != 19'd0;
  wire [20:0]     reduced  = doubled - {2'd0, divisor_q};
  wire [13:0]     partial  = {remainder_q[11:0], value_q[23:22]};
  wire [13:0]     trial    = {root_q, 2'b01};
  wire            scan_end = scan_q == TOP[8:0];

  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else case (state_q)
      // Wait for a request.
      ST_IDLE: if (refresh) state_q <= ST_SETTLE;
      // Let the last update reach the memory.
      ST_SETTLE: if (step_q == 5'd3) state_q <= ST_SCAN;
      // Look at one column a cycle: it was read in the one before.
      ST_SCAN: if (marked) state_q <= ST_LOAD; else if (scan_end) state_q <= ST_IDLE;
      // Take the column's sums.
      ST_LOAD: state_q <= ST_DIVIDE;
      ST_DIVIDE: if (step_q == 5'd19) state_q <= ST_ROOT;
      ST_ROOT: if (step_q == 5'd12) state_q <= ST_STORE;
      // Write mroot and go on.
      default: state_q <= scan_end ? ST_IDLE : ST_SCAN;
    endcase
  end

  always @(posedge clk) begin
    if (state_q == ST_IDLE || state_q == ST_LOAD || (state_q == ST_DIVIDE && step_q == 5'd19)) step_q <= 5'd0;
    else step_q <= step_q + 5'd1;
    if (state_q == ST_IDLE) scan_q <= 9'd0;
    else if ((state_q == ST_SCAN && !marked) || state_q == ST_STORE) scan_q <= scan_q + 9'd1;
  end

  always @(posedge clk) begin
    if (state_q == ST_LOAD) begin
      rest_q     <= {1'b0, sums[47:29]};
      quotient_q <= {sums[28:19], 10'd0};
      divisor_q  <= sums[18:0];
    end else if (state_q == ST_DIVIDE) begin
      rest_q     <= fits ? reduced[19:0] : doubled[19:0];
      quotient_q <= {quotient_q[18:0], fits};
    end
  end

  always @(posedge clk) begin
    if (state_q == ST_ROOT && step_q == 5'd0) begin
      value_q     <= {quotient_q, 4'd0};
      remainder_q <= 14'd0;
      root_q      <= 12'd0;
    end else if (state_q == ST_ROOT) begin
      value_q     <= value_q << 2;
      remainder_q <= partial >= trial ? partial - trial : partial;
      root_q      <= {root_q[10:0], partial >= trial};
    end
  end

  // ---- Outputs
  assign refresh_done = (state_q == ST_SCAN && !marked && scan_end) || (state_q == ST_STORE && scan_end);
  assign m_write      = load || state_q == ST_STORE;
  assign m_column     = load ? load_column : scan_q;
  assign m_root       = load ? load_root : root_q;

  wire unused_ok = &{1'b0, write_column, read_column, remainder_q[13:12], reduced[20]};

endmodule

`default_nettype wire
