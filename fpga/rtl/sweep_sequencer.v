// SPDX-License-Identifier: BSD-3-Clause
// Executes SWEEP: on every row, point after point, a pulse through the guard or a wait, then one conversion by vector_engine.
//
// `start` begins; first every point above the read limit is judged dry, as the guard will judge it again: its rows with the first of
// them, and all of them against the token. `go` starts vector_engine, whose rows pass while `open`. `done` comes once, after it
// is done too, with the status and the three words of a refusal or of what was driven. `counting` is low while points are judged that PULSE
// would not have, and while vector_engine flushes: cycles are those of docs/emulator.md. After `stop`, or when the guard takes a
// pulse no more, `halt` ends vector_engine, and the touched columns are still refreshed.

`default_nettype none
`include "board_map.vh"

module sweep_sequencer (
    input  wire        clk,
    input  wire        rst_n,

    // Request
    input  wire        start,
    input  wire        stop,          // level, until `done`
    input  wire [9:0]  columns,
    output wire        done,
    output wire [7:0]  status,
    output wire [95:0] words,         // value, bound, place; ABORTED: started, rows done, pulses given; from bit 0
    output wire        counting,

    // The present point (sweep_points)
    output wire        points_restart,
    output wire        points_next,
    input  wire        points_ready,
    input  wire        last,
    input  wire [15:0] word,
    input  wire [15:0] voltage,
    input  wire [15:0] gate,
    input  wire [27:0] dwell,
    input  wire [1:0]  kind,
    input  wire        pulsed,
    output wire        reads,         // what is driven is a reading, else a pulse

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

    // vector_engine and macro
    output wire        go,
    output wire        open,          // the row of a reading may pass
    output wire        halt,
    input  wire        beat,          // its row was taken
    input  wire        read_end,      // its last result was taken
    input  wire        read_done,     // vector_engine is done
    input  wire        macro_idle,
    output wire        refresh,
    input  wire        refresh_done
);

  localparam [3:0] ST_IDLE = 4'd0, ST_RESTART = 4'd1, ST_FIND = 4'd2, ST_ROWS = 4'd3, ST_REST = 4'd4, ST_LOOK = 4'd5,
      ST_BUDGET = 4'd6, ST_OPEN = 4'd7, ST_FETCH = 4'd8, ST_POINT = 4'd9, ST_READ = 4'd10, ST_REFRESH = 4'd11,
      ST_SETTLE = 4'd12, ST_WAIT = 4'd13, ST_DONE = 4'd14;

  // ---- State ----
  reg [3:0]  state_q, state_d;
  reg        asked_q;               // the guard has been asked
  reg        found_q;               // a point is present
  reg        reading_q, began_q;    // vector_engine runs; has begun
  reg [1:0]  lead_q;                // cycles of a reading before its beat; 3 after it
  reg [27:0] waited_q;
  reg [31:0] cells_q, asked_cells_q;  // of the window; of all pulses
  reg [31:0] rows_q, given_q;
  reg [7:0]  status_q;
  reg [95:0] refusal_q;

  // ---- What a status compares ----
  reg [31:0] asked, at;
  always @(*) begin : compared
    {asked, at} = 64'd0;
    case (g_status)
      `STATUS_OPERATION_NOT_ARMED: asked = {30'd0, kind};
      `STATUS_OUTSIDE_TOKEN: {asked, at} = {23'd0, row, 32'd4};
      `STATUS_OVER_VOLTAGE_LIMIT, `STATUS_OVER_TOKEN_VOLTAGE: {asked, at} = {16'd0, voltage, 16'd0, word};
      `STATUS_OVER_GATE_LIMIT: {asked, at} = {16'd0, gate, 16'd0, word};
      `STATUS_OVER_WIDTH_LIMIT: {asked, at} = {4'd0, dwell, {16'd0, word} + 32'd1};
      default: {asked, at} = 64'd0;
    endcase
  end

  // A limit passed is told only after every row was found in the token; the budget is judged whole.
  wire refused = pulsed && g_status != `STATUS_OK && g_status != `STATUS_PULSE_BUDGET;
  wire later   = g_status == `STATUS_OVER_VOLTAGE_LIMIT || g_status == `STATUS_OVER_TOKEN_VOLTAGE
      || g_status == `STATUS_OVER_GATE_LIMIT || g_status == `STATUS_OVER_WIDTH_LIMIT;
  wire dry     = state_q == ST_ROWS || state_q == ST_LOOK;
  wire judged  = dry && g_done;
  wire broke   = asked_cells_q > pulses_left;
  wire ends    = stop && !asked_q;
  wire told    = status_q != `STATUS_OK;
  wire waited  = waited_q == dwell;
  wire all     = last && row_last;

  // ---- Next state ----
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (start) state_d = ST_RESTART;
      // The first row comes up.
      ST_RESTART: state_d = ST_FIND;
      // Look for the first pulse, or for the last point.
      ST_FIND: if (stop) state_d = ST_DONE;
      else if (found_q && (pulsed || last)) state_d = ST_ROWS;
      // Ask for every row without driving.
      ST_ROWS: if (ends) state_d = ST_DONE;
      else if (g_done) state_d = stop || (refused && !later) ? ST_DONE : row_last ? ST_REST : ST_ROWS;
      // Go to the next point.
      ST_REST: if (stop || told) state_d = ST_DONE;
      else if (last) state_d = ST_BUDGET;
      else if (points_ready) state_d = ST_LOOK;
      // Ask for it, if it is a pulse.
      ST_LOOK: if (ends) state_d = ST_DONE;
      else if (!pulsed || g_done) state_d = ST_REST;
      // All pulses together against the token.
      ST_BUDGET: state_d = stop || broke ? ST_DONE : ST_OPEN;
      // The first row and the first point come up.
      ST_OPEN: state_d = stop ? ST_DONE : ST_FETCH;
      ST_FETCH: if (stop) state_d = ST_REFRESH;
      else if (points_ready) state_d = ST_POINT;
      // A pulse, or a wait whose last cycle is already the reading's.
      ST_POINT: if (ends) state_d = ST_REFRESH;
      else if (pulsed ? g_done : waited) state_d = pulsed && (stop || g_status != `STATUS_OK) ? ST_REFRESH : ST_READ;
      // One conversion.
      ST_READ: if (stop) state_d = ST_REFRESH;
      else if (read_end) state_d = all ? ST_REFRESH : ST_POINT;
      // The macro brings its sums up to date.
      ST_REFRESH: if (macro_idle) state_d = ST_SETTLE;
      ST_SETTLE: if (refresh_done) state_d = ST_WAIT;
      // The last results are in the reply.
      ST_WAIT: if (!reading_q) state_d = ST_DONE;
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
    asked_q   <= (dry || (state_q == ST_POINT && pulsed)) && state_q == state_d && !g_done;
    found_q   <= state_q == ST_FIND && (found_q || points_next);
    reading_q <= rst_n && (go || (reading_q && !read_done));
    waited_q  <= state_q == ST_POINT ? waited_q + 28'd1 : 28'd0;
    if (state_q == ST_POINT)                                 lead_q <= {1'b0, !pulsed};
    else if (state_q == ST_READ && (lead_q < 2'd2 || beat)) lead_q <= lead_q + 2'd1;
  end

  // The window's cells, row by row; then the pulses asked for, point by point.
  wire [32:0] sum = {1'b0, asked_cells_q} + {1'b0, cells_q};
  always @(posedge clk) begin : counts
    if (state_q == ST_IDLE) begin
      {cells_q, asked_cells_q} <= 64'd0;
      {rows_q, given_q}        <= 64'd0;
      began_q                  <= 1'b0;
    end else begin
      if (go) began_q <= 1'b1;
      if (state_q == ST_ROWS && g_done) begin
        cells_q <= cells_q + {22'd0, columns};
        if (pulsed) asked_cells_q <= asked_cells_q + {22'd0, columns};
      end
      if (state_q == ST_LOOK && pulsed && g_done) asked_cells_q <= sum[32] ? 32'hFFFF_FFFF : sum[31:0];
      if (given) given_q <= given_q + {22'd0, given_cells};
      if (state_q == ST_READ && read_end && last) rows_q <= rows_q + 32'd1;
    end
  end

  always @(posedge clk) begin : outcome
    if (state_q == ST_IDLE) begin
      status_q  <= `STATUS_OK;
      refusal_q <= 96'd0;
    end else if (stop && state_q != ST_DONE) begin
      status_q <= `STATUS_ABORTED;
    end else if (judged && refused && (status_q == `STATUS_OK || !later)) begin
      status_q  <= g_status;
      refusal_q <= {at, g_limit, asked};
    end else if (state_q == ST_BUDGET && broke) begin
      status_q  <= `STATUS_PULSE_BUDGET;
      refusal_q <= {32'd1, pulses_left, asked_cells_q};
    end else if (state_q == ST_POINT && pulsed && g_done && g_status != `STATUS_OK) status_q <= `STATUS_ABORTED;
  end

  // ---- Outputs ----
  assign done           = state_q == ST_DONE;
  assign status         = status_q;
  assign words          = status_q == `STATUS_ABORTED ? {given_q, rows_q, 31'd0, began_q} : refusal_q;
  assign counting       = !(state_q == ST_FIND || state_q == ST_REST || state_q == ST_LOOK || state_q == ST_FETCH || state_q == ST_WAIT);
  assign points_restart = start || state_q == ST_BUDGET;
  assign points_next    = points_ready && ((state_q == ST_FIND && !found_q) || (state_q == ST_FIND && !pulsed && !last)
      || (state_q == ST_REST && !last && !told) || state_q == ST_FETCH || (state_q == ST_READ && read_end));
  assign reads          = state_q == ST_READ || (state_q == ST_POINT && !pulsed);
  assign row_restart    = start || state_q == ST_BUDGET;
  assign row_next       = !row_last && ((state_q == ST_ROWS && g_done) || (state_q == ST_READ && read_end && last));
  assign g_valid        = (state_q == ST_ROWS || ((state_q == ST_LOOK || state_q == ST_POINT) && pulsed)) && !asked_q && !stop;
  assign g_dry          = dry;
  assign go             = state_q == ST_OPEN && !stop;
  assign open           = state_q == ST_READ && lead_q == 2'd2;
  assign halt           = reading_q && (stop || told);
  assign refresh        = state_q == ST_REFRESH && macro_idle;

endmodule

`default_nettype wire
