// SPDX-License-Identifier: BSD-3-Clause
// The electrical limits: zero at reset, never above the board's ceilings, and only falling after the lock.
//
// `index` selects one of LIMIT_FORM_V .. LIMIT_LOCK in the order of their addresses; `value` and `status` answer
// in the same cycle, `bound` is what a refused value was compared with. A write takes effect at the next edge,
// and only when `status` is OK. Reset is the only way back up.

`default_nettype none
`include "board_map.vh"

module limit_registers #(
    parameter [15:0] CEILING_FORM_V  = 16'd0,  // DAC codes
    parameter [15:0] CEILING_SET_V   = 16'd0,
    parameter [15:0] CEILING_RESET_V = 16'd0,
    parameter [15:0] CEILING_READ_V  = 16'd0,
    parameter [15:0] CEILING_GATE_V  = 16'd0,
    parameter [31:0] CEILING_WIDTH   = 32'd0   // clk cycles
) (
    input  wire        clk,
    input  wire        rst_n,

    // Register access
    input  wire        write,
    input  wire [2:0]  index,
    input  wire [31:0] data,
    output wire [31:0] value,
    output wire [7:0]  status,
    output wire [31:0] bound,

    // To the guard
    output wire [63:0] limit_voltage,  // FORM, SET, RESET, READ from bit 0
    output wire [15:0] limit_gate,
    output wire [31:0] limit_width,
    output wire        locked
);

  localparam [2:0] GATE = 3'd4, WIDTH = 3'd5, LOCK = 3'd6;
  localparam [63:0] CEILINGS = {CEILING_READ_V, CEILING_RESET_V, CEILING_SET_V, CEILING_FORM_V};

  // ---- State ----
  reg [63:0] voltage_q;
  reg [15:0] gate_q;
  reg [31:0] width_q;
  reg        locked_q;

  // ---- Judgement ----
  reg [31:0] present, ceiling;
  always @(*) begin : selected
    present = {16'd0, voltage_q[{index[1:0], 4'd0} +: 16]};
    ceiling = {16'd0, CEILINGS[{index[1:0], 4'd0} +: 16]};
    case (index)
      GATE: begin
        present = {16'd0, gate_q};
        ceiling = {16'd0, CEILING_GATE_V};
      end
      WIDTH: begin
        present = width_q;
        ceiling = CEILING_WIDTH;
      end
      LOCK, 3'd7: begin
        present = {31'd0, locked_q};
        ceiling = 32'd1;
      end
      default: present = {16'd0, voltage_q[{index[1:0], 4'd0} +: 16]};
    endcase
  end

  wire over   = data > ceiling;
  wire raises = index == LOCK ? data < present : data > present;
  wire denied = over || (locked_q && raises);
  wire taken  = write && !denied;

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) begin
      voltage_q <= 64'd0;
      gate_q    <= 16'd0;
      width_q   <= 32'd0;
      locked_q  <= 1'b0;
    end else if (taken) begin
      case (index)
        GATE: gate_q <= data[15:0];
        WIDTH: width_q <= data;
        LOCK: locked_q <= data[0];
        3'd7: locked_q <= locked_q;
        default: voltage_q[{index[1:0], 4'd0} +: 16] <= data[15:0];
      endcase
    end
  end

  // ---- Outputs ----
  assign value         = present;
  assign status        = over ? `STATUS_OVER_CEILING : denied ? `STATUS_LIMITS_LOCKED : `STATUS_OK;
  assign bound         = over ? ceiling : present;
  assign limit_voltage = voltage_q;
  assign limit_gate    = gate_q;
  assign limit_width   = width_q;
  assign locked        = locked_q;

`ifdef FORMAL
  `include "limit_registers_properties.vh"
`endif

endmodule

`default_nettype wire
