// SPDX-License-Identifier: BSD-3-Clause
// Walks the lines of one axis of a window, ascending, one a cycle, over and over.
//
// `load` takes the axis. With `bitmap` it then takes 16 words on `w_*`; a word costs one cycle, or one a bit set.
// `loaded` is high from the cycle after `load` (bitmap: after the last bit). `restart` shows the first line on
// `line` from the next cycle; each `next` shows the following one, the first again after `last`, without a gap.
// `bits_set`, `first_line` and `last_line` describe a bitmap once it is loaded.

`default_nettype none

module axis_lines (
    input  wire        clk,
    input  wire        rst_n,

    // Axis
    input  wire        load,
    input  wire [8:0]  start,
    input  wire [9:0]  count,
    input  wire [8:0]  stride,
    input  wire        bitmap,
    input  wire        w_valid,
    output wire        w_ready,
    input  wire [31:0] w_data,
    output wire        loaded,
    output wire [9:0]  bits_set,
    output wire [8:0]  first_line,
    output wire [8:0]  last_line,

    // Walk
    input  wire        restart,
    input  wire        next,
    output wire [8:0]  line,
    output wire        last
);

  // ---- State ----
  reg [8:0]  table_mem [0:511];
  reg [8:0]  table_q;           // the line after line_q, of a bitmap
  reg [8:0]  start_q, stride_q, line_q, first_q, highest_q;
  reg [9:0]  count_q, ahead_q, bits_q;  // ahead_q: place of the line after table_q
  reg        bitmap_q, last_q;
  reg [31:0] word_q;
  reg [4:0]  words_q;

  // ---- Bits of the present word ----
  wire [31:0] others = word_q & (word_q - 32'd1);
  wire        word_done = others == 32'd0;
  wire        loading   = bitmap_q && !loaded;
  function [4:0] lowest;
    input [31:0] word;
    integer i;
    begin
      lowest = 5'd0;
      for (i = 31; i >= 0; i = i - 1) if (word[i]) lowest = i[4:0];
    end
  endfunction
  wire [3:0] word_number = words_q[3:0] - 4'd1;
  wire       store       = loading && word_q != 32'd0;

  // ---- Registers ----
  always @(posedge clk) begin
    if (load) begin
      word_q    <= 32'd0;
      words_q   <= 5'd0;
      bits_q    <= 10'd0;
      first_q   <= start;
      highest_q <= 9'd0;
    end else if (loading) begin
      if (store) begin
        bits_q    <= bits_q + 10'd1;
        highest_q <= {word_number, lowest(word_q)};
        if (bits_q == 10'd0) first_q <= {word_number, lowest(word_q)};
      end
      if (w_valid && w_ready) begin
        word_q  <= w_data;
        words_q <= words_q + 5'd1;
      end else word_q <= others;
    end
  end

  always @(posedge clk) begin
    if (!rst_n) begin
      bitmap_q <= 1'b0;
      count_q  <= 10'd1;
      start_q  <= 9'd0;
      stride_q <= 9'd0;
    end else if (load) begin
      bitmap_q <= bitmap;
      count_q  <= count;
      start_q  <= start;
      stride_q <= stride;
    end
  end

  // Both outputs are registers: the table is read two lines ahead.
  wire       single   = count_q == 10'd1;
  wire [9:0] after    = ahead_q + 10'd1 == count_q ? 10'd0 : ahead_q + 10'd1;
  wire [8:0] place    = restart ? {8'd0, !single} : ahead_q[8:0];
  always @(posedge clk) begin
    if (store) table_mem[bits_q[8:0]] <= {word_number, lowest(word_q)};
    if (restart || next) begin
      ahead_q <= restart ? {8'd0, count_q > 10'd2, 1'b0} : after;
      last_q  <= restart ? single : ahead_q == 10'd0;
      line_q  <= restart ? first_q : bitmap_q ? table_q : last_q ? start_q : line_q + stride_q;
      table_q <= table_mem[place];
    end
  end

  // ---- Outputs ----
  assign w_ready    = loading && word_done && words_q != 5'd16;
  assign loaded     = !bitmap_q || (words_q == 5'd16 && word_q == 32'd0);
  assign bits_set   = bits_q;
  assign first_line = first_q;
  assign last_line  = highest_q;
  assign line       = line_q;
  assign last       = last_q;

endmodule

`default_nettype wire
