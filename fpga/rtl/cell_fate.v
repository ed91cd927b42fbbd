// SPDX-License-Identifier: BSD-3-Clause
// What becomes of one cell of a pulsed or aged row (docs/emulator.md, "Programming physics"): a cell every two cycles.
//
// Shorts, damage, stuck, worn and leaky cells, and the half-selected ones that are not kept. Numbered by cycles after a
// cell was fed: `hash` brings the cell hash of kind 4 at 4 and the pulse hash of kind 6 at 5; all else is of 12, `out` of
// 13. Nothing moves while `en` is low.

`include "board_map.vh"
`default_nettype none

module cell_fate (
    input  wire         clk,
    input  wire         en,

    // The pulse
    input  wire [1:0]   kind,
    input  wire [15:0]  voltage,
    input  wire         acts,
    input  wire         aging,  // ENV, no pulse
    input  wire [9:0]   top,
    input  wire [9:0]   emu_formed_floor,
    input  wire [479:0] emu_physics,

    // Cells
    input  wire [31:0]  hash,
    input  wire         keep,
    input  wire [9:0]   g,
    input  wire         breaks,
    input  wire [9:0]   formed_code,
    input  wire [9:0]   step_code,
    input  wire [9:0]   aged_code,
    output wire [9:0]   out
);

  wire        shorts       = emu_physics[1];
  wire [15:0] damage_reset = emu_physics[31:16];
  wire [15:0] low          = emu_physics[47:32];
  wire [15:0] high         = emu_physics[63:48];
  wire [15:0] leaky        = emu_physics[79:64];
  wire [9:0]  leak         = emu_physics[89:80];
  wire [31:0] wear         = emu_physics[287:256];
  wire [15:0] damage_form  = emu_physics[303:288];
  wire [15:0] damage_set   = emu_physics[319:304];
  wire [15:0] half_select  = emu_physics[367:352];

  // ---- Classes of the hashes, and their way to cycle 12
  wire [17:0] stuck_end = {2'd0, low} + {2'd0, high};
  wire [17:0] leaky_end = stuck_end + {2'd0, leaky};
  wire [17:0] u         = {2'd0, hash[15:0]};
  reg  [23:0] classes_q;  // low, stuck, leaky (not stuck)
  reg  [13:0] draws_q;    // worn, moved by half of the voltage
  wire        is_low    = classes_q[23];
  wire        is_stuck  = classes_q[22];
  wire        is_leaky  = classes_q[21];
  wire        is_worn   = draws_q[13];
  wire        is_moved  = draws_q[12];

  always @(posedge clk) begin
    if (en) begin
      classes_q <= {classes_q[20:0], u < {2'd0, low}, u < stuck_end, u >= stuck_end && u < leaky_end};
      draws_q   <= {draws_q[11:0], hash < wear, hash[15:0] < half_select};
    end
  end

  // ---- A cell of the mask
  wire        pristine = g < emu_formed_floor;
  wire        raises   = kind != `PULSE_RESET;
  wire [15:0] damage   = kind == `PULSE_FORM ? damage_form : kind == `PULSE_SET ? damage_set : damage_reset;
  wire        destroys = damage != 16'd0 && voltage > damage;
  wire        wears    = is_worn && kind != `PULSE_FORM && !pristine;
  wire [9:0]  stuck    = !is_low ? top : pristine ? g : emu_formed_floor;
  wire [9:0]  pulsed   = kind == `PULSE_FORM ? (pristine && breaks ? formed_code : g)
      : !pristine && acts ? step_code : g;
  wire [9:0]  kept     = is_leaky && pulsed < leak ? leak : pulsed;
  wire [9:0]  selected = shorts && (g == 10'd1023 || destroys) ? 10'd1023 : is_stuck ? stuck
      : shorts && wears ? 10'd1023 : kept;

  // ---- Time passes
  wire       mortal = !pristine && g <= top && !is_stuck;
  wire [9:0] aged   = !mortal ? g : is_leaky && aged_code < leak ? leak : aged_code;

  // ---- Its neighbours
  wire       moves     = is_moved && mortal && !aging;
  wire [9:0] neighbour = !moves ? g : raises ? (g == top ? g : g + 10'd1)
      : g == emu_formed_floor ? g : g - 10'd1;

  reg [9:0] out_q;

  always @(posedge clk) begin
    if (en) out_q <= !keep ? neighbour : aging ? aged : selected;
  end

  assign out = out_q;

  wire unused_ok = &{1'b0, emu_physics};

endmodule

`default_nettype wire
