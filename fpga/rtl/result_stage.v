// SPDX-License-Identifier: BSD-3-Clause
// From a column's sum to its result: clamp, gain correction, column pairs, result width.
//
// Takes a sum a cycle with `advance`; `out_*` are its result seven such cycles later. With `pairs` the
// second column of each pair gives the result (first minus second), the first none. The table
// CORRECTION is kept here, read with the address of two stages before. `raw` leaves codes untouched.

`include "board_map.vh"
`default_nettype none

module result_stage (
    input  wire               clk,
    input  wire               clk_tables,
    input  wire               rst_n,
    input  wire               empty,
    input  wire               advance,
    output wire               idle,

    // Configuration
    input  wire               raw,
    input  wire               pairs,
    input  wire [1:0]         width,
    input  wire [1:0]         range,

    // A sum
    input  wire               valid,
    input  wire               second,     // of its pair
    input  wire               last,
    input  wire [8:0]         column,
    input  wire signed [39:0] sum,
    input  wire               saturated,

    // Its result
    output wire               out_valid,
    output wire [31:0]        out_data,
    output wire               out_saturated,
    output wire               out_last,

    // Table
    input  wire               t_write,
    input  wire [10:0]        t_address,
    input  wire [17:0]        t_data
);

  reg        [6:0]  valid_q, last_q;  // stage s is bit s - 1
  reg        [4:0]  second_q;
  reg        [4:0]  hit_q;            // stages 1 to 5, the 32-bit clamp included from stage 2
  reg        [8:0]  column1_q;
  reg signed [39:0] sum1_q;
  reg signed [31:0] sum2_q, sum3_q, sum4_q;
  reg signed [34:0] low3_q;
  reg signed [32:0] high3_q;
  reg signed [50:0] product4_q;
  reg signed [37:0] result5_q, kept_q, result6_q;
  reg               kept_hit_q, hit6_q, hit7_q;
  reg        [31:0] data7_q;

  wire en = advance && (valid || valid_q != 7'd0);

  always @(posedge clk) begin
    if (!rst_n || empty) valid_q <= 7'd0;
    else if (en)         valid_q <= {valid_q[5], valid_q[4] && (!pairs || second_q[4]), valid_q[3:0], valid};
    if (en) begin
      last_q   <= {last_q[5:0], last};
      second_q <= {second_q[3:0], second};
    end
  end

  // ---- Stages 1 to 5: clamp to 32 bits, correct the gain
  wire [17:0]       correction;
  wire [17:0]       factor    = raw ? 18'd0 : correction;
  wire              fits32    = sum1_q[39:31] == {9{sum1_q[31]}};
  wire signed [50:0] rounded4 = product4_q + 51'sd16384;

  table_memory #(.DEPTH(`RANGES * `MAX_LINES), .W(18), .W_A(11)) u_correction (
      .clk          (clk),
      .clk_write    (clk_tables),
      .write        (t_write),
      .write_address(t_address),
      .write_data   (t_data),
      .read         (en && valid_q[0]),
      .read_address ({range, column1_q}),
      .read_data    (correction)
  );

  always @(posedge clk) begin
    if (en) begin
      column1_q  <= column;
      sum1_q     <= sum;
      sum2_q     <= fits32 ? sum1_q[31:0] : {sum1_q[39], {31{!sum1_q[39]}}};
      sum3_q     <= sum2_q;
      low3_q     <= $signed({18'd0, sum2_q[16:0]}) * $signed({{17{factor[17]}}, factor});
      high3_q    <= $signed({{18{sum2_q[31]}}, sum2_q[31:17]}) * $signed({{15{factor[17]}}, factor});
      sum4_q     <= sum3_q;
      product4_q <= $signed({{1{high3_q[32]}}, high3_q, 17'd0}) + $signed({{16{low3_q[34]}}, low3_q});
      result5_q  <= $signed({{6{sum4_q[31]}}, sum4_q}) + $signed({{2{rounded4[50]}}, rounded4[50:15]});
      hit_q      <= {hit_q[3:1], hit_q[0] || !fits32, saturated};
    end
  end

  // ---- Stage 6: pairs; stage 7: result width
  wire       fits16 = result6_q[37:15] == {23{result6_q[15]}};
  wire       fits24 = result6_q[37:23] == {15{result6_q[23]}};
  wire       fits   = result6_q[37:31] == {7{result6_q[31]}};
  wire       fits_w = width == 2'd0 ? fits16 : width == 2'd1 ? fits24 : fits;
  wire       sign6  = result6_q[37];

  always @(posedge clk) begin
    if (en) begin
      if (valid_q[4] && !second_q[4]) begin
        kept_q     <= result5_q;
        kept_hit_q <= hit_q[4];
      end
      result6_q <= pairs ? kept_q - result5_q : result5_q;
      hit6_q    <= hit_q[4] || (pairs && kept_hit_q);
      hit7_q    <= hit6_q || !fits_w;
      if (fits_w)              data7_q <= result6_q[31:0];
      else if (width == 2'd0)  data7_q <= {{17{sign6}}, {15{!sign6}}};
      else if (width == 2'd1)  data7_q <= {{9{sign6}}, {23{!sign6}}};
      else                     data7_q <= {sign6, {31{!sign6}}};
    end
  end

  assign idle          = valid_q == 7'd0;
  assign out_valid     = valid_q[6];
  assign out_last      = last_q[6];
  assign out_data      = data7_q;
  assign out_saturated = hit7_q;

  wire unused_ok = &{1'b0, rounded4[14:0]};

endmodule

`default_nettype wire
