// SPDX-License-Identifier: BSD-3-Clause
// afe_front on the parts and the wiring of a board of the published kind (part_board), less its analog half, which the bench computes.

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
    output wire [44:0]             broken        // rules, as part_board has them
);

  `include "afe_board.vh"
  localparam [31:0]  ADCS_32 = ADCS, DACS_32 = DACS, ROW_CHAINS_32 = ROW_CHAINS, COL_CHAINS_32 = COL_CHAINS;
  localparam [287:0] AFE     = {AFE_TIMES, AFE_LEVELS, COL_CHAINS_32[7:0], ROW_CHAINS_32[7:0], DACS_32[7:0], ADCS_32[7:0]};

  wire [60:0] pins_out;
  wire [23:0] pins_in;

  afe_front #(
      .ROWS     (ROWS),
      .COLS     (COLS),
      .ADC_LANES(ADC_LANES),
      .AFE      (AFE)
  ) u_front (
      .clk          (clk),
      .rst_n        (rst_n),
      .safe         (safe),
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
      .c_ask        (30'd0),
      .c_answer     (),
      .nv_code      (10'd0),
      .nv_out       (),
      .refresh      (refresh),
      .refresh_done (refresh_done),
      .drop         (drop),
      .idle         (idle),
      .pins_in      (pins_in),
      .pins_out     (pins_out)
  );

  part_board #(
      .CLK_PS    (1000000000 / (`CLK_HZ / 1000) + 1),
      .ROWS      (ROWS),
      .COLS      (COLS),
      .ADCS      (ADCS),
      .DACS      (DACS),
      .ROW_CHAINS(ROW_CHAINS),
      .COL_CHAINS(COL_CHAINS),
      .T_SETTLE  ({16'd0, AFE[223:208]})
  ) u_board (
      .clk            (clk),
      .watch          (rst_n),
      .pins_out       (pins_out),
      .pins_in        (pins_in),
      .power          (power),
      .cut            (cut),
      .level          (level),
      .rails          (rails),
      .row_channel    (row_channel),
      .word_line      (word_line),
      .column_channel (column_channel),
      .changed        (changed),
      .begun          (begun),
      .sampled        (adc_sampled),
      .broken         (broken)
  );

  // ---- Outputs ----
  assign {inhibit, oe_n, pulse_on, reference_on} = {pins_out[0], pins_out[1], pins_out[10], pins_out[11]};
  assign {tia_short, tia_range, adc_cs_n}        = {pins_out[12], pins_out[14:13], pins_out[15]};
  assign {missing, fault}                        = pins_out[20:17];
  assign stir                                    = changed || begun || s_valid || s_take;

endmodule

`default_nettype wire
