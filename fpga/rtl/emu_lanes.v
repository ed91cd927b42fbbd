// SPDX-License-Identifier: BSD-3-Clause
// LANES column accumulators: all bit planes at once, packed three to a word of 57 bits.
//
// `word` is the cells of one row, `in_*` its row code, in the same cycle. Row position factors
// (table U, with `emu_row_position`) and the sum take four more cycles; after the last row
// (`in_last`) the sums are copied to a chain that shifts ADC_LANES lanes a cycle toward lane 0 for LANES / ADC_LANES
// cycles, while the next rows add: `move` is high, `sums` are the lowest lanes' words and
// `move_quad` says which. The first `move` comes five cycles after `in_last`; the next `in_last`
// must not come sooner than the moves take, or than 16 cycles. A sum is at most 512 * 1023 < 2^19: no carry between planes.

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

  localparam W     = 57;  // three planes
  localparam V     = 38;  // the last two
  localparam QUADS = LANES / ADC_LANES;
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

  // A conductance in each of the three fields of a word
  function [W-1:0] spread(input [9:0] g);
    spread = {9'd0, g, 9'd0, g, 9'd0, g};
  endfunction

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

  // ---- Lanes
  genvar k, l;
  generate
    for (k = 0; k < LANES / 8; k = k + 1) begin : g_octet
      // A copy of the row's code for eight lanes, spread over the fields
      reg [W-1:0] mask0_q, mask1_q;
      reg [V-1:0] mask2_q;

      always @(posedge clk) begin
        if (valid_q[1]) begin
          mask0_q <= {{19{code3_q[2]}}, {19{code3_q[1]}}, {19{code3_q[0]}}};
          mask1_q <= {{19{code3_q[5]}}, {19{code3_q[4]}}, {19{code3_q[3]}}};
          mask2_q <= {{19{code3_q[7]}}, {19{code3_q[6]}}};
        end
      end

      for (l = 8 * k; l < 8 * k + 8; l = l + 1) begin : g_lane
        reg  [W-1:0] cell_q;  // the row's cell, in each field
        reg  [W-1:0] sum0_q, sum1_q, out0_q, out1_q;
        reg  [V-1:0] sum2_q, out2_q;
        wire [W-1:0] next0, next1;  // of the lane that shifts into this one
        wire [V-1:0] next2;

        always @(posedge clk) begin
          if (valid_q[1]) begin
            if (emu_row_position) cell_q <= spread(rounded(product_q[l*28+14 +: 14]));
            else                  cell_q <= spread(word3_q[l*10 +: 10]);
          end
        end

        always @(posedge clk) begin
          if (ended) begin
            out0_q <= sum0_q;
            out1_q <= sum1_q;
            out2_q <= sum2_q;
          end else if (move_q) begin
            out0_q <= next0;
            out1_q <= next1;
            out2_q <= next2;
          end
          if (valid_q[2]) begin
            if (first_q[2]) begin
              sum0_q <= cell_q & mask0_q;
              sum1_q <= cell_q & mask1_q;
              sum2_q <= cell_q[V-1:0] & mask2_q;
            end else begin
              sum0_q <= sum0_q + (cell_q & mask0_q);
              sum1_q <= sum1_q + (cell_q & mask1_q);
              sum2_q <= sum2_q + (cell_q[V-1:0] & mask2_q);
            end
          end
        end

        if (l + ADC_LANES < LANES) begin : g_next
          assign next0 = g_octet[(l+ADC_LANES)/8].g_lane[l+ADC_LANES].out0_q;
          assign next1 = g_octet[(l+ADC_LANES)/8].g_lane[l+ADC_LANES].out1_q;
          assign next2 = g_octet[(l+ADC_LANES)/8].g_lane[l+ADC_LANES].out2_q;
        end else begin : g_none
          assign {next0, next1, next2} = {2 * W + V{1'b0}};
        end

        if (l < ADC_LANES) begin : g_leaves
          assign sums[l*171 +: 171] = {{W - V{1'b0}}, out2_q, out1_q, out0_q};
        end
      end
    end
  endgenerate

  wire unused_ok = &{1'b0, product_q};

endmodule

`default_nettype wire
