// SPDX-License-Identifier: BSD-3-Clause
// How far SET or RESET moves one formed cell (docs/emulator.md, "A pulse on a cell of its mask"): a cell every two cycles.
//
// Numbered by cycles after a cell was fed: `hash` brings the pulse hash at 4 and that of kind 5 at 5, `first` is high at 4;
// `g9` and `g11` are its code at 9 and 11. `code` is its new one at 12; whether it counts is decided outside. Two
// copies of GAUSS serve the four normal numbers of a cell; `normal` is that of hash bits 10:0, a cycle after its hash.
// Nothing moves while `en` is low.

`include "board_map.vh"
`default_nettype none

module cell_step (
    input  wire         clk,
    input  wire         en,

    // The pulse
    input  wire         is_set,
    input  wire [19:0]  fraction,
    input  wire [15:0]  level,
    input  wire [9:0]   top,
    input  wire [9:0]   emu_formed_floor,
    input  wire [15:0]  emu_reset_spread,
    input  wire [479:0] emu_physics,

    // Cells
    input  wire         first,
    input  wire [31:0]  hash,
    input  wire [9:0]   g9,
    input  wire [9:0]   g11,
    output wire [9:0]   code,
    output wire signed [18:0] normal,

    // Table GAUSS
    input  wire         t_gauss,
    input  wire [9:0]   t_index,
    input  wire [17:0]  t_data
);

  wire        dither      = emu_physics[0];
  wire [15:0] set_spread  = emu_physics[159:144];
  wire [15:0] level_cell  = emu_physics[207:192];
  wire [15:0] level_cycle = emu_physics[223:208];
  wire [15:0] step_spread = emu_physics[239:224];

  // ---- Normal numbers: of the step and of the level, first from the pulse hash, then from the cell's
  reg         second_q;  // cycle 5: the numbers read belong to the pulse
  reg         sign_a_q, sign_b_q;
  wire [17:0] gauss_a, gauss_b;

  table_memory #(.DEPTH(`TABLE_ENTRIES), .W(18), .W_A(10)) u_gauss_a (
      .clk          (clk),
      .clk_write    (clk),
      .write        (t_gauss),
      .write_address(t_index),
      .write_data   (t_data),
      .read         (first || second_q),
      .read_address (second_q ? hash[25:16] : hash[9:0]),
      .read_data    (gauss_a)
  );

  table_memory #(.DEPTH(`TABLE_ENTRIES), .W(18), .W_A(10)) u_gauss_b (
      .clk          (clk),
      .clk_write    (clk),
      .write        (t_gauss),
      .write_address(t_index),
      .write_data   (t_data),
      .read         (first || second_q),
      .read_address (second_q ? hash[9:0] : hash[20:11]),
      .read_data    (gauss_b)
  );

  wire signed [18:0] z_a = sign_a_q ? -$signed({1'b0, gauss_a}) : $signed({1'b0, gauss_a});
  wire signed [18:0] z_b = sign_b_q ? -$signed({1'b0, gauss_b}) : $signed({1'b0, gauss_b});
  wire        [15:0] spread_a = !second_q ? step_spread : is_set ? set_spread : emu_reset_spread;
  wire        [15:0] spread_b = second_q ? level_cycle : level_cell;
  reg  signed [35:0] scaled_a_q, scaled_b_q;
  wire signed [24:0] part_a   = $signed({scaled_a_q[35], scaled_a_q[35:12]});
  wire signed [24:0] part_b   = $signed({scaled_b_q[35], scaled_b_q[35:12]});
  wire signed [24:0] factor_a = 25'sd4096 + part_a;

  always @(posedge clk) begin
    if (en) begin
      second_q   <= first;
      sign_a_q   <= second_q ? hash[26] : hash[10];
      sign_b_q   <= second_q ? hash[10] : hash[21];
      scaled_a_q <= $signed({20'd0, spread_a}) * $signed({{17{z_a[18]}}, z_a});
      scaled_b_q <= $signed({20'd0, spread_b}) * $signed({{17{z_b[18]}}, z_b});
    end
  end

  // ---- Cycles 6 to 9: the fraction of the way, spread from pulse to pulse, then from cell to cell
  reg  signed [45:0] product7_q, product9_q;
  reg         [19:0] fraction8_q;
  reg  signed [24:0] factor8_q;
  reg         [15:0] fraction10_q;
  wire        [19:0] most  = is_set ? 20'hFFFFF : 20'h0FFFF;
  wire               over7 = product7_q[44:32] != 13'd0 || product7_q[31:12] > most;

  always @(posedge clk) begin
    if (en) begin
      product7_q <= $signed({26'd0, fraction}) * $signed({{21{factor_a[24]}}, factor_a});
      fraction8_q <= product7_q[45] ? 20'd0 : over7 ? most : product7_q[31:12];
      factor8_q  <= factor_a;
      product9_q <= $signed({26'd0, fraction8_q}) * $signed({{21{factor8_q[24]}}, factor8_q});
      if (product9_q[45])                  fraction10_q <= 16'd0;
      else if (product9_q[44:28] != 17'd0) fraction10_q <= 16'hFFFF;
      else                                 fraction10_q <= product9_q[27:12];
    end
  end

  // ---- Cycles 6 to 9: the level that a SET aims at, and the way there; or the way to the floor
  reg  signed [24:0] cycle7_q;
  reg  signed [25:0] factor8_b_q;
  reg  signed [42:0] level9_q;
  reg         [9:0]  way10_q;
  wire signed [42:0] rounded9 = level9_q + 43'sd131072;
  wire               beyond9  = rounded9[41:28] != 14'd0 || rounded9[27:18] > top;
  wire        [9:0]  target9  = rounded9[42] ? 10'd0 : beyond9 ? top : rounded9[27:18];
  wire        [9:0]  goal9    = is_set ? target9 : g9;
  wire        [9:0]  from9    = is_set ? g9 : emu_formed_floor;

  always @(posedge clk) begin
    if (en) begin
      cycle7_q    <= part_b;
      factor8_b_q <= 26'sd4096 + $signed({part_b[24], part_b}) + $signed({cycle7_q[24], cycle7_q});
      level9_q    <= $signed({27'd0, level}) * $signed({{17{factor8_b_q[25]}}, factor8_b_q});
      way10_q     <= goal9 > from9 ? goal9 - from9 : 10'd0;
    end
  end

  // ---- Cycles 10 and 11: the step, rounded to the nearest or at random
  reg  [69:0] draw_q;  // bits 31:22 of the hashes of the last seven cycles
  reg  [25:0] step11_q;
  reg  [9:0]  code12_q;
  wire [15:0] round11   = dither ? {draw_q[69:60], 6'd32} : 16'd32768;
  wire [25:0] rounded11 = step11_q + {10'd0, round11};

  always @(posedge clk) begin
    if (en) begin
      draw_q   <= {draw_q[59:0], hash[31:22]};
      step11_q <= {16'd0, way10_q} * {10'd0, fraction10_q};
      code12_q <= is_set ? g11 + rounded11[25:16] : g11 - rounded11[25:16];
    end
  end

  assign code   = code12_q;
  assign normal = z_a;

  wire unused_ok = &{1'b0, emu_physics, scaled_a_q[11:0], scaled_b_q[11:0], product7_q[11:0], product9_q[11:0],
                     rounded9[17:0], rounded11[15:0]};

endmodule

`default_nettype wire
