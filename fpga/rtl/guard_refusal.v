// SPDX-License-Identifier: BSD-3-Clause
// Names what forbids a pulse: the first rule that fits, in the order of docs/protocol.md, and the limit compared.
//
// Only names it, by the comparisons of the cycle before: whether a pulse is driven, limit_guard decides by its own.

`default_nettype none
`include "board_map.vh"

module guard_refusal (
    input  wire        clk,
    input  wire        latched,       // safe state
    input  wire        held,          // a token
    input  wire        expired,
    input  wire        kind_good,
    input  wire [7:0]  operations,    // of the token
    input  wire        in_token,      // row and columns are the token's
    input  wire [15:0] voltage,       // DAC codes
    input  wire [15:0] voltage_most,
    input  wire [15:0] cap,           // of the token
    input  wire [15:0] gate,
    input  wire [15:0] gate_most,
    input  wire [31:0] width,         // clk cycles
    input  wire [31:0] width_most,
    input  wire [9:0]  cells,
    input  wire [31:0] left,          // cell pulses of the token
    output reg  [7:0]  status,
    output reg  [31:0] limit
);

  // ---- State ----
  reg over_most_q, over_cap_q, over_gate_q, over_width_q;

  // ---- Registers ----
  always @(posedge clk) begin
    over_most_q  <= voltage > voltage_most;
    over_cap_q   <= voltage > cap;
    over_gate_q  <= gate > gate_most;
    over_width_q <= width > width_most || width == 32'd0;
  end

  // ---- Outputs ----
  always @(*) begin : judgement
    limit = 32'd0;
    if (latched) status = `STATUS_SAFE_LATCHED;
    else if (!held) status = `STATUS_NOT_ARMED;
    else if (expired) status = `STATUS_TOKEN_EXPIRED;
    else if (!kind_good) begin
      status = `STATUS_OPERATION_NOT_ARMED;
      limit  = {24'd0, operations};
    end else if (!in_token) status = `STATUS_OUTSIDE_TOKEN;
    else if (over_most_q) begin
      status = `STATUS_OVER_VOLTAGE_LIMIT;
      limit  = {16'd0, voltage_most};
    end else if (over_cap_q) begin
      status = `STATUS_OVER_TOKEN_VOLTAGE;
      limit  = {16'd0, cap};
    end else if (over_gate_q) begin
      status = `STATUS_OVER_GATE_LIMIT;
      limit  = {16'd0, gate_most};
    end else if (over_width_q) begin
      status = `STATUS_OVER_WIDTH_LIMIT;
      limit  = width_most;
    end else if ({22'd0, cells} > left) begin
      status = `STATUS_PULSE_BUDGET;
      limit  = left;
    end else status = `STATUS_OK;
  end

endmodule

`default_nettype wire
