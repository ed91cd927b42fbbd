// SPDX-License-Identifier: BSD-3-Clause
// How far the slow effects of reading move the gain of one ADC lane: w of docs/emulator.md, one conversion a cycle.
//
// `stageN_*` are the fields of the conversion that is in stage N in this cycle, stage 0 that in which it is chosen; `w` is
// the conversion's in stage 8. The words hashed are those of the column: `stage0_slow` with the epoch's key, `stage0_cell` with
// the row's, which only cell reads look at, as at the mark of a fresh cell. With `en` low nothing moves. Holds GAUSS, with two read ports.

`default_nettype none

module adc_wander (
    input  wire               clk,
    input  wire               en,

    // Configuration
    input  wire               cfg_cells,      // cell reads
    input  wire               cfg_reference,
    input  wire [15:0]        common,
    input  wire [15:0]        sum_spread,     // RTN_SUM
    input  wire [15:0]        telegraph,      // RTN
    input  wire [15:0]        fraction,
    input  wire [15:0]        relaxation,

    // Conversion
    input  wire [31:0]        stage0_slow,
    input  wire [31:0]        stage0_cell,
    input  wire               stage5_fresh,
    input  wire               stage5_reset,   // of a fresh cell: its last pulse was a RESET
    input  wire [2:0]         stage5_age,
    output wire signed [16:0] w,              // Q16

    // Table
    input  wire               g_write,
    input  wire [9:0]         g_index,
    input  wire [17:0]        g_data
);

  wire        cells = en && cfg_cells;
  wire [31:0] slow, fate;  // in stage 4
  wire [17:0] gauss_common, gauss_sum;

  mix32_pipe u_slow (
      .clk(clk),
      .en (en),
      .x  (stage0_slow),
      .y  (slow)
  );

  mix32_pipe u_cell (
      .clk(clk),
      .en (cells),
      .x  (stage0_cell),
      .y  (fate)
  );

  table_pair #(
      .DEPTH(1024),
      .W    (18),
      .W_A  (10)
  ) u_gauss (
      .clk       (clk),
      .write     (g_write),
      .write_data(g_data),
      .read      (en),
      .address_a (g_write ? g_index : slow[9:0]),
      .address_b (slow[25:16]),
      .data_a    (gauss_common),
      .data_b    (gauss_sum)
  );

  // (deviation * z) >> 12, of the product's sign and magnitude
  function signed [22:0] scaled(input negative, input [33:0] product);
    scaled = negative ? -$signed({1'b0, product[33:12]}) - $signed({22'd0, product[11:0] != 12'd0})
        : $signed({1'b0, product[33:12]});
  endfunction

  // ---- Stages 5 to 7: one cell, telegraph noise and relaxation
  wire [15:0]       states = slow[31:16] >> fate[3:0];
  reg               noisy5_q, high5_q;
  reg [19:0]        most5_q;
  reg signed [16:0] level6_q;
  reg signed [17:0] left6_q;
  wire [16:0]       left5 = most5_q[19:3] >> stage5_age;

  always @(posedge clk) begin
    if (cells) begin
      noisy5_q <= fate[31:16] < fraction;
      high5_q  <= states[0];
      most5_q  <= {4'd0, relaxation} * {16'd0, fate[7:4]};
      if (!noisy5_q)    level6_q <= 17'sd0;
      else if (high5_q) level6_q <= $signed({1'b0, telegraph});
      else              level6_q <= -$signed({1'b0, telegraph});
      if (!stage5_fresh)     left6_q <= 18'sd0;
      else if (stage5_reset) left6_q <= -$signed({1'b0, left5});
      else                   left6_q <= $signed({1'b0, left5});
    end
  end

  // ---- Stages 5 to 8: channel, sums of cells, and all together
  reg               common5_q, common6_q, sum5_q, sum6_q;  // signs
  reg [33:0]        common_q, sum_q;                       // magnitudes, stage 6
  reg signed [22:0] channel7_q, other7_q;
  reg signed [16:0] w8_q;
  wire signed [23:0] total7 = $signed({channel7_q[22], channel7_q}) + $signed({other7_q[22], other7_q});
  wire               fits7  = total7[23:16] == {8{total7[16]}};

  always @(posedge clk) begin
    if (en) begin
      {common5_q, sum5_q} <= {slow[10], slow[26]};
      {common6_q, sum6_q} <= {common5_q, sum5_q};
      common_q   <= {18'd0, common} * {16'd0, gauss_common};
      sum_q      <= {18'd0, sum_spread} * {16'd0, gauss_sum};
      channel7_q <= scaled(common6_q, common_q);
      if (cfg_reference)  other7_q <= 23'sd0;
      else if (cfg_cells) other7_q <= $signed({{6{level6_q[16]}}, level6_q}) + $signed({{5{left6_q[17]}}, left6_q});
      else                other7_q <= scaled(sum6_q, sum_q);
      w8_q <= fits7 ? total7[16:0] : {total7[23], {16{!total7[23]}}};
    end
  end

  assign w = w8_q;

  wire unused_ok = &{1'b0, slow[15:11], fate[15:8], states[15:1], most5_q[2:0]};

endmodule

`default_nettype wire
