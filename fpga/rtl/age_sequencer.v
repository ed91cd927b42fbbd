// SPDX-License-Identifier: BSD-3-Clause
// Executes ENV: lets time and reads act on every row of the window, one after the other.
//
// `start` begins; `done` comes once. The first row is given to the macro 4 cycles after `start`, each further one in the cycle after the
// `e_done` of the one before: an idle macro takes it at once. Then the touched columns are refreshed. After `stop` no
// further row is given; the refresh still comes. Cycles: docs/emulator.md.

`default_nettype none

module age_sequencer (
    input  wire        clk,
    input  wire        rst_n,

    // Request
    input  wire        start,
    input  wire        stop,       // level, until `done`
    output wire        done,
    output wire        early,      // with `done`: stopped before its end
    output wire [31:0] rows_done,

    // Rows of the window
    output wire        row_restart,
    output wire        row_next,
    input  wire        row_last,

    // Macro
    output wire        e_valid,
    input  wire        e_done,
    input  wire        macro_idle,
    output wire        refresh,
    input  wire        refresh_done
);

  localparam [2:0] ST_IDLE = 3'd0, ST_RESTART = 3'd1, ST_ROWS = 3'd2, ST_REFRESH = 3'd3, ST_SETTLE = 3'd4, ST_DONE = 3'd5;
  localparam [1:0] LEAD = 2'd2;  // cycles of ST_RESTART, less one

  // ---- State ----
  reg [2:0]  state_q, state_d;
  reg [1:0]  lead_q;
  reg        given_q;    // the macro has a row
  reg        early_q;
  reg [31:0] rows_q;

  // ---- Next state ----
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (start) state_d = ST_RESTART;
      // The first row comes up.
      ST_RESTART: if (lead_q == LEAD) state_d = ST_ROWS;
      // A row at a time.
      ST_ROWS: if (given_q ? e_done && (stop || row_last) : stop) state_d = ST_REFRESH;
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
      lead_q  <= 2'd0;
      given_q <= 1'b0;
      early_q <= 1'b0;
      rows_q  <= 32'd0;
    end else begin
      if (state_q == ST_RESTART) lead_q <= lead_q + 2'd1;
      given_q <= e_valid || (given_q && !e_done);
      if (given_q && e_done) rows_q <= rows_q + 32'd1;
      if (stop && state_q != ST_DONE) early_q <= 1'b1;
    end
  end

  // ---- Outputs ----
  assign done        = state_q == ST_DONE;
  assign early       = early_q;
  assign rows_done   = rows_q;
  assign row_restart = start;
  assign row_next    = given_q && e_done && !row_last;
  assign e_valid     = state_q == ST_ROWS && !given_q && !stop;
  assign refresh     = state_q == ST_REFRESH && macro_idle;

endmodule

`default_nettype wire
