// SPDX-License-Identifier: BSD-3-Clause
// Between a serial line and the link engine's packets: sync_bit, uart_rx, uart_tx, byte_front.
//
// A received byte reaches the byte front at the middle of its stop bit. `break_seen` pulses once when the
// line has been low for two bytes' time.

`default_nettype none

module uart_front #(
    parameter CLK_HZ = 60000000,  // clk, in hertz
    parameter BAUD   = 3000000    // bit rate, in baud, at most CLK_HZ / 4
) (
    input  wire        clk,
    input  wire        rst_n,

    // Line
    input  wire        rxd,
    output wire        txd,
    output wire        break_seen,

    // Packets in, to the link engine
    output wire        rx_valid,
    output wire [31:0] rx_data,
    output wire        rx_last,
    output wire        rx_bad,

    // Packets out, from the link engine
    input  wire        tx_valid,
    output wire        tx_ready,
    input  wire [31:0] tx_data,
    input  wire        tx_last
);

  wire       line;
  wire       in_valid, in_bad, out_valid, out_ready;
  wire [7:0] in_data, out_data;

  sync_bit #(
      .STAGES     (2),
      .RESET_VALUE(1'b1)
  ) u_sync (
      .clk  (clk),
      .rst_n(rst_n),
      .in   (rxd),
      .out  (line)
  );

  uart_rx #(
      .CLK_HZ(CLK_HZ),
      .BAUD  (BAUD)
  ) u_rx (
      .clk       (clk),
      .rst_n     (rst_n),
      .rxd       (line),
      .valid     (in_valid),
      .data      (in_data),
      .bad       (in_bad),
      .break_seen(break_seen)
  );

  uart_tx #(
      .CLK_HZ(CLK_HZ),
      .BAUD  (BAUD)
  ) u_tx (
      .clk     (clk),
      .rst_n   (rst_n),
      .in_valid(out_valid),
      .in_ready(out_ready),
      .in_data (out_data),
      .txd     (txd)
  );

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

endmodule

`default_nettype wire
