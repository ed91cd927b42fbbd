// SPDX-License-Identifier: BSD-3-Clause
// Turns one axis of a window into a mask, one bit a line.
//
// `load` takes the axis; `done` is high again from WORDS + 1 cycles later for neighbouring lines (stride 1), count + 1
// cycles later for a stride above 1, and after the 16th word on `w_valid` for a bitmap (always taken). WORDS is
// LINES / 32, rounded up. Lines outside the mask are ignored. The mask keeps until the next `load`.

`default_nettype none

module line_mask #(
    parameter LINES = 512  // lines of the mask, at most 512
) (
    input  wire             clk,
    input  wire             rst_n,

    input  wire             load,
    input  wire [8:0]       start,
    input  wire [9:0]       count,
    input  wire [8:0]       stride,
    input  wire             bitmap,
    input  wire             w_valid,
    input  wire [31:0]      w_data,
    output wire             done,
    output wire [LINES-1:0] mask
);

  localparam WORDS = (LINES + 31) / 32;
  localparam [1:0] ST_DONE = 2'd0, ST_SPAN = 2'd1, ST_STRIDE = 2'd2, ST_BITMAP = 2'd3;

  // ---- State ----
  reg [1:0]          state_q, state_d;
  reg [WORDS*32-1:0] mask_q;
  reg [9:0]          line_q, left_q, end_q;
  reg [8:0]          stride_q;
  reg [4:0]          word_q;

  // ---- Neighbouring lines of one word: bits line_q .. end_q - 1 ----
  function [31:0] from;  // the bits of a word that are not below a line
    input [4:0] word;
    input [9:0] line;
    from = word > line[9:5] ? 32'hFFFFFFFF : word == line[9:5] ? 32'hFFFFFFFF << line[4:0] : 32'd0;
  endfunction
  wire [31:0] span = from(word_q, line_q) & ~from(word_q, end_q);
  wire in_mask = {27'd0, word_q} < WORDS;

  // ---- Next state ----
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      // Keep the mask.
      ST_DONE: state_d = ST_DONE;
      // Write a word a cycle.
      ST_SPAN: if ({27'd0, word_q} == WORDS - 1) state_d = ST_DONE;
      // Set a bit a cycle.
      ST_STRIDE: if (left_q == 10'd1) state_d = ST_DONE;
      // Copy words as they come.
      ST_BITMAP: if (w_valid && word_q == 5'd15) state_d = ST_DONE;
      default: state_d = ST_DONE;
    endcase
    if (load) state_d = bitmap ? ST_BITMAP : stride == 9'd1 ? ST_SPAN : ST_STRIDE;
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_DONE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin
    if (load) begin
      line_q   <= {1'b0, start};
      end_q    <= {1'b0, start} + count;
      left_q   <= count;
      stride_q <= stride;
      word_q   <= 5'd0;
    end else if (state_q == ST_STRIDE) begin
      line_q <= line_q + {1'b0, stride_q};
      left_q <= left_q - 10'd1;
    end else if (state_q == ST_SPAN || (state_q == ST_BITMAP && w_valid)) word_q <= word_q + 5'd1;
  end

  // Words enter at the top and move down: after WORDS of them each is in its place. A bit a cycle enters in place.
  wire        move   = state_q == ST_SPAN || (state_q == ST_BITMAP && w_valid && in_mask);
  wire [31:0] enters = state_q == ST_SPAN ? span : w_data;
  wire [31:0] bit_of = 32'd1 << line_q[4:0];
  genvar w;
  generate
    for (w = 0; w < WORDS; w = w + 1) begin : g_word
      localparam [4:0] WORD = w;
      wire [31:0] above;
      if (w == WORDS - 1) begin : g_top
        assign above = enters;
      end else begin : g_moved
        assign above = mask_q[w*32+32 +: 32];
      end
      always @(posedge clk) begin : mask_word
        if (!rst_n || load) mask_q[w*32 +: 32] <= 32'd0;
        else if (move || (state_q == ST_STRIDE && line_q[9:5] == WORD))
          mask_q[w*32 +: 32] <= move ? above : mask_q[w*32 +: 32] | bit_of;
      end
    end
  endgenerate

  // ---- Outputs ----
  assign done = state_q == ST_DONE;
  assign mask = mask_q[LINES-1:0];

endmodule

`default_nettype wire
