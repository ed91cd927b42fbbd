// SPDX-License-Identifier: BSD-3-Clause
// LANES column accumulators: all bit planes at once, three columns of a plane packed to a word of 57 bits.
//
// `word` is the cells of one row, `in_*` its row code, in the same cycle. Row position factors
// (table U, with `emu_row_position`) and the sum take four more cycles; after the last row
// (`in_last`) the sums are copied to a chain that shifts ADC_LANES lanes a cycle toward lane 0 for LANES / ADC_LANES
// cycles, while the next rows add: `move` is high, `sums` are the lowest lanes' words and
// `move_quad` says which. The first `move` comes five cycles after `in_last`; the next `in_last`
// must not come sooner than the moves take, or than 16 cycles. A sum is at most 512 * 1023 < 2^19: no carry between columns.

`default_nettype none

module emu_lanes #(
    parameter LANES     = 64,  // columns, a multiple of 8
    parameter ADC_LANES = 4    // columns that leave a cycle
) (
    input  wire                     clk,
    input  wire                     rst_n,
    input  wire                     clear,
    input  wire                     emu_row_position,

    // One row
    input  wire [LANES*10-1:0]      word,
    input  wire                     in_valid,
    input  wire                     in_first,
    input  wire                     in_last,
    input  wire                     in_minus,
    input  wire [1:0]               in_slot,
    input  wire [7:0]               in_code,
    input  wire [17:0]              in_position,  // U of the row

    // Sums of one sub-pass
    output wire                     move,
    output wire                     move_minus,
    output wire [1:0]               move_slot,
    output wire [5:0]               move_quad,
    output wire [ADC_LANES*171-1:0] sums
);

  localparam W_SUM  = 19;
  localparam W      = 3 * W_SUM;
  localparam WORDS  = (LANES + 2) / 3;    // of a plane
  localparam STRIDE = 1 << $clog2(WORDS + ADC_LANES / 3 + 1);  // with words behind the last lane
  localparam QUADS  = LANES / ADC_LANES;
  localparam [31:0] QUAD_TOP = QUADS - 1;

  // ---- Row pipeline
  reg [LANES*10-1:0] word2_q, word3_q;
  reg [LANES*28-1:0] product_q;
  reg [17:0]         factor_q;
  reg [3:0]          last_q, minus_q;
  reg [2:0]          valid_q, first_q;
  reg [7:0]          code2_q, code3_q, slot_q;
  integer            i;

  wire [18:0] factor = {in_position[17], in_position} + 19'd32768;  // signed

  // min(1023, (product + 16384) >> 15): bit 14 rounds
  function [9:0] rounded(input [27:14] product);
    reg [13:0] sum;
    begin
      sum     = {1'b0, product[27:15]} + {13'd0, product[14]};
      rounded = sum[13:10] != 4'd0 ? 10'd1023 : sum[9:0];
    end
  endfunction

  always @(posedge clk) begin
    if (!rst_n || clear) begin
      valid_q <= 3'd0;
      last_q  <= 4'd0;
    end else begin
      valid_q <= {valid_q[1:0], in_valid};
      last_q  <= {last_q[2:0], in_valid && in_last};
    end
    first_q <= {first_q[1:0], in_first};
    minus_q <= {minus_q[2:0], in_minus};
    slot_q  <= {slot_q[5:0], in_slot};
  end

  always @(posedge clk) begin
    if (in_valid) begin
      word2_q  <= word;
      code2_q  <= in_code;
      factor_q <= factor[18] ? 18'd0 : factor[17:0];
    end
  end

  always @(posedge clk) begin
    if (valid_q[0]) begin
      code3_q <= code2_q;
      if (emu_row_position) begin
        for (i = 0; i < LANES; i = i + 1)
          product_q[i*28 +: 28] <= {18'd0, word2_q[i*10 +: 10]} * {10'd0, factor_q};
      end else begin
        word3_q <= word2_q;
      end
    end
  end

  // ---- Sums leave while the next ones are added
  reg       move_q, move_minus_q;
  reg [1:0] move_slot_q;
  reg [5:0] quad_q;

  wire ended = last_q[3];

  always @(posedge clk) begin
    if (!rst_n || clear) move_q <= 1'b0;
    else if (ended) move_q <= 1'b1;
    else if (quad_q == QUAD_TOP[5:0]) move_q <= 1'b0;
    quad_q <= ended ? 6'd0 : quad_q + 6'd1;
    if (ended) begin
      move_minus_q <= minus_q[3];
      move_slot_q  <= slot_q[7:6];
    end
  end

  assign move       = move_q;
  assign move_minus = move_minus_q;
  assign move_slot  = move_slot_q;
  assign move_quad  = quad_q;

  // ---- Lanes. One block, the last stage first, with blocking assignments: a stage reads what the one before it
  // held until now, and in simulation the loops stay loops, which a compiler makes vector instructions.
  wire [3*WORDS*10-1:0] row      = {{3 * WORDS * 10 - LANES * 10{1'b0}}, word3_q};
  wire [3*WORDS*28-1:0] products = {{3 * WORDS * 28 - LANES * 28{1'b0}}, product_q};

  reg [7:0]               planes_q;
  reg [W-1:0]             cells[0:STRIDE-1];  // of the row
  reg [W-1:0]             total[0:8*STRIDE-1];  // of the sub-pass, plane by plane
  reg [W-1:0]             waits[0:8*STRIDE-1];  // of the last one: the lanes that have not left
  reg [ADC_LANES*171-1:0] leaves_q;

  // Three conductances, each in its field
  function [W-1:0] spread(input [29:0] three);
    spread = {9'd0, three[29:20], 9'd0, three[19:10], 9'd0, three[9:0]};
  endfunction

  // A word of lanes, ADC_LANES behind the first of `low`
  function [W-1:0] behind(input [W-1:0] high, low);
    behind = (low >> ADC_LANES % 3 * W_SUM) | (high << (3 - ADC_LANES % 3) * W_SUM);
  endfunction

  // verilator lint_off BLKSEQ
  // One plane of a row is added
  task automatic add(input integer first, input clear_first, input takes);
    reg [31:0] n;
    begin
      /* verilator unroll_disable */
      for (n = 0; n < WORDS; n = n + 1)
        total[first+n] = (clear_first ? {W{1'b0}} : total[first+n]) + (cells[n] & {W{takes}});
    end
  endtask

  // One plane's lanes take a step toward lane 0
  task automatic step(input integer first, input from_total);
    reg [31:0] n;
    begin
      /* verilator unroll_disable */
      for (n = 0; n < WORDS; n = n + 1)
        waits[first+n] = from_total ? behind(total[first+n+1+ADC_LANES/3], total[first+n+ADC_LANES/3])
            : behind(waits[first+n+1+ADC_LANES/3], waits[first+n+ADC_LANES/3]);
    end
  endtask

  integer l, n, p;

  always @(posedge clk) begin
    if (ended || move_q) begin
      for (p = 0; p < 8; p = p + 1) begin
        for (l = 0; l < ADC_LANES; l = l + 1)
          leaves_q[l*171+p*W_SUM +: W_SUM] <= ended ? total[p*STRIDE+l/3][(l%3)*W_SUM +: W_SUM]
              : waits[p*STRIDE+l/3][(l%3)*W_SUM +: W_SUM];
        step(p * STRIDE, ended);
      end
    end
    if (valid_q[2]) for (p = 0; p < 8; p = p + 1) add(p * STRIDE, first_q[2], planes_q[p]);
    if (valid_q[1]) begin
      planes_q <= code3_q;
      for (n = 0; n < WORDS; n = n + 1)
        if (emu_row_position)
          cells[n] = spread({rounded(products[n*84+70 +: 14]), rounded(products[n*84+42 +: 14]), rounded(products[n*84+14 +: 14])});
        else cells[n] = spread(row[n*30 +: 30]);
    end
  end
  // verilator lint_on BLKSEQ

  generate
    genvar m;
    for (m = 0; m < ADC_LANES; m = m + 1) begin : g_leaves
      assign sums[m*171 +: 171] = {19'd0, leaves_q[m*171 +: 152]};
    end
  endgenerate

  wire unused_ok = &{1'b0, products, leaves_q};

endmodule

`default_nettype wire
