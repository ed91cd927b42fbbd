// SPDX-License-Identifier: BSD-3-Clause
// Executes PULSE: a dry pass over every row, then every row in turn, `pulses` each, through the guard.
//
// `start` begins; `done` comes once with the status and its three words (protocol.md). Nothing is driven unless the guard takes
// every row and `cell_pulses` is within the token. `p_elapsed` and `p_index` go to the macro beside the guard's own fields.
// With C = SCAN_WORDS + 3 cycles a judgement, an unhindered request takes 2 + rows * C + (pulses of all rows) * (C + 1 + max(width,
// the macro's time) + 1) + refresh cycles (docs/modules/core.md). After `stop` no further pulse is asked for; the
// touched columns are still refreshed.

`default_nettype none
`include "board_map.vh"

module pulse_sequencer (
    input  wire        clk,
    input  wire        rst_n,

    // Request
    input  wire        start,
    input  wire        stop,         // level, until `done`
    input  wire [1:0]  kind,
    input  wire [15:0] voltage,
    input  wire [15:0] gate,
    input  wire [31:0] width,
    input  wire [63:0] index,
    input  wire [15:0] pulses,
    input  wire [31:0] cell_pulses,
    output wire        done,
    output wire [7:0]  status,
    output wire [31:0] value,
    output wire [31:0] bound,
    output wire [31:0] place,
    output wire [31:0] rows_done,
    output wire [31:0] pulses_given,

    // Rows of the window
    output wire        row_restart,
    output wire        row_next,
    input  wire [8:0]  row,
    input  wire        row_last,

    // Guard
    output wire        g_valid,
    output wire        g_dry,
    input  wire        g_done,
    input  wire [7:0]  g_status,
    input  wire [31:0] g_limit,
    input  wire        given,
    input  wire [9:0]  given_cells,
    input  wire [31:0] pulses_left,

    // Macro
    output wire [31:0] p_elapsed,
    output wire [63:0] p_index,
    input  wire        macro_idle,
    output wire        refresh,
    input  wire        refresh_done
);

  localparam [2:0] ST_IDLE = 3'd0, ST_RESTART = 3'd1, ST_DRY = 3'd2, ST_BUDGET = 3'd3, ST_PULSE = 3'd4, ST_REFRESH = 3'd5,
      ST_SETTLE = 3'd6, ST_DONE = 3'd7;

  // ---- State ----
  reg [2:0]  state_q, state_d;
  reg        dry_q;            // the dry pass is on
  reg        asked_q;          // the guard has been asked
  reg [15:0] pulse_q;
  reg [31:0] elapsed_q;
  reg [63:0] index_q;
  reg [31:0] rows_q, given_q;
  reg [7:0]  status_q;
  reg [31:0] value_q, bound_q, place_q;

  // ---- What a status compares ----
  reg [31:0] asked, at;
  always @(*) begin : compared
    {asked, at} = 64'd0;
    case (g_status)
      `STATUS_OPERATION_NOT_ARMED: asked = {30'd0, kind};
      `STATUS_OUTSIDE_TOKEN: {asked, at} = {23'd0, row, 32'd6};
      `STATUS_OVER_VOLTAGE_LIMIT, `STATUS_OVER_TOKEN_VOLTAGE: {asked, at} = {16'd0, voltage, 32'd1};
      `STATUS_OVER_GATE_LIMIT: {asked, at} = {16'd0, gate, 32'd1};
      `STATUS_OVER_WIDTH_LIMIT: {asked, at} = {width, 32'd2};
      default: {asked, at} = 64'd0;
    endcase
  end

  // A limit passed is told only after every row was found in the token; the budget is judged whole.
  wire refused = g_status != `STATUS_OK && g_status != `STATUS_PULSE_BUDGET;
  wire later   = g_status == `STATUS_OVER_VOLTAGE_LIMIT || g_status == `STATUS_OVER_TOKEN_VOLTAGE
      || g_status == `STATUS_OVER_GATE_LIMIT || g_status == `STATUS_OVER_WIDTH_LIMIT;
  wire last_pulse = pulse_q + 16'd1 == pulses;
  wire broke      = cell_pulses > pulses_left;
  wire halt       = stop && !asked_q;

  // ---- Next state ----
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (start) state_d = ST_RESTART;
      // The first row comes up.
      ST_RESTART: state_d = dry_q ? ST_DRY : ST_PULSE;
      // Ask for every row without driving.
      ST_DRY: if (halt) state_d = ST_DONE;
      else if (g_done) state_d = stop || (refused && !later) ? ST_DONE : row_last ? ST_BUDGET : ST_DRY;
      // All pulses together against the token.
      ST_BUDGET: state_d = stop || status_q != `STATUS_OK || broke ? ST_DONE : ST_RESTART;
      // One pulse after the other.
      ST_PULSE: if (halt) state_d = ST_REFRESH;
      else if (g_done && (stop || g_status != `STATUS_OK || (last_pulse && row_last))) state_d = ST_REFRESH;
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
      dry_q   <= 1'b1;
      rows_q  <= 32'd0;
      given_q <= 32'd0;
    end else begin
      if (state_q == ST_BUDGET) dry_q <= 1'b0;
      if (given) given_q <= given_q + {22'd0, given_cells};
      if (state_q == ST_PULSE && g_done && g_status == `STATUS_OK && last_pulse) rows_q <= rows_q + 32'd1;
    end
    asked_q <= state_q != ST_IDLE && state_q == state_d && !g_done;
  end

  wire [32:0] elapsed_d = {1'b0, elapsed_q} + {1'b0, width};
  always @(posedge clk) begin : train
    if (state_q == ST_RESTART || (state_q == ST_PULSE && g_done && last_pulse)) begin
      pulse_q   <= 16'd0;
      elapsed_q <= width;
      index_q   <= index;
    end else if (state_q == ST_PULSE && g_done) begin
      pulse_q   <= pulse_q + 16'd1;
      elapsed_q <= elapsed_d[32] ? 32'hFFFF_FFFF : elapsed_d[31:0];
      index_q   <= index_q + 64'd1;
    end
  end

  always @(posedge clk) begin : outcome
    if (state_q == ST_IDLE) begin
      status_q <= `STATUS_OK;
      {value_q, bound_q, place_q} <= 96'd0;
    end else if (stop && state_q != ST_DONE) begin
      status_q <= `STATUS_ABORTED;
    end else if (state_q == ST_DRY && g_done && refused && (status_q == `STATUS_OK || !later)) begin
      status_q <= g_status;
      {value_q, bound_q, place_q} <= {asked, g_limit, at};
    end else if (state_q == ST_BUDGET && status_q == `STATUS_OK && broke) begin
      status_q <= `STATUS_PULSE_BUDGET;
      {value_q, bound_q, place_q} <= {cell_pulses, pulses_left, 32'd5};
    end else if (state_q == ST_PULSE && g_done && g_status != `STATUS_OK) status_q <= `STATUS_ABORTED;
  end

  // ---- Outputs ----
  assign done         = state_q == ST_DONE;
  assign status       = status_q;
  assign value        = value_q;
  assign bound        = bound_q;
  assign place        = place_q;
  assign rows_done    = rows_q;
  assign pulses_given = given_q;
  assign row_restart  = start || state_q == ST_BUDGET;
  assign row_next     = g_done && !row_last && (state_q == ST_DRY || (state_q == ST_PULSE && last_pulse));
  assign g_valid      = (state_q == ST_DRY || state_q == ST_PULSE) && !asked_q && !stop;
  assign g_dry        = dry_q;
  assign p_elapsed    = elapsed_q;
  assign p_index      = index_q;
  assign refresh      = state_q == ST_REFRESH && macro_idle;

endmodule

`default_nettype wire
