// SPDX-License-Identifier: BSD-3-Clause
// The drivers of the analog front end, each on the models of its parts, and the same models with open pins.
//
// Times are the data sheets', in clk cycles of 60 MHz. `x_*` are pins that the bench drives itself; a cycle is a nanosecond there, ten for the converter.

`default_nettype none
`include "board_map.vh"

module afe_parts #(
    parameter DACS   = 3,
    parameter CHAINS = 2,
    parameter BITS   = 16,
    parameter ADCS   = 3
) (
    input  wire                    clk,
    input  wire                    rst_n,

    // dac80508
    input  wire                    dac_halt,
    input  wire                    dac_start,
    input  wire [1:0]              dac_command,
    input  wire [7:0]              dac_channels,
    input  wire [127:0]            dac_codes,
    output wire                    dac_ready,
    output wire                    dac_done,
    output wire                    dac_present,
    output wire [2:0]              dac_missing,
    output wire [DACS-1:0]         dac_cs_n,
    output wire                    dac_sclk,
    input  wire [DACS-1:0]         dac_power,
    output wire [DACS*128-1:0]     dac_out,
    output wire [DACS*16-1:0]      dac_gain,
    output wire [DACS*12-1:0]      dac_broken,

    // hc595_chain
    input  wire                    chain_start,
    input  wire                    chain_latch,
    input  wire                    chain_clear,
    input  wire [CHAINS*BITS-1:0]  chain_pattern,
    output wire                    chain_shifting,
    output wire                    chain_loaded,
    output wire                    chain_shown,
    output wire [CHAINS*BITS-1:0]  chain_q,
    output wire [CHAINS*8-1:0]     chain_broken,

    // ads8324
    input  wire                    adc_go,
    input  wire [ADCS*14-1:0]      adc_level,
    output wire                    adc_idle,
    output wire                    adc_begins,
    output wire                    adc_held,
    output wire                    adc_valid,
    output wire [ADCS*14-1:0]      adc_codes,
    output wire                    adc_cs_n,
    output wire [ADCS-1:0]         adc_sampled,
    output wire [ADCS*8-1:0]       adc_broken,

    // Open pins
    input  wire                    x_power,
    input  wire                    x_cs_n,
    input  wire                    x_sclk,
    input  wire                    x_sdi,
    output wire                    x_sdo,
    output wire [127:0]            x_out,
    output wire [11:0]             x_dac_broken,
    input  wire                    x_ser,
    input  wire                    x_srclk,
    input  wire                    x_srclr_n,
    input  wire                    x_rclk,
    output wire [7:0]              x_q,
    output wire [7:0]              x_chain_broken,
    input  wire                    x_adc_cs_n,
    input  wire                    x_dclock,
    output wire                    x_dout,
    output wire [7:0]              x_adc_broken
);

  localparam MHZ    = `CLK_HZ / 1000000;
  localparam CLK_PS = 1000000 / MHZ + 1;

  // Nanoseconds to clk cycles, rounded up
  function integer cycles(input integer ns);
    cycles = (ns * MHZ + 999) / 1000;
  endfunction

  // ---- DAC80508 ----
  wire            dac_sdi;
  wire [DACS-1:0] dac_sdo;

  dac80508 #(
      .PARTS   (DACS),
      .LEAD    (cycles(20)),
      .T_WRITE (cycles(10)),
      .T_READ  (cycles(28) + 2),
      .T_CSH   (cycles(10)),
      .T_CSHIGH(cycles(15)),
      .T_RESET (cycles(250000))
  ) u_dac (
      .clk     (clk),
      .rst_n   (rst_n),
      .halt    (dac_halt),
      .start   (dac_start),
      .command (dac_command),
      .channels(dac_channels),
      .codes   (dac_codes),
      .ready   (dac_ready),
      .done    (dac_done),
      .present (dac_present),
      .missing (dac_missing),
      .cs_n    (dac_cs_n),
      .sclk    (dac_sclk),
      .sdi     (dac_sdi),
      .sdo     (dac_sdo)
  );

  // ---- SN74HC595 ----
  wire [$clog2(BITS)-1:0] position;
  reg  [CHAINS-1:0]       bits_q;
  wire [CHAINS-1:0]       ser;
  wire                    srclk, srclr_n, rclk;

  hc595_chain #(
      .CHAINS(CHAINS),
      .BITS  (BITS),
      .T_W   (cycles(25))
  ) u_chain (
      .clk     (clk),
      .rst_n   (rst_n),
      .start   (chain_start),
      .shifting(chain_shifting),
      .position(position),
      .bits    (bits_q),
      .loaded  (chain_loaded),
      .latch   (chain_latch),
      .clear   (chain_clear),
      .shown   (chain_shown),
      .ser     (ser),
      .srclk   (srclk),
      .srclr_n (srclr_n),
      .rclk    (rclk)
  );

  // ---- ADS8324 ----
  wire            dclock;
  wire [ADCS-1:0] dout;

  ads8324 #(
      .N     (ADCS),
      .T_SUCS(cycles(50)),
      .T_HIGH(cycles(416)),
      .T_LOW (cycles(416)),
      .T_CYC (cycles(20000))
  ) u_adc (
      .clk   (clk),
      .rst_n (rst_n),
      .go    (adc_go),
      .idle  (adc_idle),
      .begins(adc_begins),
      .held  (adc_held),
      .valid (adc_valid),
      .codes (adc_codes),
      .cs_n  (adc_cs_n),
      .dclock(dclock),
      .dout  (dout)
  );

  // ---- Parts ----
  genvar i;
  generate
    for (i = 0; i < DACS; i = i + 1) begin : g_dac
      part_dac80508 #(
          .CLK_PS(CLK_PS)
      ) u_part (
          .clk   (clk),
          .watch (rst_n),
          .power (dac_power[i]),
          .cs_n  (dac_cs_n[i]),
          .sclk  (dac_sclk),
          .sdi   (dac_sdi),
          .sdo   (dac_sdo[i]),
          .out   (dac_out[i*128 +: 128]),
          .gain  (dac_gain[i*16 +: 16]),
          .broken(dac_broken[i*12 +: 12])
      );
    end

    for (i = 0; i < CHAINS; i = i + 1) begin : g_chain
      always @(posedge clk) bits_q[i] <= chain_pattern[i*BITS + {{(32-$clog2(BITS)){1'b0}}, position}];

      part_hc595 #(
          .CLK_PS(CLK_PS),
          .BITS  (BITS)
      ) u_part (
          .clk    (clk),
          .watch  (rst_n),
          .ser    (ser[i]),
          .srclk  (srclk),
          .srclr_n(srclr_n),
          .rclk   (rclk),
          .q      (chain_q[i*BITS +: BITS]),
          .broken (chain_broken[i*8 +: 8])
      );
    end

    for (i = 0; i < ADCS; i = i + 1) begin : g_adc
      part_ads8324 #(
          .CLK_PS(CLK_PS)
      ) u_part (
          .clk    (clk),
          .watch  (rst_n),
          .cs_n   (adc_cs_n),
          .dclock (dclock),
          .level  (adc_level[i*14 +: 14]),
          .dout   (dout[i]),
          .sampled(adc_sampled[i]),
          .broken (adc_broken[i*8 +: 8])
      );
    end
  endgenerate

  part_dac80508 #(
      .CLK_PS (1000),
      .T_POWER(1000000)
  ) x_dac (
      .clk   (clk),
      .watch (rst_n),
      .power (x_power),
      .cs_n  (x_cs_n),
      .sclk  (x_sclk),
      .sdi   (x_sdi),
      .sdo   (x_sdo),
      .out   (x_out),
      .gain  (),
      .broken(x_dac_broken)
  );

  part_hc595 #(
      .CLK_PS(1000),
      .BITS  (8)
  ) x_chain (
      .clk    (clk),
      .watch  (rst_n),
      .ser    (x_ser),
      .srclk  (x_srclk),
      .srclr_n(x_srclr_n),
      .rclk   (x_rclk),
      .q      (x_q),
      .broken (x_chain_broken)
  );

  part_ads8324 #(
      .CLK_PS(10000)
  ) x_adc (
      .clk    (clk),
      .watch  (rst_n),
      .cs_n   (x_adc_cs_n),
      .dclock (x_dclock),
      .level  (14'h2AAA),
      .dout   (x_dout),
      .sampled(),
      .broken (x_adc_broken)
  );

endmodule

`default_nettype wire
