// SPDX-License-Identifier: BSD-3-Clause
// The last thing before the macro port: no pulse and no read passes that is not permitted.
//
// Limits start at zero and are capped by `ceilings`; after the lock they only fall. A token (ARM) names rows, columns,
// operations, a voltage cap, cell pulses and a time. Every pulse on one row is latched, judged against
// both, SCAN_WORDS + 2 cycles after `g_valid` and again in every cycle of its drive, whoever asks: `g_done` brings
// `g_status` and the limit compared; with `g_dry` nothing is driven. `p_drive` is high for exactly
// `g_width` cycles, timed here, and falls in the cycle of `kill`. A pulse taken by the macro counts as whole:
// `given` pulses with its cells on `given_cells`. Rows for reading pass only while the code is within LIMIT_READ_V, or once on
// the row and at the voltage of a pulse of SWEEP that was driven to its end and would still be lawful; never when latched.
// `arm` is ignored while a pulse is judged or driven; limits can be written at any time.

`default_nettype none
`include "board_map.vh"

module limit_guard #(
    parameter ROWS        = 512,  // driven lines
    parameter COLS        = 512,  // sensed lines
    parameter SCAN_BITS   = 32,   // columns judged a cycle
    parameter EXPIRY_LOG2 = 10    // log2 of the unit of `arm_expiry`, in clk cycles
) (
    input  wire            clk,
    input  wire            rst_n,

    // Safe state
    input  wire            kill,           // output off, token withdrawn
    input  wire            safe_latched,

    // Limits (see limit_registers)
    input  wire [63:0]     limit_voltage,  // FORM, SET, RESET, READ from bit 0, DAC codes
    input  wire [15:0]     limit_gate,
    input  wire [31:0]     limit_width,

    // Token
    input  wire            arm,
    input  wire            disarm,
    input  wire [ROWS-1:0] arm_rows,
    input  wire [COLS-1:0] arm_columns,
    input  wire [7:0]      arm_operations,
    input  wire [31:0]     arm_pulses,
    input  wire [15:0]     arm_voltage,
    input  wire [31:0]     arm_expiry,
    output wire            armed,
    output wire [31:0]     pulses_left,

    // Pulses asked for
    input  wire            g_sweep,        // a reading at its voltage follows
    input  wire            g_valid,
    input  wire            g_dry,
    input  wire [1:0]      g_kind,
    input  wire [8:0]      g_row,
    input  wire [COLS-1:0] g_mask,
    input  wire [15:0]     g_voltage,
    input  wire [15:0]     g_gate,
    input  wire [31:0]     g_width,
    output wire            g_done,
    output wire [7:0]      g_status,
    output wire [31:0]     g_limit,
    output wire            given,
    output wire [9:0]      given_cells,

    // Pulses driven
    output wire            p_valid,
    input  wire            p_ready,
    output wire [1:0]      p_kind,
    output wire [8:0]      p_row,
    output wire [COLS-1:0] p_mask,
    output wire [15:0]     p_voltage,
    output wire [15:0]     p_gate,
    output wire            p_drive,
    input  wire            p_done,

    // Rows for reading
    input  wire [15:0]     read_code,
    input  wire [8:0]      x_line,
    input  wire            x_valid_in,
    output wire            x_ready_in,
    output wire            x_valid,
    input  wire            x_ready
);

  localparam SCAN_WORDS = (COLS + SCAN_BITS - 1) / SCAN_BITS;
  localparam PAD = SCAN_WORDS * SCAN_BITS;
  localparam W_WORD = SCAN_WORDS > 1 ? $clog2(SCAN_WORDS) : 1;
  localparam [2:0] ST_IDLE = 3'd0, ST_SCAN = 3'd1, ST_JUDGE = 3'd2, ST_OFFER = 3'd3, ST_DRIVE = 3'd4, ST_STORE = 3'd5,
      ST_LOST = 3'd6;

  // ---- State ----
  reg [2:0]             state_q, state_d;
  reg [ROWS-1:0]        rows_q;
  reg [COLS-1:0]        columns_q;
  reg [7:0]             operations_q;
  reg [31:0]            left_q, expiry_q;
  reg [15:0]            cap_q;
  reg [EXPIRY_LOG2-1:0] unit_q;
  reg                   held_q, dry_q;
  reg                   expired_q, row_good_q;  // expiry_q is zero; row_q is the token's, from the second cycle of ST_SCAN on
  reg [1:0]             kind_q;
  reg [8:0]             row_q;
  reg [COLS-1:0]        mask_q;
  reg [15:0]            voltage_q, gate_q;
  reg [31:0]            width_q, timer_q;
  reg [W_WORD-1:0]      word_q;
  reg [9:0]             cells_q;
  reg                   outside_q, stored_q, cut_q;
  reg                   sweep_q, licence_q, match_q;  // the pulse is of SWEEP; its reading is due; `matched` of the cycle before
  reg                   drive_q;  // state_q is ST_DRIVE: a flip-flop of its own, so that no decoding glitches on the pin

  // ---- Judgement ----
  wire        take      = state_q == ST_IDLE && g_valid;
  wire        arm_take  = arm && state_q == ST_IDLE && !safe_latched && !kill;
  wire [15:0] limit_now = limit_voltage[{kind_q, 4'd0} +: 16];
  wire        kind_good = kind_q != 2'd3 && operations_q[{1'b0, kind_q}];
  wire        lawful    = held_q && !safe_latched && !kill && kind_good && row_good_q && !outside_q
      && voltage_q <= limit_now && voltage_q <= cap_q && gate_q <= limit_gate
      && width_q <= limit_width && width_q != 32'd0;
  wire        permitted = lawful && !expired_q && {22'd0, cells_q} <= left_q;

  wire [7:0]  refusal;
  wire [31:0] compared;
  wire [7:0]  status = state_q == ST_JUDGE ? refusal : `STATUS_OK;
  guard_refusal u_refusal (
      .clk         (clk),
      .latched     (safe_latched),
      .held        (held_q),
      .expired     (expired_q),
      .kind_good   (kind_good),
      .operations  (operations_q),
      .in_token    (row_good_q && !outside_q),
      .voltage     (voltage_q),
      .voltage_most(limit_now),
      .cap         (cap_q),
      .gate        (gate_q),
      .gate_most   (limit_gate),
      .width       (width_q),
      .width_most  (limit_width),
      .cells       (cells_q),
      .left        (left_q),
      .status      (refusal),
      .limit       (compared)
  );

  // ---- Columns, SCAN_BITS a cycle ----
  wire [PAD-1:0]       mask_pad  = {{(PAD - COLS) {1'b0}}, mask_q};
  wire [PAD-1:0]       token_pad = {{(PAD - COLS) {1'b0}}, columns_q};
  wire [SCAN_BITS-1:0] mask_now  = mask_pad[word_q * SCAN_BITS +: SCAN_BITS];
  wire [SCAN_BITS-1:0] token_now = token_pad[word_q * SCAN_BITS +: SCAN_BITS];
  function [9:0] ones;
    input [SCAN_BITS-1:0] bits;
    integer i;
    begin
      ones = 10'd0;
      for (i = 0; i < SCAN_BITS; i = i + 1) ones = ones + {9'd0, bits[i]};
    end
  endfunction

  // ---- Next state ----
  wire scanned = {{32 - W_WORD{1'b0}}, word_q} == SCAN_WORDS - 1;
  wire refused = status != `STATUS_OK;
  wire started = state_q == ST_OFFER && permitted && p_ready;
  wire run_out = timer_q == 32'd1;
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      // Wait for a pulse to judge.
      ST_IDLE: if (g_valid) state_d = ST_SCAN;
      // Compare the columns with the token's and count them.
      ST_SCAN: if (scanned) state_d = ST_JUDGE;
      // Say why not, or go on and offer it to the macro as long as it is permitted.
      ST_JUDGE: state_d = dry_q || refused ? ST_IDLE : ST_OFFER;
      ST_OFFER: state_d = !permitted ? ST_LOST : p_ready ? ST_DRIVE : ST_OFFER;
      // Output on.
      ST_DRIVE: if (!lawful || run_out) state_d = ST_STORE;
      // Wait until the macro has stored the row.
      ST_STORE: if (stored_q || p_done) state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
  end

  // ---- Registers ----
  always @(posedge clk) {drive_q, state_q} <= !rst_n ? {1'b0, ST_IDLE} : {state_d == ST_DRIVE, state_d};

  always @(posedge clk) begin
    row_good_q <= {23'd0, row_q} < ROWS && rows_q[row_q[$clog2(ROWS)-1:0]];
    if (take) begin
      {sweep_q, dry_q, kind_q, row_q, mask_q} <= {g_sweep, g_dry, g_kind, g_row, g_mask};
      {voltage_q, gate_q}            <= {g_voltage, g_gate};
      {width_q, timer_q}             <= {g_width, g_width};
    end else if (state_q == ST_DRIVE) timer_q <= timer_q - 32'd1;
  end

  always @(posedge clk) begin
    if (take) {word_q, cells_q, outside_q, stored_q, cut_q} <= {W_WORD + 13{1'b0}};
    else begin
      if (state_q == ST_SCAN) begin
        word_q    <= word_q + 1'b1;
        cells_q   <= cells_q + ones(mask_now);
        outside_q <= outside_q || (mask_now & ~token_now) != {SCAN_BITS{1'b0}};
      end
      if (state_q == ST_DRIVE && p_done) stored_q <= 1'b1;
      if (state_q == ST_DRIVE && !lawful) cut_q <= 1'b1;
    end
  end

  always @(posedge clk) begin : token
    if (!rst_n) held_q <= 1'b0;
    else if (kill || disarm || safe_latched) held_q <= 1'b0;
    else if (arm_take) held_q <= 1'b1;
    if (arm_take) begin
      {rows_q, columns_q}   <= {arm_rows, arm_columns};
      {operations_q, cap_q} <= {arm_operations, arm_voltage};
      {left_q, expiry_q, expired_q} <= {arm_pulses, arm_expiry, arm_expiry == 32'd0};
      unit_q                <= {EXPIRY_LOG2{1'b1}};
    end else if (held_q) begin
      if (started) left_q <= left_q - {22'd0, cells_q};
      unit_q <= unit_q - 1'b1;
      if (unit_q == {EXPIRY_LOG2{1'b0}} && !expired_q) {expired_q, expiry_q} <= {expiry_q == 32'd1, expiry_q - 32'd1};
    end
  end

  // ---- Outputs ----
  wire lost    = state_q == ST_LOST;  // for one cycle
  wire judged  = state_q == ST_JUDGE && (dry_q || refused);
  wire settled = state_q == ST_STORE && state_d == ST_IDLE;
  assign {armed, pulses_left} = {held_q && !expired_q, left_q};
  assign g_done      = judged || lost || settled;
  assign g_status    = judged ? status : lost || cut_q ? `STATUS_ABORTED : `STATUS_OK;
  assign g_limit     = judged ? compared : 32'd0;
  assign {given, given_cells} = {started, cells_q};
  assign p_valid     = state_q == ST_OFFER && permitted;
  assign {p_kind, p_row, p_mask, p_voltage, p_gate} = {kind_q, row_q, mask_q, voltage_q, gate_q};
  assign p_drive     = drive_q && lawful;

  // ---- Rows for reading: `x_ready_in` knows the row and its pulse from the cycle before, in which they were the same ----
  wire due = licence_q && match_q, read_low = read_code <= limit_voltage[63:48];
  wire matched = lawful && read_code == voltage_q && x_line == row_q;
  always @(posedge clk) begin
    match_q <= matched;
    if (!rst_n || take || arm_take || !held_q || (x_valid && x_ready)) licence_q <= 1'b0;
    else if (settled && sweep_q && !cut_q) licence_q <= 1'b1;
  end
  assign x_valid    = x_valid_in && !safe_latched && !kill && (read_low || (due && matched));
  assign x_ready_in = x_ready && !safe_latched && (read_low || due);

`ifdef FORMAL
  `include "limit_guard_properties.vh"
`endif

endmodule

`default_nettype wire
