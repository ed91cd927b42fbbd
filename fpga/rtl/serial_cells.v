// SPDX-License-Identifier: BSD-3-Clause
// The cells of the serial macro, one a word, with the spread of each column; CELL_LOAD, CELL_DUMP and the non-volatile port.
//
// `g` follows `read` by one cycle. A cell read answers on `c_rvalid` three cycles after it was taken, a write takes five;
// both, and a refresh, are only taken when `idle`. `nv_load` writes at once, LANES cells of it in one cycle:
// simulation only. `nv_write` tells every cell written.

`default_nettype none

module serial_cells #(
    parameter ROWS  = 64,  // of the macro
    parameter COLS  = 64,
    parameter LANES = 8    // cells of a word of nv_load
) (
    input  wire                clk,
    input  wire                rst_n,
    output wire                idle,

    // Reading of vectors
    input  wire                read,
    input  wire [8:0]          row,
    input  wire [8:0]          column,
    output wire [9:0]          g,

    // Cells
    input  wire                c_valid,
    output wire                c_ready,
    input  wire                c_write,
    input  wire [8:0]          c_row,
    input  wire [8:0]          c_column,
    input  wire [9:0]          c_g,
    output wire                c_rvalid,
    output wire [9:0]          c_rdata,
    input  wire                refresh,
    output wire                refresh_done,

    // mroot, with the square root of the conversions
    output wire                root_start,
    output wire [19:0]         total,
    input  wire [11:0]         root,
    output wire                m_write,
    output wire [8:0]          m_column,
    output wire [11:0]         m_root,

    // Non-volatile mirror
    input  wire                nv_load,
    input  wire                nv_kind,
    input  wire [14:0]         nv_address,
    input  wire [LANES*10-1:0] nv_data,
    output wire                nv_write,
    output wire [8:0]          nv_row,
    output wire [8:0]          nv_column,
    output wire [9:0]          nv_g
);

  localparam W_R = $clog2(ROWS);
  localparam W_C = $clog2(COLS);
  localparam W_A = W_R + W_C;
  localparam [31:0] LANES_N = LANES;
  localparam [2:0] ST_IDLE = 3'd0, ST_FETCH = 3'd1, ST_PICK = 3'd2, ST_PUT = 3'd3, ST_KEEP = 3'd4, ST_REFRESH = 3'd5;

  reg  [9:0] cells [0:(1<<W_A)-1];
  reg  [9:0] g_q;
  integer    i;

  initial for (i = 0; i < (1 << W_A); i = i + 1) cells[i] = 10'd0;

  // ---- One cell
  reg  [2:0] state_q;
  reg        write_q, rvalid_q;
  reg  [8:0] row_q, column_q;
  reg  [9:0] new_q;
  wire       take     = c_valid && c_ready;
  wire       putting  = state_q == ST_PUT;
  wire       fetching = state_q == ST_FETCH;
  wire       done;

  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else case (state_q)
      // Wait for a cell or a refresh.
      ST_IDLE:
        if (refresh)      state_q <= ST_REFRESH;
        else if (c_valid) state_q <= ST_FETCH;
      // Read it, look at it, put the new code.
      ST_FETCH: state_q <= ST_PICK;
      ST_PICK:  state_q <= write_q ? ST_PUT : ST_IDLE;
      ST_PUT:   state_q <= ST_KEEP;
      ST_KEEP:  state_q <= ST_IDLE;
      default:  if (done) state_q <= ST_IDLE;
    endcase
  end

  always @(posedge clk) begin
    if (take) {write_q, row_q, column_q, new_q} <= {c_write, c_row, c_column, c_g};
    rvalid_q <= rst_n && state_q == ST_PICK && !write_q;
  end

  // ---- Memory
  wire       spreads;
  wire [8:0] spread_row, spread_column;
  wire [8:0] read_row    = fetching ? row_q : spreads ? spread_row : row;
  wire [8:0] read_column = fetching ? column_q : spreads ? spread_column : column;
  wire [8:0] first       = {3'd0, nv_address[14:9]} * LANES_N[8:0];  // column of nv_data's first cell

  always @(posedge clk) begin
    if (putting) cells[{column_q[W_C-1:0], row_q[W_R-1:0]}] <= new_q;
    if (nv_load && !nv_kind)
      for (i = 0; i < LANES; i = i + 1)
        cells[{first[W_C-1:0] + i[W_C-1:0], nv_address[W_R-1:0]}] <= nv_data[i*10 +: 10];
  end

  always @(posedge clk) begin
    if (read || fetching || spreads) g_q <= cells[{read_column[W_C-1:0], read_row[W_R-1:0]}];
  end

  serial_spread #(
      .ROWS(ROWS),
      .COLS(COLS)
  ) u_spread (
      .clk         (clk),
      .rst_n       (rst_n),
      .refresh     (idle && refresh),
      .refresh_done(done),
      .read        (spreads),
      .row         (spread_row),
      .column      (spread_column),
      .g           (g_q),
      .root_start  (root_start),
      .total       (total),
      .root        (root),
      .load        (nv_load && nv_kind),
      .load_column (nv_address[8:0]),
      .load_root   (nv_data[59:48]),
      .m_write     (m_write),
      .m_column    (m_column),
      .m_root      (m_root)
  );

  // ---- Outputs
  assign idle         = state_q == ST_IDLE;
  assign g            = g_q;
  assign c_ready      = state_q == ST_IDLE && !refresh;
  assign c_rvalid     = rvalid_q;
  assign c_rdata      = g_q;
  assign refresh_done = done;
  assign nv_write     = putting;
  assign nv_row       = row_q;
  assign nv_column    = column_q;
  assign nv_g         = new_q;

  wire unused_ok = &{1'b0, nv_address, nv_data, row_q, read_row, read_column, first};

endmodule

`default_nettype wire
