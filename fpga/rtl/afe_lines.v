// SPDX-License-Identifier: BSD-3-Clause
// Every line's multiplexer: the patterns of rows and columns, and the chains of shift registers that carry them.
//
// Reads: the rows of the vector in use at their planes, the columns of the step at their amplifiers. Pulses: FORM and SET drive the columns of
// `p_mask` and ground the row, RESET the other way round; polarity turns both. What is not selected follows the idle policy.

`default_nettype none

module afe_lines #(
    parameter ROWS       = 512,
    parameter COLS       = 512,
    parameter ADCS       = 8,
    parameter ROW_CHAINS = 4,
    parameter COL_CHAINS = 8,
    parameter T_W        = 2
) (
    input  wire                  clk,
    input  wire                  rst_n,
    input  wire                  clear,        // no vectors
    output wire                  empty,

    // What is asked for
    input  wire                  cfg_polarity,
    input  wire [1:0]            cfg_idle,
    input  wire                  cfg_reference,
    input  wire [COLS-1:0]       cfg_mask,
    input  wire                  pulsing,
    input  wire [8:0]            p_row,
    input  wire [COLS-1:0]       p_mask,
    input  wire [8:0]            first,
    input  wire [2:0]            plane,

    // Rows in
    input  wire                  x_valid,
    output wire                  x_ready,
    input  wire [8:0]            x_line,
    input  wire [8:0]            x_code,
    input  wire                  x_last,
    output wire                  full,
    input  wire                  free,

    // Chains
    input  wire [2:0]            row_do,       // start, latch, clear
    input  wire [2:0]            col_do,
    output wire [2:0]            row_says,     // shifting, loaded, shown
    output wire [2:0]            col_says,

    // Pins
    output wire [ROW_CHAINS-1:0] row_ser,
    output wire [2:0]            row_clocks,   // SRCLK, SRCLR_n, RCLK
    output wire [COL_CHAINS-1:0] col_ser,
    output wire [2:0]            col_clocks
);

  localparam ROW_BITS = 4 * ROWS / ROW_CHAINS;
  localparam COL_BITS = 4 * COLS / COL_CHAINS;

  wire [$clog2(ROW_BITS)-1:0] row_position;
  wire [$clog2(COL_BITS)-1:0] col_position;
  wire [ROW_CHAINS-1:0]       row_bits;
  wire [COL_CHAINS-1:0]       col_bits;

  wire       row_takes = !cfg_polarity;  // BL to SL
  wire [2:0] at_rest   = cfg_idle == 2'd1 ? 3'd7 : cfg_idle == 2'd2 ? 3'd4 : 3'd0;

  afe_rows #(
      .ROWS  (ROWS),
      .CHAINS(ROW_CHAINS)
  ) u_rows (
      .clk         (clk),
      .rst_n       (rst_n),
      .clear       (clear),
      .empty       (empty),
      .x_valid     (x_valid),
      .x_ready     (x_ready),
      .x_line      (x_line),
      .x_code      (x_code),
      .x_last      (x_last),
      .full        (full),
      .free        (free),
      .pulsing     (pulsing),
      .driven      (row_takes),
      .p_row       (p_row),
      .plane       (plane),
      .swap        (cfg_polarity),
      .idle_channel(at_rest),
      .position    (row_position),
      .bits        (row_bits)
  );

  afe_columns #(
      .COLS  (COLS),
      .ADCS  (ADCS),
      .CHAINS(COL_CHAINS)
  ) u_columns (
      .clk         (clk),
      .mask        (pulsing ? p_mask : cfg_mask),
      .sense       (!pulsing && !cfg_reference),
      .first       (first),
      .driven      (pulsing && !row_takes),
      .idle_channel(at_rest),
      .position    (col_position),
      .bits        (col_bits)
  );

  hc595_chain #(
      .CHAINS(ROW_CHAINS),
      .BITS  (ROW_BITS),
      .T_W   (T_W)
  ) u_row_chain (
      .clk     (clk),
      .rst_n   (rst_n),
      .start   (row_do[2]),
      .shifting(row_says[2]),
      .position(row_position),
      .bits    (row_bits),
      .loaded  (row_says[1]),
      .latch   (row_do[1]),
      .clear   (row_do[0]),
      .shown   (row_says[0]),
      .ser     (row_ser),
      .srclk   (row_clocks[2]),
      .srclr_n (row_clocks[1]),
      .rclk    (row_clocks[0])
  );

  hc595_chain #(
      .CHAINS(COL_CHAINS),
      .BITS  (COL_BITS),
      .T_W   (T_W)
  ) u_col_chain (
      .clk     (clk),
      .rst_n   (rst_n),
      .start   (col_do[2]),
      .shifting(col_says[2]),
      .position(col_position),
      .bits    (col_bits),
      .loaded  (col_says[1]),
      .latch   (col_do[1]),
      .clear   (col_do[0]),
      .shown   (col_says[0]),
      .ser     (col_ser),
      .srclk   (col_clocks[2]),
      .srclr_n (col_clocks[1]),
      .rclk    (col_clocks[0])
  );

endmodule

`default_nettype wire
