// SPDX-License-Identifier: BSD-3-Clause
// How far the slow effects of reading move the gain of one ADC lane: w of docs/emulator.md, one conversion a cycle.
//
// `stageN_*` are the fields of the conversion that is in stage N in this cycle; `w` is the conversion's in stage 9. The words hashed
// are those of the column: `stage1_slow` with the epoch's key, `stage1_cell` with the row's, which only cell reads look at, as at
// the mark of a fresh cell. With `en` low nothing moves, and a simulation evaluates nothing. Holds GAUSS, with two read ports.

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
    input  wire [31:0]        stage1_slow,
    input  wire [31:0]        stage1_cell,
    input  wire               stage7_fresh,
    input  wire               stage7_reset,   // of a fresh cell: its last pulse was a RESET
    input  wire [2:0]         stage7_age,
    output wire signed [16:0] w,              // Q16

    // Table
    input  wire               g_write,
    input  wire [9:0]         g_index,
    input  wire [17:0]        g_data
);

  wire        cells = en && cfg_cells;
  wire [31:0] slow, fate;  // in stage 5
  wire [17:0] gauss_common, gauss_sum;
  reg  [31:0] slow6_q, fate6_q;

  mix32_pipe u_slow (
      .clk(clk),
      .en (en),
      .x  (stage1_slow),
      .y  (slow)
  );

  mix32_pipe u_cell (
      .clk(clk),
      .en (cells),
      .x  (stage1_cell),
      .y  (fate)
  );

  always @(posedge clk) begin
    if (en) slow6_q <= slow;
    if (cells) fate6_q <= fate;
  end

  table_pair #(
      .DEPTH(1024),
      .W    (18),
      .W_A  (10)
  ) u_gauss (
      .clk       (clk),
      .write     (g_write),
      .write_data(g_data),
      .read      (en),
      .address_a (g_write ? g_index : slow6_q[9:0]),
      .address_b (slow6_q[25:16]),
      .data_a    (gauss_common),
      .data_b    (gauss_sum)
  );

  // Signed, of a sign and a magnitude
  function signed [17:0] signed_of(input negative, input [16:0] magnitude);
    signed_of = negative ? -$signed({1'b0, magnitude}) : $signed({1'b0, magnitude});
  endfunction

  // (deviation * z) >> 12, of the product's sign and magnitude
  function signed [23:0] scaled(input negative, input [33:0] product);
    scaled = negative ? -$signed({2'd0, product[33:12]}) - $signed({23'd0, product[11:0] != 12'd0})
        : $signed({2'd0, product[33:12]});
  endfunction

  function signed [16:0] clamped(input signed [23:0] value);
    clamped = value[23:16] == {8{value[16]}} ? value[16:0] : {value[23], {16{!value[23]}}};
  endfunction

  // ---- Stages 7 and 8: one cell, telegraph noise and relaxation
  reg               noisy7_q, high7_q;
  reg [19:0]        most7_q;
  reg signed [17:0] level8_q, left8_q;

  always @(posedge clk) begin
    if (cells) begin
      noisy7_q <= fate6_q[31:16] < fraction;
      high7_q  <= slow6_q[{1'b1, fate6_q[3:0]}];
      most7_q  <= {4'd0, relaxation} * {16'd0, fate6_q[7:4]};
      level8_q <= noisy7_q ? signed_of(!high7_q, {1'b0, telegraph}) : 18'sd0;
      left8_q  <= stage7_fresh ? signed_of(stage7_reset, most7_q[19:3] >> stage7_age) : 18'sd0;
    end
  end

  // ---- Stages 7 to 9: channel, sums of cells, and all together
  reg               common7_q, common8_q, sum7_q, sum8_q;  // signs
  reg [33:0]        common_q, sum_q;                       // magnitudes, stage 8
  reg signed [16:0] w9_q;

  always @(posedge clk) begin
    if (en) begin
      {common7_q, sum7_q} <= {slow6_q[10], slow6_q[26]};
      {common8_q, sum8_q} <= {common7_q, sum7_q};
      common_q <= {18'd0, common} * {16'd0, gauss_common};
      sum_q    <= {18'd0, sum_spread} * {16'd0, gauss_sum};
      if (cfg_reference) w9_q <= clamped(scaled(common8_q, common_q));
      else if (cfg_cells)
        w9_q <= clamped(scaled(common8_q, common_q) + $signed({{6{level8_q[17]}}, level8_q})
                        + $signed({{6{left8_q[17]}}, left8_q}));
      else w9_q <= clamped(scaled(common8_q, common_q) + scaled(sum8_q, sum_q));
    end
  end

  assign w = w9_q;

  wire unused_ok = &{1'b0, slow6_q[15:11], fate6_q[15:8], most7_q[2:0]};

endmodule

`default_nettype wire
