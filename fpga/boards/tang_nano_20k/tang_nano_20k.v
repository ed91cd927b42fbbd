// SPDX-License-Identifier: BSD-3-Clause
// Sipeed Tang Nano 20K (Gowin GW2AR-18): its clock, its pins, an emulated macro behind the USB serial line.
//
// The 27 MHz oscillator is the clock, nine cycles a bit at 3 Mbaud. Button S1 (high when pressed) is the stop pin. LEDs are lit by a low
// level: reading, driving (never: the board only reads), safe latched. Geometry, uid and build hash of `serial_board`
// come from board.toml through the build.

`default_nettype none

module tang_nano_20k (
    input  wire       clk_27m,
    input  wire       uart_rx,
    output wire       uart_tx,
    input  wire       button_s1,
    output wire [2:0] led_n
);

  wire drive_active, read_active, safe_latched;

  serial_board u_board (
      .clk         (clk_27m),
      .clk_good    (1'b1),
      .rxd         (uart_rx),
      .txd         (uart_tx),
      .stop        (button_s1),
      .drive_active(drive_active),
      .read_active (read_active),
      .safe_latched(safe_latched)
  );

  assign led_n = ~{safe_latched, drive_active, read_active};

endmodule

`default_nettype wire
