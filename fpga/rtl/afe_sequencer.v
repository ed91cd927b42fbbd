// SPDX-License-Identifier: BSD-3-Clause
// The order of operations of the analog front end: what may be switched when, for reads, pulses and the safe state.
//
// Between operations every line is at ground and every rail at zero. An operation asks every DAC for its id, loads the rails, reads the pulse rail back,
// waits T_DAC, and only then shows patterns on the lines. Reads: a pattern is shown while nothing is sampled, T_MUX + T_SETTLE later the converters may begin; the next pattern is shifted and,
// after `adc_held`, shown while they convert. Pulses: lines go to a pulse rail that is at ground, T_MUX later `p_ready` is given, and `pulse_on` follows
// `p_drive` by one cycle, both edges. Then rows, then columns, then rails return to ground. `safe` shuts `inhibit`, `oe_n` and `pulse_on` off in the next cycle,
// clears the chains and the DACs, and ends in a bring-up once it is over; a DAC that does not answer as it should does the same and sets `fault` until the next `safe`.

`default_nettype none

module afe_sequencer #(
    parameter T_DAC    = 300,  // DAC outputs settled, in clk cycles
    parameter T_MUX    = 44,   // multiplexers switched (t_PHZ, t_PZH of the CD4051B), in clk cycles
    parameter T_SETTLE = 300   // lines and amplifiers settled, in clk cycles
) (
    input  wire       clk,
    input  wire       rst_n,
    input  wire       safe,
    input  wire       drop,
    output wire       idle,
    output wire       fault,

    // Pulses
    input  wire       p_valid,
    output wire       p_ready,
    input  wire       p_drive,
    output wire       p_done,
    output wire       pulsing,

    // Steps
    input  wire [3:0] step,        // none to come, found, new rows, first of its result
    output wire       take,        // the step is on the lines
    input  wire       s_ready,
    output wire       s_take,

    // Converters
    output wire       adc_go,
    input  wire [3:0] adc_says,    // idle, begins, held, valid
    output wire       mute,        // what is converted is for nobody

    // DACs
    output wire [3:0] dac_do,      // halt, start, command
    input  wire [2:0] dac_says,    // ready, done, present

    // Chains
    output wire [2:0] row_do,      // start, latch, clear
    output wire [2:0] col_do,
    input  wire [2:0] row_says,    // shifting, loaded, shown
    input  wire [2:0] col_says,

    // Pins
    output wire       inhibit,
    output wire       oe_n,
    output wire       pulse_on,
    output wire       tia_short,
    output wire       running      // rails are loaded for a read: range and reference hold
);

  localparam [3:0] ST_SAFE = 4'd0, ST_OFF = 4'd1, ST_HOME = 4'd2, ST_IDLE = 4'd3, ST_CHECK = 4'd4, ST_LOAD = 4'd5, ST_RAIL = 4'd6,
      ST_RUN = 4'd7, ST_AIM = 4'd8, ST_OFFER = 4'd9, ST_PULSE = 4'd10, ST_FALL = 4'd11, ST_ROWS = 4'd12, ST_COLS = 4'd13, ST_ZERO = 4'd14;
  localparam [1:0] BRINGUP = 2'd0, CHECK = 2'd1, LOAD = 2'd2, ZERO = 2'd3;
  localparam [31:0] DAC_1 = T_DAC - 1, MUX_1 = T_MUX - 1, SETTLE_1 = T_SETTLE - 1, BOTH_1 = T_MUX + T_SETTLE - 1;

  // ---- State ----
  reg [3:0]  state_q, state_d, before_q;
  reg [31:0] timer_q;      // T_DAC, T_MUX
  reg [31:0] settle_q;     // since a pattern was shown
  reg        pulse_q;      // the operation is a pulse
  reg        given_q;      // the guard has been told to drive
  reg        asked_q;      // the DACs have their command
  reg        zeroed_q;     // ST_SAFE: the DACs are at zero
  reg        fault_q, seen_q;
  reg        shift_q;      // the next pattern is in the chains or on its way
  reg        rows_q;       // with new rows
  reg        now_q, now_first_q;   // a step is on the lines, its result's first
  reg        held_q;       // the conversion on its way has its sample
  reg        converting_q, mute_q, lit_q;
  reg        inhibit_q, oe_n_q, pulse_on_q, tia_short_q;

  initial {inhibit_q, oe_n_q, pulse_on_q, tia_short_q} = 4'b1101;  // configured, before the first clock edge

  // ---- What is going on ----
  wire       dac_ready, dac_done, dac_present, row_shifting, row_loaded, row_shown, col_shifting, col_loaded, col_shown;
  wire       dac_halt, dac_start, row_start, row_latch, row_clear, col_start, col_latch, col_clear;
  wire [1:0] dac_command;
  wire       walk_idle, found, rows, result_first;
  assign {walk_idle, found, rows, result_first} = step;
  wire       adc_idle, adc_begins, adc_held, adc_valid;
  assign {adc_idle, adc_begins, adc_held, adc_valid} = adc_says;
  assign {dac_ready, dac_done, dac_present}      = dac_says;
  assign {row_shifting, row_loaded, row_shown}   = row_says;
  assign {col_shifting, col_loaded, col_shown}   = col_says;
  wire entered = state_q != before_q;
  wire timed   = timer_q == 32'd0;
  wire settled = settle_q == 32'd0;
  wire preparing = state_q == ST_CHECK || state_q == ST_LOAD || state_q == ST_RAIL;
  wire loaded  = shift_q && col_loaded && (row_loaded || !rows_q);
  wire stopped = drop && !pulse_q && (preparing || state_q == ST_RUN);
  wire lost    = dac_done && !dac_present && (state_q == ST_OFF || state_q == ST_CHECK || state_q == ST_LOAD);
  wire finished = walk_idle && !shift_q && !now_q && (held_q || adc_idle);

  // ---- Next state ----
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      // Outputs off until the DACs are at zero, `safe` is over and no fault is left.
      ST_SAFE: if (zeroed_q && !fault_q) state_d = ST_OFF;
      // The DACs come up.
      ST_OFF: if (dac_done) state_d = ST_HOME;
      // Both chains empty: every multiplexer will be at ground.
      ST_HOME: if (row_shown) state_d = ST_IDLE;
      ST_IDLE: if (p_valid || found) state_d = ST_CHECK;
      // Is every DAC there?
      ST_CHECK: if (dac_done) state_d = ST_LOAD;
      ST_LOAD: if (dac_done) state_d = ST_RAIL;
      ST_RAIL: if (timed) state_d = pulse_q ? ST_AIM : ST_RUN;
      // Conversions, as long as there are steps.
      ST_RUN: if (finished) state_d = ST_ROWS;
      // The lines are chosen while the pulse rail is at ground.
      ST_AIM: if (now_q && timed) state_d = ST_OFFER;
      ST_OFFER: state_d = p_valid ? ST_PULSE : ST_ROWS;
      ST_PULSE: if (!p_drive) state_d = ST_FALL;
      // The pulse rail is back at ground.
      ST_FALL: if (timed) state_d = ST_ROWS;
      // Rows to ground, word lines off.
      ST_ROWS: if (row_shown && !entered) state_d = ST_COLS;
      ST_COLS: if (col_shown && !entered) state_d = ST_ZERO;
      ST_ZERO: if (dac_done) state_d = ST_IDLE;
      default: state_d = ST_SAFE;
    endcase
    if (stopped) state_d = ST_ROWS;
    if (safe || lost) state_d = ST_SAFE;
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) begin
      state_q  <= ST_OFF;
      before_q <= ST_OFF;
    end else begin
      state_q  <= state_d;
      before_q <= safe ? ST_IDLE : state_q;
    end
  end

  always @(posedge clk) begin : timers
    if (state_q == ST_LOAD) timer_q <= DAC_1;
    else if ((state_q == ST_AIM && !now_q) || state_q == ST_PULSE) timer_q <= MUX_1;
    else if (!timed) timer_q <= timer_q - 32'd1;
    if (col_latch) settle_q <= BOTH_1;
    else if (!settled) settle_q <= settle_q - 32'd1;
  end

  always @(posedge clk) begin : operation
    if (!rst_n) begin
      {pulse_q, given_q, asked_q, zeroed_q, fault_q, seen_q} <= 6'd0;
    end else begin
      if (state_q == ST_IDLE) pulse_q <= p_valid;
      if (p_ready && p_valid) given_q <= 1'b1;
      else if (p_done) given_q <= 1'b0;
      asked_q  <= state_d == state_q && !dac_done && (asked_q || dac_start);
      zeroed_q <= state_d == ST_SAFE && (zeroed_q || (state_q == ST_SAFE && dac_done));  // while `safe` lasts, too
      seen_q   <= safe;
      if (lost) fault_q <= 1'b1;
      else if (seen_q && !safe) fault_q <= 1'b0;
    end
  end

  // ---- Patterns and steps ----
  wire begins_shift = !shift_q && !row_shifting && !col_shifting && !(now_q && pulse_q)
      && ((preparing && (pulse_q || found)) || (state_q == ST_RUN && found) || (state_q == ST_AIM && !now_q));
  wire shows = loaded && !now_q && !stopped && !safe && (state_q == ST_AIM || (state_q == ST_RUN && (adc_idle || held_q)));
  always @(posedge clk) begin : steps
    if (!rst_n || state_d == ST_SAFE || state_d == ST_ROWS || state_d == ST_IDLE) begin
      {shift_q, rows_q, now_q, lit_q} <= 4'd0;
    end else begin
      shift_q <= (shift_q || begins_shift) && !shows;
      if (begins_shift) rows_q <= pulse_q || rows;
      now_q <= shows || (now_q && !adc_begins);
      if (state_q == ST_RUN && now_q && settle_q <= SETTLE_1) lit_q <= 1'b1;
    end
    if (shows) now_first_q <= result_first && !pulse_q;
  end

  always @(posedge clk) begin : conversions
    if (!rst_n) {held_q, converting_q, mute_q} <= 3'd0;
    else begin
      held_q       <= !adc_begins && (held_q || adc_held);
      converting_q <= adc_begins || (converting_q && !adc_valid);
      mute_q       <= (converting_q || adc_begins) && !adc_valid && (mute_q || stopped || safe || drop);
    end
  end

  always @(posedge clk) begin : pins
    if (!rst_n) {inhibit_q, oe_n_q, pulse_on_q, tia_short_q} <= 4'b1101;
    else begin
      inhibit_q   <= state_d == ST_SAFE || state_d == ST_OFF || state_d == ST_HOME;
      oe_n_q      <= state_d == ST_SAFE || state_d == ST_OFF || (state_d == ST_HOME && !(state_q == ST_HOME && col_shown));
      pulse_on_q  <= p_drive && state_q == ST_PULSE && !safe;
      tia_short_q <= !(state_d == ST_RUN && lit_q);
    end
  end

  // ---- Outputs ----
  assign idle        = (!converting_q || mute_q) && (state_q == ST_SAFE || state_q == ST_OFF || state_q == ST_HOME || (state_q == ST_IDLE && !p_valid && !found)
      || (state_q == ST_ZERO && !pulse_q));
  assign fault       = fault_q;
  assign p_ready     = state_q == ST_OFFER && !safe;
  assign p_done      = given_q && ((state_q == ST_ZERO && dac_done) || (state_q == ST_SAFE && zeroed_q));
  assign pulsing     = pulse_q;
  assign take        = shows && !pulse_q;
  assign s_take      = adc_begins && now_first_q;
  assign adc_go      = state_q == ST_RUN && now_q && settled && (s_ready || !now_first_q) && !drop && !safe;
  assign mute        = mute_q || drop || safe;
  assign dac_halt    = stopped || (safe && state_q != ST_SAFE);
  assign dac_command = state_q == ST_OFF ? BRINGUP : state_q == ST_CHECK ? CHECK : state_q == ST_LOAD ? LOAD : ZERO;
  assign dac_start   = dac_ready && !asked_q && !dac_halt && (state_q == ST_OFF || state_q == ST_CHECK || state_q == ST_LOAD
      || state_q == ST_ZERO || (state_q == ST_SAFE && !zeroed_q));
  assign row_start   = begins_shift && (pulse_q || rows);
  assign col_start   = begins_shift;
  assign row_latch   = shows && rows_q;
  assign col_latch   = shows;
  assign row_clear   = entered && (state_q == ST_SAFE || state_q == ST_HOME || state_q == ST_ROWS);
  assign col_clear   = entered && (state_q == ST_SAFE || state_q == ST_HOME || state_q == ST_COLS);
  assign dac_do      = {dac_halt, dac_start, dac_command};
  assign row_do      = {row_start, row_latch, row_clear};
  assign col_do      = {col_start, col_latch, col_clear};
  assign inhibit     = inhibit_q;
  assign oe_n        = oe_n_q;
  assign pulse_on    = pulse_on_q;
  assign tia_short   = tia_short_q;
  assign running     = preparing || state_q == ST_RUN;

endmodule

`default_nettype wire
