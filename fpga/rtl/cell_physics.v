// SPDX-License-Identifier: BSD-3-Clause
// What one pulse leaves of one cell: a cell every two cycles, FORM or RESET (docs/emulator.md, "Cells").
//
// `feed` takes a cell; its hashes, asked for outside, come on `hash`: the first four cycles later (kind 0 for
// FORM, the pulse's for RESET), the second (kind 1) five cycles later. 13 cycles after `feed`, `out_valid` gives
// its new code beside the old one. Cells that are not kept, and kinds other than FORM and RESET, do
// not change. Holds the tables BREAKDOWN, FORMED and a copy of GAUSS.

`include "board_map.vh"
`default_nettype none

module cell_physics (
    input  wire               clk,
    input  wire               rst_n,

    // The pulse
    input  wire [1:0]         kind,
    input  wire [15:0]        voltage,
    input  wire [17:0]        gate_factor,
    input  wire signed [25:0] fall,
    input  wire [15:0]        fraction,
    input  wire               removes,
    input  wire [9:0]         emu_formed_floor,
    input  wire [15:0]        emu_reset_spread,

    // Cells
    input  wire               feed,
    input  wire               keep,
    input  wire [8:0]         column,
    input  wire [9:0]         g,
    input  wire [31:0]        hash,
    output wire               out_valid,
    output wire               out_keep,
    output wire [8:0]         out_column,
    output wire [9:0]         out_old,
    output wire [9:0]         out_g,

    // Tables
    input  wire               t_valid,
    input  wire [3:0]         t_table,
    input  wire [11:0]        t_index,
    input  wire [17:0]        t_data
);

  localparam STAGES = 13;
  localparam W_I    = 20;

  reg [STAGES-1:0]     valid_q;  // stage s is bit s - 1
  reg [STAGES*W_I-1:0] info_q;   // keep, column, code
  wire                 en     = feed || valid_q != {STAGES{1'b0}};
  wire [9:0]           g10    = info_q[9*W_I +: 10];
  wire [9:0]           g11    = info_q[10*W_I +: 10];
  wire [9:0]           g12    = info_q[11*W_I +: 10];
  wire                 keep12 = info_q[11*W_I+19];

  always @(posedge clk) begin
    if (!rst_n)  valid_q <= {STAGES{1'b0}};
    else if (en) valid_q <= {valid_q[STAGES-2:0], feed};
    if (en) info_q <= {info_q[(STAGES-1)*W_I-1:0], keep, column, g};
  end

  // ---- Tables
  wire [7:0]  which = {4'd0, t_table};
  wire [17:0] breakdown, formed, gauss;

  table_memory #(.DEPTH(`TABLE_ENTRIES), .W(18), .W_A(10)) u_breakdown (
      .clk          (clk),
      .write        (t_valid && which == `TABLE_BREAKDOWN),
      .write_address(t_index[9:0]),
      .write_data   (t_data),
      .read         (valid_q[3]),
      .read_address (hash[9:0]),
      .read_data    (breakdown)
  );

  table_memory #(.DEPTH(`TABLE_ENTRIES), .W(18), .W_A(10)) u_formed (
      .clk          (clk),
      .write        (t_valid && which == `TABLE_FORMED),
      .write_address(t_index[9:0]),
      .write_data   (t_data),
      .read         (valid_q[4]),
      .read_address (hash[9:0]),
      .read_data    (formed)
  );

  table_memory #(.DEPTH(`TABLE_ENTRIES), .W(18), .W_A(10)) u_gauss (
      .clk          (clk),
      .write        (t_valid && which == `TABLE_GAUSS),
      .write_address(t_index[9:0]),
      .write_data   (t_data),
      .read         (valid_q[3]),
      .read_address (hash[9:0]),
      .read_data    (gauss)
  );

  // ---- FORM
  reg signed [26:0] threshold6_q;
  reg               breaks7_q;
  reg [35:0]        product7_q;
  reg [10:0]        result8_q, result9_q, result10_q, result11_q, result12_q;  // breaks, code
  wire [36:0]       rounded7 = {1'b0, product7_q} + 37'd524288;
  wire [16:0]       code7    = rounded7[36:20];
  wire [9:0]        raised7  = code7 > 17'd1023 ? 10'd1023 : code7[9:0];

  always @(posedge clk) begin
    if (en) begin
      threshold6_q <= $signed({9'd0, breakdown}) - $signed({fall[25], fall});
      breaks7_q    <= $signed({11'd0, voltage}) >= threshold6_q;
      product7_q   <= {18'd0, formed} * {18'd0, gate_factor};
      result8_q    <= {breaks7_q, raised7 < emu_formed_floor ? emu_formed_floor : raised7};
      result9_q    <= result8_q;
      result10_q   <= result9_q;
      result11_q   <= result10_q;
      result12_q   <= result11_q;
    end
  end

  // ---- RESET
  reg               sign5_q;
  reg signed [18:0] z6_q;
  reg signed [35:0] spread7_q;
  reg signed [24:0] factor8_q;
  reg signed [41:0] product9_q;
  reg [15:0]        fraction10_q;
  reg [25:0]        step11_q;
  reg [9:0]         code12_q;
  wire [25:0]       rounded11 = step11_q + 26'd32768;
  wire [9:0]        above10   = g10 - emu_formed_floor;

  always @(posedge clk) begin
    if (en) begin
      sign5_q    <= hash[10];
      z6_q       <= sign5_q ? -$signed({1'b0, gauss}) : $signed({1'b0, gauss});
      spread7_q  <= $signed({20'd0, emu_reset_spread}) * $signed({{17{z6_q[18]}}, z6_q});
      factor8_q  <= 25'sd4096 + $signed({spread7_q[35], spread7_q[35:12]});
      product9_q <= $signed({26'd0, fraction}) * $signed({{17{factor8_q[24]}}, factor8_q});
      if (product9_q[41])                   fraction10_q <= 16'd0;
      else if (product9_q[40:28] != 13'd0) fraction10_q <= 16'hFFFF;
      else                                 fraction10_q <= product9_q[27:12];
      step11_q   <= {16'd0, above10} * {10'd0, fraction10_q};
      code12_q   <= g11 - rounded11[25:16];
    end
  end

  // ---- Stage 13: what the cell becomes
  reg  [9:0] out_q;
  wire       pristine12 = g12 < emu_formed_floor;
  wire       forms12    = kind == `PULSE_FORM && pristine12 && result12_q[10];
  wire       lowers12   = kind == `PULSE_RESET && !pristine12 && removes;

  always @(posedge clk) begin
    if (en) begin
      if (keep12 && forms12)       out_q <= result12_q[9:0];
      else if (keep12 && lowers12) out_q <= code12_q;
      else                         out_q <= g12;
    end
  end

  assign out_valid = valid_q[STAGES-1];
  assign out_g     = out_q;
  assign {out_keep, out_column, out_old} = info_q[(STAGES-1)*W_I +: W_I];

  wire unused_ok = &{1'b0, t_index, hash[31:11], rounded7[19:0], spread7_q[11:0], product9_q[11:0], rounded11[15:0]};

endmodule

`default_nettype wire
