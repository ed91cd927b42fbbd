// SPDX-License-Identifier: BSD-3-Clause
// A board on a serial line: board_core with an emulated macro behind uart_front, its reset, boot id and pins.
//
// A board's own top holds the clock and names the pins; everything else is here. `stop` is asynchronous and does what SAFE
// does while high; `clk_good` is the lock of the PLL. All outputs are low in reset but `txd`, which idles high.

`default_nettype none
`include "board_map.vh"

module serial_board #(
    parameter        ROWS              = 64,      // driven lines
    parameter        COLS              = 64,      // sensed lines
    parameter        LANES             = 8,       // columns accumulated a cycle
    parameter        ADC_LANES         = 1,       // conversions a cycle
    parameter [0:0]  READ_ONLY         = 1'b0,    // a small board, which only reads
    parameter        REQUEST_WORDS     = 4096,    // request ring, in words
    parameter        REPLY_WORDS       = 8192,    // reply ring, in words
    parameter        MAX_PAYLOAD_WORDS = 1024,    // largest payload of a frame, in words
    parameter        CLK_HZ            = `CLK_HZ, // clk, in hertz, at least 4 * BAUD
    parameter        BAUD              = `BAUD,   // bit rate of the serial line
    parameter [63:0] UID               = 64'd0,   // names the board in HELLO
    parameter [31:0] BUILD_HASH        = 32'd0    // names the build in HELLO
) (
    input  wire clk,
    input  wire clk_good,

    // Line
    input  wire rxd,
    output wire txd,

    // Pins
    input  wire stop,
    output wire drive_active,
    output wire read_active,
    output wire safe_latched
);

  wire        rst_n, stop_here, break_seen, rx_valid, rx_last, rx_bad, tx_valid, tx_ready, tx_last;
  wire [31:0] rx_data, tx_data, boot_id;

  reset_start u_reset (
      .clk  (clk),
      .good (clk_good),
      .rst_n(rst_n)
  );

  sync_bit u_stop (
      .clk  (clk),
      .rst_n(rst_n),
      .in   (stop),
      .out  (stop_here)
  );

  boot_stamp u_boot (
      .clk  (clk),
      .rst_n(rst_n),
      .seen (rx_valid),
      .stamp(boot_id)
  );

  uart_front #(
      .CLK_HZ(CLK_HZ),
      .BAUD  (BAUD)
  ) u_front (
      .clk       (clk),
      .rst_n     (rst_n),
      .rxd       (rxd),
      .txd       (txd),
      .break_seen(break_seen),
      .rx_valid  (rx_valid),
      .rx_data   (rx_data),
      .rx_last   (rx_last),
      .rx_bad    (rx_bad),
      .tx_valid  (tx_valid),
      .tx_ready  (tx_ready),
      .tx_data   (tx_data),
      .tx_last   (tx_last)
  );

  board_core #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .LANES            (LANES),
      .ADC_LANES        (ADC_LANES),
      .READ_ONLY        (READ_ONLY),
      .REQUEST_WORDS    (REQUEST_WORDS),
      .REPLY_WORDS      (REPLY_WORDS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS),
      .CLK_HZ           (CLK_HZ),
      .BUILD_HASH       (BUILD_HASH)
  ) u_core (
      .clk         (clk),
      .rst_n       (rst_n),
      .rx_valid    (rx_valid),
      .rx_data     (rx_data),
      .rx_last     (rx_last),
      .rx_bad      (rx_bad),
      .tx_valid    (tx_valid),
      .tx_ready    (tx_ready),
      .tx_data     (tx_data),
      .tx_last     (tx_last),
      .boot_id     (boot_id),
      .uid         (UID),
      .stop_pin    (stop_here),
      .break_seen  (break_seen),
      .drive_active(drive_active),
      .read_active (read_active),
      .safe_latched(safe_latched),
      .nv_load     (1'b0),
      .nv_kind     (1'b0),
      .nv_address  (15'd0),
      .nv_data     ({LANES * 10{1'b0}}),
      .nv_write    (),
      .nv_row      (),
      .nv_column   (),
      .nv_g        (),
      .pins_in     (24'd0),
      .pins_out    ()
  );

endmodule

`default_nettype wire
