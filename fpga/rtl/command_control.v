// SPDX-License-Identifier: BSD-3-Clause
// Takes one request after the other: form, permission, room, execution, one reply (docs/modules/core.md).
//
// A request whose time has come is judged (`check_start`), then against safe state, read limit and limits hash; it waits until the reply
// ring has `largest` words; then `run` is high until `run_done`. `stop` (with `kill`, and from then on) tells an array operation to
// end. The reply is three words of refusal or of what was driven, or the operation's own words. While
// `epoch_clear` is high nothing is begun and nothing answered. `cycles` counts `counting` cycles of the run.

`default_nettype none
`include "board_map.vh"

module command_control (
    input  wire        clk,
    input  wire        clk_time,
    input  wire        rst_n,

    // Link
    input  wire        q_valid,
    input  wire [7:0]  q_opcode,
    input  wire        q_dropped,
    output wire        q_done,
    input  wire [15:0] r_room,
    output wire [7:0]  r_status,
    output wire [15:0] r_words,
    input  wire        epoch_clear,
    output wire        core_idle,

    // Safety
    input  wire        kill,
    input  wire        safe_latched,
    input  wire [31:0] operation_cycles,
    output wire        operation_timeout,
    output wire        operation_runs,

    // Form
    output wire        check_start,
    input  wire        check_done,
    input  wire        check_bad,
    input  wire [7:0]  check_status,
    input  wire [95:0] check_words,     // value, bound, place from bit 0
    input  wire [31:0] largest,
    input  wire [31:0] word0,           // of the payload
    input  wire [15:0] read_code,

    // Limits
    input  wire [15:0] limit_read,
    output wire        hash_start,
    input  wire        hash_done,
    input  wire [31:0] hash,
    output wire        arm,
    output wire        disarm,

    // Execution
    output wire        run_start,
    output wire        run,
    output wire        stop,
    input  wire        run_done,
    input  wire [7:0]  run_status,
    input  wire [95:0] run_words,       // refused or stopped: three words; else the first words of the reply
    input  wire [1:0]  run_count,       // how many of them belong to the reply
    input  wire [15:0] run_total,       // payload words of the reply
    input  wire        counting,
    output wire [31:0] cycles,

    // Reply words
    output wire        w_write,
    output wire [15:0] w_address,
    output wire [31:0] w_data
);

  localparam [2:0] ST_IDLE = 3'd0, ST_CHECK = 3'd1, ST_GATE = 3'd2, ST_HASH = 3'd3, ST_ROOM = 3'd4, ST_RUN = 3'd5,
      ST_ANSWER = 3'd6, ST_DONE = 3'd7;

  // ---- State ----
  reg [2:0]  state_q, state_d;
  reg        begun_q;             // not the first cycle of ST_RUN
  reg        stop_q, late_q;
  reg [7:0]  status_q, status_d;
  reg [95:0] words_q, words_d;
  reg [1:0]  left_q, left_d;      // words still to write
  reg [15:0] total_q, total_d;
  reg [31:0] cycles_q, shown_q;   // shown_q: as of the last edge of clk
  reg        due_q;               // cycles_q has reached its bound

  // ---- Kinds of request ----
  wire is_vector = q_opcode == `OP_MAC || q_opcode == `OP_MAC_RAW || q_opcode == `OP_READ_CELLS;
  wire is_pulse  = q_opcode == `OP_PULSE || q_opcode == `OP_SWEEP;
  wire is_cells  = q_opcode == `OP_CELL_LOAD || q_opcode == `OP_CELL_DUMP || q_opcode == `OP_ENV;
  wire is_served = q_opcode == `OP_PROGRAM || q_opcode == `OP_SELF_TEST || q_opcode == `OP_ADC_SELFCAL;
  wire is_arm    = q_opcode == `OP_ARM;
  wire is_disarm = q_opcode == `OP_DISARM;
  wire runs      = is_vector || is_pulse || is_cells || is_served || q_opcode == `OP_FIRMWARE;
  wire stoppable = runs || is_arm;
  wire refused   = status_q != `STATUS_OK;
  wire enough    = {16'd0, r_room} >= (refused ? 32'd3 : largest);
  wire halted    = stop && stoppable;
  wire ended     = is_arm || is_disarm || run_done;

  // ---- Next state ----
  always @(*) begin : next_state
    state_d  = state_q;
    status_d = status_q;
    words_d  = words_q;
    left_d   = left_q;
    total_d  = total_q;
    case (state_q)
      // Take the head; what a safe event dropped is answered with zeros.
      ST_IDLE: if (q_valid && !epoch_clear) begin
        status_d = q_dropped ? `STATUS_ABORTED : `STATUS_OK;
        words_d  = 96'd0;
        state_d  = q_dropped ? ST_ROOM : ST_CHECK;
      end
      // Its form.
      ST_CHECK: if (check_done) begin
        status_d = check_status;
        words_d  = check_words;
        state_d  = check_bad ? ST_ROOM : ST_GATE;
      end
      // What depends on the board's state.
      ST_GATE: begin
        words_d = 96'd0;
        state_d = is_arm ? ST_HASH : ST_ROOM;
        if (halted) status_d = `STATUS_ABORTED;
        else if (safe_latched && (is_vector || is_pulse || is_arm || is_served)) status_d = `STATUS_SAFE_LATCHED;
        else if ((is_vector || is_served) && read_code > limit_read) begin
          status_d = `STATUS_OVER_READ_LIMIT;
          words_d  = {32'd1, 16'd0, limit_read, 16'd0, read_code};
        end
        if (status_d != `STATUS_OK) state_d = ST_ROOM;
      end
      // The limits must be those that the host believes.
      ST_HASH: if (hash_done) begin
        state_d = ST_ROOM;
        if (hash != word0) begin
          status_d = `STATUS_LIMITS_MISMATCH;
          words_d  = {32'd0, hash, word0};
        end
      end
      // The reply ring has room for the largest answer.
      ST_ROOM: begin
        left_d  = 2'd3;
        total_d = 16'd3;
        if (halted && !refused) status_d = `STATUS_ABORTED;
        else if (enough) state_d = refused ? ST_ANSWER : ST_RUN;
        if (epoch_clear) state_d = ST_IDLE;
      end
      // Execute.
      ST_RUN: if (ended) begin
        status_d = is_arm && halted ? `STATUS_ABORTED : is_arm || is_disarm ? `STATUS_OK : run_status;
        if (status_d == `STATUS_ABORTED && late_q) status_d = `STATUS_OPERATION_TIMEOUT;
        words_d = is_arm || is_disarm ? 96'd0 : run_words;
        left_d  = status_d != `STATUS_OK ? 2'd3 : is_arm || is_disarm ? 2'd0 : run_count;
        total_d = status_d != `STATUS_OK ? 16'd3 : is_arm || is_disarm ? 16'd0 : run_total;
        state_d = ST_ANSWER;
      end
      // Write the words at hand, the last first.
      ST_ANSWER: begin
        if (left_q != 2'd0) left_d = left_q - 2'd1;
        else state_d = ST_DONE;
        if (epoch_clear) state_d = ST_IDLE;
      end
      ST_DONE: state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
  end

  // The count of time runs on where the rest stands still
  wire [31:0] cycles_d = run_start ? {31'd0, counting} : cycles_q + {31'd0, run && counting};
  wire        due_d    = cycles_d >= operation_cycles;

  // ---- Registers ----
  always @(posedge clk_time) cycles_q <= cycles_d;

  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin
    if (state_q != state_d || state_q == ST_ANSWER || state_q == ST_ROOM) begin
      status_q <= status_d;
      words_q  <= words_d;
      left_q   <= left_d;
      total_q  <= total_d;
    end
    begun_q <= state_q == ST_RUN;
  end

  always @(posedge clk) begin
    if (!rst_n) begin
      stop_q <= 1'b0;
      late_q <= 1'b0;
    end else begin
      stop_q <= state_d != ST_IDLE && (kill || stop_q);
      late_q <= state_d != ST_IDLE && (operation_timeout || late_q);
    end
    due_q   <= due_d;
    shown_q <= cycles_d;
  end

  // ---- Outputs ----
  assign check_start       = state_q == ST_IDLE && state_d == ST_CHECK;
  assign hash_start        = state_q == ST_GATE && state_d == ST_HASH;
  assign arm               = state_q == ST_RUN && is_arm && !halted;
  assign disarm            = state_q == ST_RUN && is_disarm;
  assign run               = state_q == ST_RUN && !is_arm && !is_disarm;
  assign run_start         = run && !begun_q;
  assign stop              = kill || stop_q;
  assign operation_runs    = state_q == ST_RUN && runs;
  assign operation_timeout = operation_runs && begun_q && counting && !run_done && !stop_q && due_q;
  assign cycles            = shown_q;
  assign w_write           = state_q == ST_ANSWER && left_q != 2'd0;
  assign w_address         = {14'd0, left_q} - 16'd1;
  assign w_data            = left_q == 2'd3 ? words_q[95:64] : left_q == 2'd2 ? words_q[63:32] : words_q[31:0];
  assign q_done            = state_q == ST_DONE && !epoch_clear;
  assign r_status          = status_q;
  assign r_words           = total_q;
  assign core_idle         = state_q == ST_IDLE;

endmodule

`default_nettype wire
