// SPDX-License-Identifier: BSD-3-Clause
// Executes one command of the soft core on the macro port, behind the guard: READ, PULSE, JUDGE (core_bridge.rdl).
//
// `command` begins; `busy` until its end, then `status` and `bound`. A READ above `limit_read`, of an absent row or of no column is
// refused here, a pulse by the guard. READ: COLS / 32 + 3 cycles, the macro's own, and until it is empty.
// `stop` and `end_run` end whatever runs: a read by dropping it, a pulse as the guard ends it. With `end_run` and
// nothing running, the columns that pulses touched are refreshed and `ended` comes once.

`default_nettype none
`include "board_map.vh"
`include "core_bridge.vh"

module core_commands #(
    parameter COLS = 512
) (
    input  wire            clk,
    input  wire            rst_n,

    // Run
    input  wire            clear,
    input  wire            stop,          // level
    input  wire            end_run,       // level, until `ended`
    output wire            ended,
    output wire            driven,        // a read or a pulse has begun in this run

    // Command
    input  wire            command,
    input  wire [1:0]      kind,
    input  wire            row_good,
    input  wire [15:0]     read_code,
    input  wire [15:0]     limit_read,
    input  wire [COLS-1:0] mask,
    output wire            busy,
    output wire [7:0]      status,
    output wire [31:0]     bound,
    output wire            reading,
    output wire            pulsing,
    output wire [8:0]      first_column,
    output wire [8:0]      last_column,

    // Guard and macro (docs/macro_port.md)
    output wire            g_valid,
    output wire            g_dry,
    input  wire            g_done,
    input  wire [7:0]      g_status,
    input  wire [31:0]     g_limit,
    input  wire            given,
    output wire            x_valid,
    input  wire            x_ready,
    output wire            macro_abort,
    input  wire            macro_idle,
    input  wire            r_valid,
    input  wire [31:0]     r_data,
    input  wire            r_saturated,
    input  wire            r_last,
    output wire            refresh,
    input  wire            refresh_done,

    // Results
    output wire [9:0]      results,
    input  wire            read_result,
    input  wire [8:0]      result_place,
    output wire [31:0]     result,
    input  wire [3:0]      flag_word,
    output wire [31:0]     flags
);

  localparam [3:0] ST_IDLE = 4'd0, ST_SCAN = 4'd1, ST_OFFER = 4'd2, ST_CONVERT = 4'd3, ST_EMPTY = 4'd4, ST_ASK = 4'd5,
      ST_PULSE = 4'd6, ST_REFRESH = 4'd7, ST_SETTLE = 4'd8, ST_ENDED = 4'd9;
  localparam WORDS = (COLS + 31) / 32;
  localparam PAD = 512;

  // ---- State ----
  reg [3:0]  state_q, state_d;
  reg        dry_q, found_q, driven_q, touched_q;
  reg [3:0]  word_q;
  reg [8:0]  first_q, last_q;
  reg [7:0]  status_q;
  reg [31:0] bound_q;
  reg [9:0]  results_q;
  reg [31:0] flags_q;
  reg [31:0] flags_mem [0:15];

  // ---- The mask, a word a cycle ----
  wire [PAD-1:0] mask_pad = {{(PAD - COLS) {1'b0}}, mask};
  wire [31:0]    mask_now = mask_pad[{word_q, 5'd0} +: 32];
  wire           some     = mask_now != 32'd0;
  wire           scanned  = {28'd0, word_q} == WORDS - 1;
  function [4:0] highest(input [31:0] bits);
    integer i;
    begin
      highest = 5'd0;
      for (i = 0; i < 32; i = i + 1) if (bits[i]) highest = i[4:0];
    end
  endfunction
  function [4:0] lowest(input [31:0] bits);
    integer i;
    begin
      lowest = 5'd0;
      for (i = 31; i >= 0; i = i - 1) if (bits[i]) lowest = i[4:0];
    end
  endfunction

  // ---- Next state ----
  wire is_read  = kind == `COMMAND_READ;
  wire over     = is_read && read_code > limit_read;
  wire refused  = !row_good || over;
  wire finished = r_valid && r_last;
  wire halt     = stop || end_run;
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (end_run) state_d = touched_q ? ST_REFRESH : ST_ENDED;
      else if (command && !stop && kind != `COMMAND_NONE && !refused) state_d = is_read ? ST_SCAN : ST_ASK;
      // First and last column; a mask without any is refused.
      ST_SCAN: if (scanned) state_d = found_q || some ? ST_OFFER : ST_IDLE;
      // The row, or the reference input, to the macro.
      ST_OFFER: if (x_ready) state_d = ST_CONVERT;
      // Its results.
      ST_CONVERT: if (finished) state_d = ST_EMPTY;
      // Until the macro holds nothing: what the core writes next cannot disturb it.
      ST_EMPTY: if (macro_idle) state_d = ST_IDLE;
      // The guard latches the pulse, judges and drives it.
      ST_ASK: state_d = ST_PULSE;
      ST_PULSE: if (g_done) state_d = ST_IDLE;
      // The macro brings its sums up to date.
      ST_REFRESH: if (macro_idle) state_d = ST_SETTLE;
      ST_SETTLE: if (refresh_done) state_d = ST_ENDED;
      ST_ENDED: state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
    if (halt && (state_q == ST_SCAN || state_q == ST_OFFER || state_q == ST_CONVERT)) state_d = ST_EMPTY;
    if (stop && state_q == ST_ASK) state_d = ST_IDLE;
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin : scan
    if (state_q == ST_IDLE) {word_q, found_q} <= 5'd0;
    else if (state_q == ST_SCAN) begin
      word_q  <= word_q + 4'd1;
      found_q <= found_q || some;
      if (some && !found_q) first_q <= {word_q, lowest(mask_now)};
      if (some) last_q <= {word_q, highest(mask_now)};
    end
  end

  always @(posedge clk) begin : outcome
    if (state_q == ST_IDLE && command) begin
      dry_q    <= kind == `COMMAND_JUDGE;
      status_q <= !row_good ? `STATUS_BAD_WINDOW : over ? `STATUS_OVER_READ_LIMIT : `STATUS_OK;
      bound_q  <= over ? {16'd0, limit_read} : 32'd0;
    end else if (state_q == ST_SCAN && state_d == ST_IDLE) status_q <= `STATUS_BAD_WINDOW;
    else if (state_q == ST_PULSE && g_done) {status_q, bound_q} <= {g_status, g_limit};
    driven_q  <= !clear && (driven_q || given || (x_valid && x_ready));
    touched_q <= !clear && (touched_q || given);
  end

  wire [31:0] flags_now = (results_q[4:0] == 5'd0 ? 32'd0 : flags_q) | {31'd0, r_saturated} << results_q[4:0];
  wire        take      = state_q == ST_CONVERT && r_valid;
  always @(posedge clk) begin : collect
    if (state_q == ST_SCAN) results_q <= 10'd0;
    else if (take) results_q <= results_q + 10'd1;
    if (take) flags_q <= flags_now;
    if (take) flags_mem[results_q[8:5]] <= flags_now;
  end

  table_memory #(
      .DEPTH(512),
      .W    (32),
      .W_A  (9)
  ) u_results (
      .clk          (clk),
      .clk_write    (clk),
      .write        (take),
      .write_address(results_q[8:0]),
      .write_data   (r_data),
      .read         (read_result),
      .read_address (result_place),
      .read_data    (result)
  );

  // ---- Outputs ----
  assign ended        = state_q == ST_ENDED;
  assign driven       = driven_q;
  assign busy         = state_q != ST_IDLE;
  assign status       = status_q;
  assign bound        = bound_q;
  assign reading      = state_q == ST_OFFER || state_q == ST_CONVERT;
  assign pulsing      = state_q == ST_ASK || state_q == ST_PULSE;
  assign first_column = first_q;
  assign last_column  = last_q;
  assign g_valid      = state_q == ST_ASK && !stop;
  assign g_dry        = dry_q;
  assign x_valid      = state_q == ST_OFFER;
  assign macro_abort  = state_q == ST_EMPTY && halt;
  assign refresh      = state_q == ST_REFRESH && macro_idle;
  assign results      = results_q;
  assign flags        = {1'b0, flag_word, 5'd0} < results_q ? flags_mem[flag_word] : 32'd0;

endmodule

`default_nettype wire
