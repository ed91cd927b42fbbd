// SPDX-License-Identifier: BSD-3-Clause
// Sipeed Tang Nano 20K (Gowin GW2AR-18): its clock, its pins, an emulated macro behind the USB serial line.
//
// The 27 MHz oscillator becomes CLK_HZ in one PLL (27 * 20 / 9). Button S1 (high when pressed) is the stop pin. LEDs are
// lit by a low level: reading, driving, safe latched. Geometry, uid and
// build hash of `serial_board` come from board.toml through the build.

`default_nettype none

module tang_nano_20k (
    input  wire       clk_27m,
    input  wire       uart_rx,
    output wire       uart_tx,
    input  wire       button_s1,
    output wire [2:0] led_n
);

  wire clk, locked, drive_active, read_active, safe_latched;

  rPLL #(
      .DEVICE   ("GW2AR-18C"),
      .FCLKIN   ("27"),
      .IDIV_SEL (8),     // 27 MHz / 9
      .FBDIV_SEL(19),    // * 20
      .ODIV_SEL (16),    // oscillator at 960 MHz
      .DYN_IDIV_SEL ("false"),
      .DYN_FBDIV_SEL("false"),
      .DYN_ODIV_SEL ("false"),
      .DYN_SDIV_SEL (2)
  ) u_pll (
      .CLKIN   (clk_27m),
      .CLKFB   (1'b0),
      .RESET   (1'b0),
      .RESET_P (1'b0),
      .FBDSEL  (6'd0),
      .IDSEL   (6'd0),
      .ODSEL   (6'd0),
      .PSDA    (4'd0),
      .DUTYDA  (4'd0),
      .FDLY    (4'd0),
      .CLKOUT  (clk),
      .LOCK    (locked),
      .CLKOUTP (),
      .CLKOUTD (),
      .CLKOUTD3()
  );

  serial_board u_board (
      .clk         (clk),
      .clk_good    (locked),
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
