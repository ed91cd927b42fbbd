// SPDX-License-Identifier: BSD-3-Clause
// What time and reads leave of one formed cell (docs/emulator.md, "ENV"): a cell every two cycles.
//
// `start` takes the row, whose fields stay stable; its shares are ready 3 cycles later and hold. Numbered by cycles after a cell
// was fed: `hash` brings the pulse hash at 4, `normal` its normal number at 5; `g8`, `g9` are its code at 8 and 9. `code` is
// its new one at 12; whether it counts is decided outside. Nothing of a cell moves while `en` is low.

`default_nettype none

module cell_age (
    input  wire               clk,
    input  wire               en,

    // The row
    input  wire               start,
    input  wire [15:0]        log_seconds,  // L, Q8
    input  wire [31:0]        reads,
    input  wire [9:0]         top,
    input  wire [9:0]         emu_formed_floor,
    input  wire [479:0]       emu_physics,

    // Cells
    input  wire [31:0]        hash,
    input  wire signed [18:0] normal,
    input  wire [9:0]         g8,
    input  wire [9:0]         g9,
    output wire [9:0]         code
);

  wire [15:0] read_disturb = emu_physics[383:368];
  wire [15:0] drift_slope  = emu_physics[399:384];
  wire [15:0] drift_spread = emu_physics[415:400];

  // ---- The shares of the way down and up, of 65536
  reg         made_q;
  reg  [31:0] lost_q;
  reg  [47:0] lifted_q;
  reg  [15:0] loss_q, gain_q;

  always @(posedge clk) begin
    made_q <= start;
    if (start) begin
      lost_q   <= {16'd0, log_seconds} * {16'd0, drift_slope};
      lifted_q <= {16'd0, reads} * {32'd0, read_disturb};
    end
    if (made_q) begin
      loss_q <= lost_q[31:24] != 8'd0 ? 16'hFFFF : lost_q[23:8];
      gain_q <= lifted_q[47:32] != 16'd0 ? 16'hFFFF : lifted_q[31:16];
    end
  end

  // ---- Cycles 5 to 8: the share lost, spread from cell to cell
  reg  signed [35:0] scaled6_q;
  reg  signed [41:0] product7_q;
  reg  signed [17:0] share8_q;
  wire signed [24:0] factor6 = 25'sd4096 + $signed({scaled6_q[35], scaled6_q[35:12]});
  wire               above7  = !product7_q[41] && product7_q[40:28] != 13'd0;
  wire               below7  = product7_q[41] && product7_q[40:28] != 13'h1FFF;

  always @(posedge clk) begin
    if (en) begin
      scaled6_q  <= $signed({20'd0, drift_spread}) * $signed({{17{normal[18]}}, normal});
      product7_q <= $signed({26'd0, loss_q}) * $signed({{17{factor6[24]}}, factor6});
      share8_q   <= above7 ? 18'sd65535 : below7 ? -18'sd65536 : $signed({product7_q[41], product7_q[28:12]});
    end
  end

  // ---- Cycles 8 to 12: down, then up, each rounded at random
  reg  [139:0]       draws_q;  // bits 31:12 of the hashes of the last seven cycles
  reg  signed [28:0] step9_q;
  reg  signed [11:0] kept10_q, kept11_q;
  reg  signed [29:0] step11_q;
  reg  [9:0]         code12_q;
  wire [10:0]        way8      = {1'b0, g8} - {1'b0, emu_formed_floor};
  wire signed [28:0] rounded9  = step9_q + $signed({13'd0, draws_q[99:90], 6'd32});
  wire signed [11:0] way10     = $signed({2'd0, top}) - kept10_q;
  wire signed [29:0] rounded11 = step11_q + $signed({14'd0, draws_q[129:120], 6'd32});
  wire signed [13:0] moved11   = $signed({{2{kept11_q[11]}}, kept11_q}) + rounded11[29:16];

  always @(posedge clk) begin
    if (en) begin
      draws_q  <= {draws_q[119:0], hash[31:12]};
      step9_q  <= $signed({{18{way8[10]}}, way8}) * $signed({{11{share8_q[17]}}, share8_q});
      kept10_q <= $signed({2'd0, g9}) - rounded9[27:16];
      kept11_q <= kept10_q;
      step11_q <= $signed({{18{way10[11]}}, way10}) * $signed({14'd0, gain_q});
      if (moved11 < $signed({4'd0, emu_formed_floor})) code12_q <= emu_formed_floor;
      else if (moved11 > $signed({4'd0, top}))         code12_q <= top;
      else                                             code12_q <= moved11[9:0];
    end
  end

  assign code = code12_q;

  wire unused_ok = &{1'b0, emu_physics, lost_q[7:0], lifted_q[15:0], scaled6_q[11:0], product7_q[11:0], rounded9[28],
                     rounded9[15:0], rounded11[15:0], draws_q[139:130], hash[11:0]};

endmodule

`default_nettype wire
