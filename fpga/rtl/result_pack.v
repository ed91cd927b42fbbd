// SPDX-License-Identifier: BSD-3-Clause
// Packs results of 16, 24 or 32 bits into reply words, one result a cycle, and keeps their saturation flags.
//
// `clear` begins a reply whose results start at payload word 2. Each result is taken at once; words leave on `w_*`
// in the cycle after. `r_last` pads to a word (a word left over leaves one cycle later, in the gap that 24-bit
// results have). `flush`, after all results have been taken and `idle` is high, appends the bitmap if any
// was saturated, a word a cycle; `flushed` tells the end. `words` counts payload words, the first two included.

`default_nettype none

module result_pack #(
    parameter MAX_PAYLOAD_WORDS = 1024  // largest reply, in words
) (
    input  wire        clk,
    input  wire        rst_n,

    input  wire        clear,
    input  wire [1:0]  width,        // 0 = 16, 1 = 24, 2 = 32 bits

    // Results
    input  wire        r_valid,
    input  wire [31:0] r_data,
    input  wire        r_saturated,
    input  wire        r_last,
    output wire        idle,
    output wire [31:0] saturated,    // results marked so far

    // Bitmap
    input  wire        flush,
    output wire        flushed,

    // Reply words
    output wire        w_write,
    output wire [15:0] w_address,
    output wire [31:0] w_data,
    output wire [15:0] words
);

  localparam FLAG_WORDS = MAX_PAYLOAD_WORDS / 16 + 1;
  localparam A = $clog2(FLAG_WORDS);

  // ---- State ----
  reg [31:0]  flags_mem [0:(1<<A)-1];
  reg [31:0]  flags_q, flag_read_q;
  reg [4:0]   flag_q;
  reg [A-1:0] flag_word_q, read_q;
  reg         flushing_q, reading_q;
  reg [31:0]  saturated_q;
  reg [31:0]  rest_q;
  reg [4:0]   fill_q;
  reg         write_q, tail_q;
  reg [31:0]  word_q, tail_word_q;
  reg [15:0]  address_q;

  // ---- Results into words ----
  wire [5:0]  bits   = width == 2'd0 ? 6'd16 : width == 2'd1 ? 6'd24 : 6'd32;
  wire [31:0] field  = width == 2'd0 ? {16'd0, r_data[15:0]} : width == 2'd1 ? {8'd0, r_data[23:0]} : r_data;
  wire [63:0] joined = {32'd0, rest_q} | ({32'd0, field} << fill_q);
  wire [6:0]  filled = {2'd0, fill_q} + {1'b0, bits};
  wire        full   = filled >= 7'd32;
  wire        over   = filled > 7'd32;

  always @(posedge clk) begin
    if (!rst_n || clear) begin
      fill_q <= 5'd0;
      rest_q <= 32'd0;
    end else if (r_valid) begin
      fill_q <= r_last ? 5'd0 : filled[4:0];
      rest_q <= r_last ? 32'd0 : full ? joined[63:32] : joined[31:0];
    end
  end

  always @(posedge clk) begin
    if (!rst_n || clear) begin
      write_q   <= 1'b0;
      tail_q    <= 1'b0;
      address_q <= 16'd1;
    end else begin
      write_q <= (r_valid && (full || r_last)) || tail_q || reading_q;
      tail_q  <= r_valid && r_last && over;
      if ((r_valid && (full || r_last)) || tail_q || reading_q) address_q <= address_q + 16'd1;
    end
    if (r_valid && r_last) tail_word_q <= joined[63:32];
    if (tail_q) word_q <= tail_word_q;
    else if (reading_q) word_q <= flag_read_q;
    else if (r_valid) word_q <= joined[31:0];
  end

  // ---- Flags into the bitmap ----
  wire flag_store = r_valid && flag_q == 5'd31;
  wire last_flags = flag_q != 5'd0;
  wire [A-1:0] flag_words = flag_word_q + {{(A - 1) {1'b0}}, last_flags};

  always @(posedge clk) begin
    if (!rst_n || clear) begin
      flags_q     <= 32'd0;
      flag_q      <= 5'd0;
      flag_word_q <= {A{1'b0}};
      saturated_q <= 32'd0;
    end else if (r_valid) begin
      flags_q <= flag_store ? 32'd0 : flags_q | ({31'd0, r_saturated} << flag_q);
      flag_q  <= flag_q + 5'd1;
      if (flag_store) flag_word_q <= flag_word_q + 1'b1;
      if (r_saturated) saturated_q <= saturated_q + 32'd1;
    end
  end

  always @(posedge clk) begin
    if (flag_store) flags_mem[flag_word_q] <= flags_q | ({31'd0, r_saturated} << 5'd31);
    if (flushing_q) flag_read_q <= last_flags && read_q == flag_word_q ? flags_q : flags_mem[read_q];
  end

  always @(posedge clk) begin
    if (!rst_n || clear) begin
      flushing_q <= 1'b0;
      reading_q  <= 1'b0;
      read_q     <= {A{1'b0}};
    end else begin
      if (flush) flushing_q <= saturated_q != 32'd0;
      else if (flushing_q && read_q + 1'b1 == flag_words) flushing_q <= 1'b0;
      reading_q <= flushing_q;
      if (flushing_q) read_q <= read_q + 1'b1;
    end
  end

  // ---- Outputs ----
  assign idle      = !write_q && !tail_q;
  assign flushed   = !flush && !flushing_q && !reading_q && !write_q;
  assign saturated = saturated_q;
  assign w_write   = write_q;
  assign w_address = address_q;
  assign w_data    = word_q;
  assign words     = address_q + 16'd1;

endmodule

`default_nettype wire
