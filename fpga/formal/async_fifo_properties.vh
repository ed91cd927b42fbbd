// SPDX-License-Identifier: BSD-3-Clause
// Properties of async_fifo, included at its foot by the proof: two clocks that rise whenever they like.
//
// A step of the proof is an instant; either, both or none of the clocks rise in it. One word is marked when it is
// written; what holds of any marked word holds of every word. A pointer caught in its change is not modelled: it is covered
// by the property that a Gray pointer changes at most one bit an edge.

  (* gclk *) reg f_time;
  reg f_past = 1'b0;
  reg f_w_clk, f_r_clk;  // the clocks an instant ago
  always @(posedge f_time) begin
    f_past  <= 1'b1;
    f_w_clk <= w_clk;
    f_r_clk <= r_clk;
  end

  // Reset at the first instant, each until its clock has risen in it, then never.
  reg f_w_reset = 1'b0, f_r_reset = 1'b0;  // the side was reset
  always @(posedge f_time) begin
    if (w_clk && !f_w_clk && f_past) f_w_reset <= 1'b1;
    if (r_clk && !f_r_clk && f_past) f_r_reset <= 1'b1;
  end
  wire f_runs = f_w_reset && f_r_reset;
  always @* begin
    assume (w_rst_n == f_runs);
    assume (r_rst_n == f_runs);
  end

  function [W_A:0] f_binary(input [W_A:0] code);
    integer i;
    begin
      f_binary[W_A] = code[W_A];
      for (i = W_A - 1; i >= 0; i = i - 1) f_binary[i] = f_binary[i+1] ^ code[i];
    end
  endfunction

  wire [W_A:0] f_fill    = write_q - read_q;
  wire [W_A:0] f_write1  = f_binary(write_seen1_q), f_write2 = f_binary(write_seen2_q);
  wire [W_A:0] f_read1   = f_binary(read_seen1_q), f_read2 = f_binary(read_seen2_q);
  localparam [W_A:0] F_DEPTH = 1 << W_A;

  // The marked word
  (* anyconst *) reg [W_A:0] f_at;
  (* anyconst *) reg [W-1:0] f_word;
  wire [W_A:0] f_ahead = f_at - read_q;
  always @(posedge w_clk) if (w_rst_n && put && write_q == f_at) assume (w_data == f_word);

  always @* begin
    if (f_w_reset && !f_runs) assert ({write_q, write_gray_q, read_seen1_q, read_seen2_q} == 0);
    if (f_r_reset && !f_runs) assert ({read_q, read_gray_q, write_seen1_q, write_seen2_q} == 0);
    if (f_runs) begin
      // Gray codes are those of the pointers; what a side sees of the other is between what was and what is.
      assert (write_gray_q == gray(write_q));
      assert (read_gray_q == gray(read_q));
      assert (f_fill <= F_DEPTH);
      assert (write_q - f_read1 <= F_DEPTH && write_q - f_read2 <= F_DEPTH);
      assert (read_q - f_read1 <= write_q - f_read1);
      assert (f_read1 - f_read2 <= write_q - f_read2);
      assert (read_q - f_read2 <= write_q - f_read2);
      assert (read_q - f_read1 <= read_q - f_read2);
      assert (write_q - f_write1 <= f_fill && write_q - f_write2 <= f_fill);
      assert (write_q - f_write1 <= write_q - f_write2);
      // The marked place holds the marked word from its writing to its leaving.
      if (f_ahead < f_fill) assert (memory[f_at[W_A-1:0]] == f_word);
      // What is offered is there, and what is ready has room.
      if (r_valid) assert (f_fill != 0);
      if (w_ready) assert (f_fill != F_DEPTH);
      if (r_valid && read_q == f_at) assert (r_data == f_word);
    end
  end

  // One bit an edge.
  reg [W_A:0] f_write_gray, f_read_gray;
  always @(posedge f_time) begin
    f_write_gray <= write_gray_q;
    f_read_gray  <= read_gray_q;
  end
  wire [W_A:0] f_write_change = write_gray_q ^ f_write_gray, f_read_change = read_gray_q ^ f_read_gray;
  reg f_ran = 1'b0;
  always @(posedge f_time) f_ran <= f_runs;
  always @* begin
    if (f_ran) begin
      assert ((f_write_change & (f_write_change - 1'b1)) == 0);
      assert ((f_read_change & (f_read_change - 1'b1)) == 0);
    end
    cover (f_runs && !w_ready);
    cover (f_runs && f_read2 != 0 && r_valid && f_fill == F_DEPTH);
  end
