// SPDX-License-Identifier: BSD-3-Clause
// Radiona ULX3S with an ECP5-85F: its clock, its pins, an emulated macro behind the USB serial line.
//
// The 25 MHz oscillator becomes 24 MHz, the clk_hz of board.toml, in one PLL. Button FIRE2 (high when pressed) is the stop pin. LEDs
// are lit by a high level: reading, driving, safe latched. `wifi_gpio0` is held high, as the board asks of every design. Geometry, uid and
// build hash of `serial_board` come from board.toml through the build.

`default_nettype none

module ulx3s_85f (
    input  wire       clk_25m,
    input  wire       ftdi_txd,
    output wire       ftdi_rxd,
    input  wire       button_fire2,
    output wire [2:0] led,
    output wire       wifi_gpio0
);

  wire clk, loop, locked, drive_active, read_active, safe_latched;

  (* FREQUENCY_PIN_CLKI = "25", FREQUENCY_PIN_CLKOP = "60", FREQUENCY_PIN_CLKOS = "24", ICP_CURRENT = "12", LPF_RESISTOR = "8" *)
  EHXPLLL #(
      .CLKI_DIV      (5),   // 25 MHz / 5
      .CLKFB_DIV     (12),  // * 12
      .CLKOP_DIV     (10),  // oscillator at 600 MHz
      .CLKOP_ENABLE  ("ENABLED"),
      .CLKOP_CPHASE  (4),
      .CLKOP_FPHASE  (0),
      .CLKOS_DIV     (25),  // oscillator / 25
      .CLKOS_ENABLE  ("ENABLED"),
      .CLKOS_CPHASE  (24),
      .CLKOS_FPHASE  (0),
      .FEEDBK_PATH   ("CLKOP"),
      .PLLRST_ENA    ("DISABLED"),
      .INTFB_WAKE    ("DISABLED"),
      .STDBY_ENABLE  ("DISABLED"),
      .DPHASE_SOURCE ("DISABLED"),
      .OUTDIVIDER_MUXA("DIVA")
  ) u_pll (
      .CLKI        (clk_25m),
      .CLKFB       (loop),
      .RST         (1'b0),
      .STDBY       (1'b0),
      .PHASESEL0   (1'b0),
      .PHASESEL1   (1'b0),
      .PHASEDIR    (1'b1),
      .PHASESTEP   (1'b1),
      .PHASELOADREG(1'b1),
      .PLLWAKESYNC (1'b0),
      .ENCLKOP     (1'b0),
      .CLKOP       (loop),
      .CLKOS       (clk),
      .LOCK        (locked)
  );

  serial_board u_board (
      .clk         (clk),
      .clk_good    (locked),
      .rxd         (ftdi_txd),
      .txd         (ftdi_rxd),
      .stop        (button_fire2),
      .drive_active(drive_active),
      .read_active (read_active),
      .safe_latched(safe_latched)
  );

  assign led        = {safe_latched, drive_active, read_active};
  assign wifi_gpio0 = 1'b1;

endmodule

`default_nettype wire
