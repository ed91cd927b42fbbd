// SPDX-License-Identifier: BSD-3-Clause
// The small parts of the link side by side, so that one build serves all their benches.
//
// Serial lane 0 runs at 3 Mbaud, 1 at 12 Mbaud, 2 at 921,600 baud (65.1 cycles a bit).

`include "board_map.vh"

`default_nettype none

module link_parts (
    input  wire        clk,
    input  wire        rst_n,

    // sync_bit
    input  wire        pin,
    output wire        pin_default,   // 2 stages, low
    output wire        pin_high,      // 3 stages, high at reset

    // uart_front, three lanes
    input  wire [2:0]  rxd,
    output wire [2:0]  txd,
    output wire [2:0]  break_seen,
    output wire [2:0]  uart_rx_valid,
    output wire [95:0] uart_rx_data,
    output wire [2:0]  uart_rx_last,
    output wire [2:0]  uart_rx_bad,
    input  wire [2:0]  uart_tx_valid,
    output wire [2:0]  uart_tx_ready,
    input  wire [31:0] uart_tx_data,
    input  wire        uart_tx_last,

    // byte_front
    input  wire        in_valid,
    input  wire [7:0]  in_data,
    input  wire        in_bad,
    output wire        out_valid,
    input  wire        out_ready,
    output wire [7:0]  out_data,
    output wire        rx_valid,
    output wire [31:0] rx_data,
    output wire        rx_last,
    output wire        rx_bad,
    input  wire        tx_valid,
    output wire        tx_ready,
    input  wire [31:0] tx_data,
    input  wire        tx_last,

    // crc32_word
    input  wire        crc_enable,
    input  wire        crc_first,
    input  wire [31:0] crc_data,
    output wire [31:0] crc
);

  sync_bit u_sync_default (
      .clk  (clk),
      .rst_n(rst_n),
      .in   (pin),
      .out  (pin_default)
  );

  sync_bit #(
      .STAGES     (3),
      .RESET_VALUE(1'b1)
  ) u_sync_high (
      .clk  (clk),
      .rst_n(rst_n),
      .in   (pin),
      .out  (pin_high)
  );

  genvar lane;
  generate
    for (lane = 0; lane < 3; lane = lane + 1) begin : g_lane
      uart_front #(
          .CLK_HZ(`CLK_HZ),
          .BAUD  (lane == 0 ? 3000000 : lane == 1 ? 12000000 : 921600)
      ) u_front (
          .clk       (clk),
          .rst_n     (rst_n),
          .rxd       (rxd[lane]),
          .txd       (txd[lane]),
          .break_seen(break_seen[lane]),
          .rx_valid  (uart_rx_valid[lane]),
          .rx_data   (uart_rx_data[32*lane +: 32]),
          .rx_last   (uart_rx_last[lane]),
          .rx_bad    (uart_rx_bad[lane]),
          .tx_valid  (uart_tx_valid[lane]),
          .tx_ready  (uart_tx_ready[lane]),
          .tx_data   (uart_tx_data),
          .tx_last   (uart_tx_last)
      );
    end
  endgenerate

  byte_front u_bytes (
      .clk      (clk),
      .rst_n    (rst_n),
      .in_valid (in_valid),
      .in_data  (in_data),
      .in_bad   (in_bad),
      .out_valid(out_valid),
      .out_ready(out_ready),
      .out_data (out_data),
      .rx_valid (rx_valid),
      .rx_data  (rx_data),
      .rx_last  (rx_last),
      .rx_bad   (rx_bad),
      .tx_valid (tx_valid),
      .tx_ready (tx_ready),
      .tx_data  (tx_data),
      .tx_last  (tx_last)
  );

  crc32_word u_crc (
      .clk   (clk),
      .enable(crc_enable),
      .first (crc_first),
      .data  (crc_data),
      .crc   (crc)
  );

endmodule

`default_nettype wire
