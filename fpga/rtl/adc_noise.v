// SPDX-License-Identifier: BSD-3-Clause
// Read noise and ADC noise of one ADC lane: one conversion a cycle, drawn from a hash.
//
// `stageN_*` are the fields of the conversion that is in stage N in this cycle. `noise` (Q6) is the
// conversion's in stage 9, `noise_codes` (codes) the one's in stage 15. Holds GAUSS, twice, and the lane's
// share of mroot. What an enable (`read_noise_on`, `adc_noise_on`) leaves off is zero and costs nothing.

`include "board_map.vh"
`default_nettype none

module adc_noise #(
    parameter COLS      = 512,  // columns of the macro
    parameter ADC_LANES = 4,    // lanes that share the columns
    parameter LANE      = 0     // which of them
) (
    input  wire               clk,
    input  wire               clk_tables,
    input  wire               en,
    input  wire               read_noise_on,
    input  wire               adc_noise_on,
    input  wire [15:0]        emu_read_noise,
    input  wire [15:0]        emu_adc_noise,

    // Conversion
    input  wire [19:0]        stage2_total,
    input  wire [31:0]        stage2_hash,
    input  wire [8:0]         stage5_column,
    input  wire [31:0]        stage6_key2,
    input  wire               stage7_one,
    output wire signed [28:0] noise,
    output wire signed [15:0] noise_codes,

    // Tables
    input  wire               g_write,
    input  wire [9:0]         g_index,
    input  wire [17:0]        g_data,
    input  wire               m_write,
    input  wire [8:0]         m_column,
    input  wire [11:0]        m_root
);

  localparam W_L = ADC_LANES == 4 ? 2 : ADC_LANES == 2 ? 1 : 0;
  localparam DEPTH = COLS / ADC_LANES;
  localparam W_D   = $clog2(DEPTH);

  // ---- Stages 2 to 6: hash and square root
  wire [31:0] mixed;
  wire [31:0] hash = mixed ^ stage6_key2;
  wire [11:0] root, mroot;

  mix32_pipe u_mix (
      .clk(clk),
      .en (en && (read_noise_on || adc_noise_on)),
      .x  (stage2_hash),
      .y  (mixed)
  );

  isqrt_pipe u_isqrt (
      .clk  (clk),
      .en   (en && read_noise_on),
      .value({stage2_total, 4'd0}),
      .root (root)
  );

  wire [8:0] m_bank  = m_column >> W_L;
  wire [8:0] bank5   = stage5_column >> W_L;
  wire       m_mine  = (m_column & (ADC_LANES[8:0] - 9'd1)) == LANE[8:0];

  table_memory #(
      .DEPTH(DEPTH),
      .W    (12),
      .W_A  (W_D)
  ) u_mroot (
      .clk          (clk),
      .clk_write    (clk_tables),
      .write        (m_write && m_mine),
      .write_address(m_bank[W_D-1:0]),
      .write_data   (m_root),
      .read         (en && read_noise_on),
      .read_address (bank5[W_D-1:0]),
      .read_data    (mroot)
  );

  // ---- Stages 6 to 9: read noise
  reg  [49:0]        total_q;  // the conversion's total, ten bits, stages 3 to 7; used when one row is on
  reg  [23:0]        spread_q;
  reg                sign7_q;
  reg  signed [18:0] z8_q;
  reg  [36:0]        sigma_q;
  reg  signed [40:0] product_q;
  wire [17:0]        gauss;
  wire [20:0]        amplitude = stage7_one ? {5'd0, total_q[49:40], 6'd0} : spread_q[23:3];
  wire signed [40:0] rounded   = product_q + 41'sd2048;

  table_memory #(
      .DEPTH(1024),
      .W    (18),
      .W_A  (10)
  ) u_gauss (
      .clk          (clk),
      .clk_write    (clk_tables),
      .write        (g_write),
      .write_address(g_index),
      .write_data   (g_data),
      .read         (en && read_noise_on),
      .read_address (hash[9:0]),
      .read_data    (gauss)
  );

  always @(posedge clk) begin
    if (en && read_noise_on) begin
      total_q   <= {total_q[39:0], stage2_total[9:0]};
      spread_q  <= {12'd0, mroot} * {12'd0, root};
      sign7_q   <= hash[10];
      z8_q      <= sign7_q ? -$signed({1'b0, gauss}) : $signed({1'b0, gauss});
      sigma_q   <= {21'd0, emu_read_noise} * {16'd0, amplitude};
      product_q <= $signed({20'd0, sigma_q[36:16]}) * $signed({{22{z8_q[18]}}, z8_q});
    end
  end

  assign noise = read_noise_on ? rounded[40:12] : 29'sd0;

  // ---- Stages 6 to 15: ADC noise, drawn late
  reg  [54:0]        draw_q;   // hash bits 26:16, stages 7 to 11
  reg                sign12_q;
  reg  signed [18:0] z13_q;
  reg  signed [35:0] wide14_q;
  reg  signed [15:0] noise15_q;
  wire [17:0]        gauss2;
  wire signed [35:0] rounded2 = wide14_q + 36'sd524288;

  table_memory #(
      .DEPTH(1024),
      .W    (18),
      .W_A  (10)
  ) u_gauss2 (
      .clk          (clk),
      .clk_write    (clk_tables),
      .write        (g_write),
      .write_address(g_index),
      .write_data   (g_data),
      .read         (en && adc_noise_on),
      .read_address (draw_q[53:44]),
      .read_data    (gauss2)
  );

  always @(posedge clk) begin
    if (en && adc_noise_on) begin
      draw_q    <= {draw_q[43:0], hash[26:16]};
      sign12_q  <= draw_q[54];
      z13_q     <= sign12_q ? -$signed({1'b0, gauss2}) : $signed({1'b0, gauss2});
      wide14_q  <= $signed({20'd0, emu_adc_noise}) * $signed({{17{z13_q[18]}}, z13_q});
      noise15_q <= rounded2[35:20];
    end
  end

  assign noise_codes = adc_noise_on ? noise15_q : 16'sd0;

  wire unused_ok = &{1'b0, m_bank, bank5, sigma_q[15:0], spread_q[2:0], rounded[11:0],
                     rounded2[19:0], hash[31:27], hash[15:11]};

endmodule

`default_nettype wire
