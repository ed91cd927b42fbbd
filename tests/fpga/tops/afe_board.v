// SPDX-License-Identifier: BSD-3-Clause
// macro_afe on the models of its parts: a board of the published kind at pin level, less its analog half, which the bench computes.

`default_nettype none
`include "board_map.vh"

module afe_board #(
    parameter ROWS       = 16,
    parameter COLS       = 16,
    parameter ADC_LANES  = 2,
    parameter ADCS       = 4,
    parameter DACS       = 2,
    parameter ROW_CHAINS = 2,
    parameter COL_CHAINS = 1
) (
    input  wire                    clk,
    input  wire                    rst_n,
    input  wire                    safe,
    output wire                    fault,
    output wire [2:0]              missing,

    // Macro port
    input  wire [1:0]              cfg_range,
    input  wire [3:0]              cfg_bits,
    input  wire                    cfg_raw,
    input  wire [7:0]              cfg_repeats,
    input  wire                    cfg_polarity,
    input  wire [1:0]              cfg_idle,
    input  wire                    cfg_reference,
    input  wire                    cfg_sweep,
    input  wire [15:0]             cfg_level,
    input  wire [15:0]             cfg_read_code,
    input  wire [COLS-1:0]         cfg_mask,
    input  wire                    x_valid,
    output wire                    x_ready,
    input  wire [8:0]              x_line,
    input  wire [8:0]              x_code,
    input  wire                    x_last,
    input  wire                    s_ready,
    output wire                    s_take,
    output wire                    s_valid,
    output wire [8:0]              s_column,
    output wire [2:0]              s_plane,
    output wire [ADC_LANES-1:0]    s_keep,
    output wire [ADC_LANES*24-1:0] s_code,
    output wire [ADC_LANES-1:0]    s_saturated,
    output wire                    s_first,
    output wire                    s_last,
    input  wire                    p_valid,
    output wire                    p_ready,
    input  wire [1:0]              p_kind,
    input  wire [8:0]              p_row,
    input  wire [COLS-1:0]         p_mask,
    input  wire [15:0]             p_voltage,
    input  wire [15:0]             p_gate,
    input  wire                    p_drive,
    output wire                    p_done,
    input  wire                    refresh,
    output wire                    refresh_done,
    input  wire                    drop,
    output wire                    idle,

    // The board
    input  wire [DACS-1:0]         power,
    input  wire [2:0]              cut,          // wires of the last DAC that are broken, low: SDO, SDI, SCLK
    input  wire [ADCS*14-1:0]      level,
    output wire                    inhibit,
    output wire                    oe_n,
    output wire                    pulse_on,
    output wire                    reference_on,
    output wire                    tia_short,
    output wire [1:0]              tia_range,
    output wire                    adc_cs_n,
    output wire                    adc_sampled,
    output wire [DACS*128-1:0]     rails,
    output wire [3*ROWS-1:0]       row_channel,
    output wire [ROWS-1:0]         word_line,
    output wire [3*COLS-1:0]       column_channel,
    output wire                    changed,
    output wire                    begun,        // CS has fallen
    output wire                    stir,         // one of what the bench follows
    output wire [DACS*12-1:0]      dac_broken,
    output wire [ROW_CHAINS*8-1:0] row_broken,
    output wire [COL_CHAINS*8-1:0] col_broken,
    output wire [ADCS*8-1:0]       adc_broken,
    output wire [8:0]              lines_broken
);

  localparam MHZ      = `CLK_HZ / 1000000;
  localparam CLK_PS   = 1000000 / MHZ + 1;
  localparam ROW_BITS = 4 * ROWS / ROW_CHAINS;
  localparam COL_BITS = 4 * COLS / COL_CHAINS;

  // Nanoseconds to clk cycles, rounded up
  function integer cycles(input integer ns);
    cycles = (ns * MHZ + 999) / 1000;
  endfunction

  wire [ROW_CHAINS-1:0] row_ser;
  wire [COL_CHAINS-1:0] col_ser;
  wire [2:0]            row_clocks, col_clocks;
  wire [DACS-1:0]       dac_cs_n, dac_sdo;
  wire                  dac_sclk, dac_sdi, adc_dclock;
  wire [ADCS-1:0]       adc_dout, sampled;
  wire [4*ROWS-1:0]     row_q;
  wire [4*COLS-1:0]     col_q;

  macro_afe #(
      .ROWS      (ROWS),
      .COLS      (COLS),
      .ADC_LANES (ADC_LANES),
      .ADCS      (ADCS),
      .DACS      (DACS),
      .ROW_CHAINS(ROW_CHAINS),
      .COL_CHAINS(COL_CHAINS),
      .LEAD      (cycles(20)),
      .T_WRITE   (cycles(10)),
      .T_READ    (cycles(28) + 2),
      .T_CSH     (cycles(10)),
      .T_CSHIGH  (cycles(15)),
      .T_RESET   (cycles(250000)),
      .T_DAC     (cycles(5000)),
      .T_W       (cycles(25)),
      .T_MUX     (cycles(720)),
      .T_SETTLE  (cycles(5000)),
      .T_SUCS    (cycles(50)),
      .T_HIGH    (cycles(416)),
      .T_LOW     (cycles(416)),
      .T_CYC     (cycles(20000))
  ) u_macro (
      .clk          (clk),
      .rst_n        (rst_n),
      .safe         (safe),
      .fault        (fault),
      .missing      (missing),
      .cfg_range    (cfg_range),
      .cfg_bits     (cfg_bits),
      .cfg_raw      (cfg_raw),
      .cfg_repeats  (cfg_repeats),
      .cfg_polarity (cfg_polarity),
      .cfg_idle     (cfg_idle),
      .cfg_reference(cfg_reference),
      .cfg_sweep    (cfg_sweep),
      .cfg_level    (cfg_level),
      .cfg_read_code(cfg_read_code),
      .cfg_mask     (cfg_mask),
      .x_valid      (x_valid),
      .x_ready      (x_ready),
      .x_line       (x_line),
      .x_code       (x_code),
      .x_last       (x_last),
      .s_ready      (s_ready),
      .s_take       (s_take),
      .s_valid      (s_valid),
      .s_column     (s_column),
      .s_plane      (s_plane),
      .s_keep       (s_keep),
      .s_code       (s_code),
      .s_saturated  (s_saturated),
      .s_first      (s_first),
      .s_last       (s_last),
      .p_valid      (p_valid),
      .p_ready      (p_ready),
      .p_kind       (p_kind),
      .p_row        (p_row),
      .p_mask       (p_mask),
      .p_voltage    (p_voltage),
      .p_gate       (p_gate),
      .p_drive      (p_drive),
      .p_done       (p_done),
      .refresh      (refresh),
      .refresh_done (refresh_done),
      .drop         (drop),
      .idle         (idle),
      .mux_inhibit  (inhibit),
      .chain_oe_n   (oe_n),
      .row_ser      (row_ser),
      .row_clocks   (row_clocks),
      .col_ser      (col_ser),
      .col_clocks   (col_clocks),
      .dac_cs_n     (dac_cs_n),
      .dac_sclk     (dac_sclk),
      .dac_sdi      (dac_sdi),
      .dac_sdo      (dac_sdo),
      .pulse_on     (pulse_on),
      .reference_on (reference_on),
      .tia_short    (tia_short),
      .tia_range    (tia_range),
      .adc_cs_n     (adc_cs_n),
      .adc_dclock   (adc_dclock),
      .adc_dout     (adc_dout)
  );

  // ---- Parts ----
  genvar i;
  generate
    for (i = 0; i < DACS; i = i + 1) begin : g_dac
      wire       said;
      wire [2:0] broke = i == DACS - 1 ? cut : 3'd0;
      assign dac_sdo[i] = said && !broke[0];

      part_dac80508 #(
          .CLK_PS(CLK_PS)
      ) u_part (
          .clk   (clk),
          .watch (rst_n),
          .power (power[i]),
          .cs_n  (dac_cs_n[i]),
          .sclk  (dac_sclk && !broke[2]),
          .sdi   (dac_sdi && !broke[1]),
          .sdo   (said),
          .out   (rails[i*128 +: 128]),
          .gain  (),
          .broken(dac_broken[i*12 +: 12])
      );
    end

    for (i = 0; i < ROW_CHAINS; i = i + 1) begin : g_row
      part_hc595 #(
          .CLK_PS(CLK_PS),
          .BITS  (ROW_BITS)
      ) u_part (
          .clk    (clk),
          .watch  (rst_n),
          .ser    (row_ser[i]),
          .srclk  (row_clocks[2]),
          .srclr_n(row_clocks[1]),
          .rclk   (row_clocks[0]),
          .q      (row_q[i*ROW_BITS +: ROW_BITS]),
          .broken (row_broken[i*8 +: 8])
      );
    end

    for (i = 0; i < COL_CHAINS; i = i + 1) begin : g_col
      part_hc595 #(
          .CLK_PS(CLK_PS),
          .BITS  (COL_BITS)
      ) u_part (
          .clk    (clk),
          .watch  (rst_n),
          .ser    (col_ser[i]),
          .srclk  (col_clocks[2]),
          .srclr_n(col_clocks[1]),
          .rclk   (col_clocks[0]),
          .q      (col_q[i*COL_BITS +: COL_BITS]),
          .broken (col_broken[i*8 +: 8])
      );
    end

    for (i = 0; i < ADCS; i = i + 1) begin : g_adc
      part_ads8324 #(
          .CLK_PS(CLK_PS)
      ) u_part (
          .clk    (clk),
          .watch  (rst_n),
          .cs_n   (adc_cs_n),
          .dclock (adc_dclock),
          .level  (level[i*14 +: 14]),
          .dout   (adc_dout[i]),
          .sampled(sampled[i]),
          .broken (adc_broken[i*8 +: 8])
      );
    end
  endgenerate

  part_lines #(
      .ROWS    (ROWS),
      .COLS    (COLS),
      .ADCS    (ADCS),
      .DACS    (DACS),
      .T_SETTLE(cycles(5000))
  ) u_lines (
      .clk           (clk),
      .watch         (rst_n),
      .inhibit       (inhibit),
      .oe_n          (oe_n),
      .row_q         (row_q),
      .column_q      (col_q),
      .rails         (rails),
      .pulse_on      (pulse_on),
      .reference_on  (reference_on),
      .tia_short     (tia_short),
      .tia_range     (tia_range),
      .adc_cs_n      (adc_cs_n),
      .adc_sampled   (adc_sampled),
      .row_channel   (row_channel),
      .word_line     (word_line),
      .column_channel(column_channel),
      .changed       (changed),
      .begun         (begun),
      .broken        (lines_broken)
  );

  assign stir        = changed || begun || s_valid || s_take;
  assign adc_sampled = &sampled;  // they share CS and DCLOCK

endmodule

`default_nettype wire
