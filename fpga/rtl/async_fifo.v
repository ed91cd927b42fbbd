// SPDX-License-Identifier: BSD-3-Clause
// A FIFO between two clocks: the only clock crossing of a board, by pointers in Gray code.
//
// A word is taken at an edge of `w_clk` with `w_valid` and `w_ready`, and leaves, in order and once, at an edge of `r_clk`
// with `r_valid` and `r_ready`. It is offered two to three edges of `r_clk` after the edge that took it; room shows two to
// three edges of `w_clk` after a word left. Each pointer changes one bit an edge, so a pointer caught in its change is read
// as it was or as it is. Both resets are high together before the first word (each synchronous to its own clock).

`default_nettype none

module async_fifo #(
    parameter W   = 8,  // bits of a word
    parameter W_A = 4   // log2 of the words held, at least 2
) (
    // Write side
    input  wire         w_clk,
    input  wire         w_rst_n,
    input  wire         w_valid,
    output wire         w_ready,
    input  wire [W-1:0] w_data,

    // Read side
    input  wire         r_clk,
    input  wire         r_rst_n,
    output wire         r_valid,
    input  wire         r_ready,
    output wire [W-1:0] r_data
);

  generate
    if (W_A < 2) begin : g_bad
      W_A_must_be_at_least_2 u_error ();
    end
  endgenerate

  // ---- State: one bit more than an address, so that full differs from empty ----
  reg [W-1:0] memory [0:(1<<W_A)-1];
  reg [W_A:0] write_q, write_gray_q, read_q, read_gray_q;
  (* ASYNC_REG = "TRUE" *) reg [W_A:0] read_seen1_q, read_seen2_q, write_seen1_q, write_seen2_q;

  function [W_A:0] gray(input [W_A:0] binary);
    gray = binary ^ (binary >> 1);
  endfunction

  // ---- Next state: full when the pointers differ in exactly the two highest bits of their Gray code ----
  wire         full    = write_gray_q == {~read_seen2_q[W_A:W_A-1], read_seen2_q[W_A-2:0]};
  wire         empty   = read_gray_q == write_seen2_q;
  wire         put     = w_valid && !full;
  wire         take    = r_ready && !empty;
  wire [W_A:0] write_d = write_q + {{W_A{1'b0}}, put};
  wire [W_A:0] read_d  = read_q + {{W_A{1'b0}}, take};

  // ---- Registers ----
  always @(posedge w_clk) begin : write_side
    if (!w_rst_n) begin
      write_q      <= {W_A+1{1'b0}};
      write_gray_q <= {W_A+1{1'b0}};
      read_seen1_q <= {W_A+1{1'b0}};
      read_seen2_q <= {W_A+1{1'b0}};
    end else begin
      write_q      <= write_d;
      write_gray_q <= gray(write_d);
      read_seen1_q <= read_gray_q;
      read_seen2_q <= read_seen1_q;
    end
  end

  always @(posedge w_clk) begin : store
    if (put) memory[write_q[W_A-1:0]] <= w_data;
  end

  always @(posedge r_clk) begin : read_side
    if (!r_rst_n) begin
      read_q        <= {W_A+1{1'b0}};
      read_gray_q   <= {W_A+1{1'b0}};
      write_seen1_q <= {W_A+1{1'b0}};
      write_seen2_q <= {W_A+1{1'b0}};
    end else begin
      read_q        <= read_d;
      read_gray_q   <= gray(read_d);
      write_seen1_q <= write_gray_q;
      write_seen2_q <= write_seen1_q;
    end
  end

  // ---- Outputs ----
  assign w_ready = !full;
  assign r_valid = !empty;
  assign r_data  = memory[read_q[W_A-1:0]];

  // ---- Properties ----
`ifdef FORMAL
`include "async_fifo_properties.vh"
`endif

endmodule

`default_nettype wire
