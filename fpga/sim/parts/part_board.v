// SPDX-License-Identifier: BSD-3-Clause
// The parts and the wiring of a published board at the pins of afe_front, less its analog half: that follows the outputs and gives `level`.
//
// Pins as in afe_front. `power` is that of each DAC; `cut` are wires of the last DAC that are broken, low: SDO, SDI, SCLK. `broken` gathers the rules broken so far, from
// bit 0: of the DACs (12), the row chains (8), the column chains (8), the converters (8), the lines (9).

`default_nettype none

module part_board #(
    parameter CLK_PS     = 16667,  // one clk cycle
    parameter ROWS       = 16,
    parameter COLS       = 16,
    parameter ADCS       = 4,
    parameter DACS       = 2,
    parameter ROW_CHAINS = 1,
    parameter COL_CHAINS = 1,
    parameter T_SETTLE   = 300     // in clk cycles
) (
    input  wire                clk,
    input  wire                watch,
    input  wire [60:0]         pins_out,
    output wire [23:0]         pins_in,
    input  wire [DACS-1:0]     power,
    input  wire [2:0]          cut,

    // The analog half
    input  wire [ADCS*14-1:0]  level,
    output wire [DACS*128-1:0] rails,
    output wire [3*ROWS-1:0]   row_channel,
    output wire [ROWS-1:0]     word_line,
    output wire [3*COLS-1:0]   column_channel,
    output wire                changed,        // something that moves a current
    output wire                begun,          // CS of the converters has fallen
    output wire                sampled,
    output wire [44:0]         broken
);

  localparam ROW_BITS = 4 * ROWS / ROW_CHAINS;
  localparam COL_BITS = 4 * COLS / COL_CHAINS;

  wire                    inhibit      = pins_out[0];
  wire                    oe_n         = pins_out[1];
  wire [2:0]              row_clocks   = pins_out[4:2];
  wire [2:0]              col_clocks   = pins_out[7:5];
  wire                    dac_sclk     = pins_out[8];
  wire                    dac_sdi      = pins_out[9];
  wire                    adc_cs_n     = pins_out[15];
  wire                    adc_dclock   = pins_out[16];
  wire [DACS-1:0]         dac_cs_n     = pins_out[21 +: DACS];
  wire [ROW_CHAINS-1:0]   row_ser      = pins_out[29 +: ROW_CHAINS];
  wire [COL_CHAINS-1:0]   col_ser      = pins_out[45 +: COL_CHAINS];
  wire [DACS-1:0]         dac_sdo;
  wire [ADCS-1:0]         adc_dout, adc_sampled;
  wire [4*ROWS-1:0]       row_q;
  wire [4*COLS-1:0]       col_q;
  wire [DACS*12-1:0]      dac_broken;
  wire [ROW_CHAINS*8-1:0] row_broken;
  wire [COL_CHAINS*8-1:0] col_broken;
  wire [ADCS*8-1:0]       adc_broken;
  wire [8:0]              lines_broken;

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
          .watch (watch),
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
          .watch  (watch),
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
          .watch  (watch),
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
          .watch  (watch),
          .cs_n   (adc_cs_n),
          .dclock (adc_dclock),
          .level  (level[i*14 +: 14]),
          .dout   (adc_dout[i]),
          .sampled(adc_sampled[i]),
          .broken (adc_broken[i*8 +: 8])
      );
    end
  endgenerate

  part_lines #(
      .ROWS    (ROWS),
      .COLS    (COLS),
      .ADCS    (ADCS),
      .DACS    (DACS),
      .T_SETTLE(T_SETTLE)
  ) u_lines (
      .clk           (clk),
      .watch         (watch),
      .inhibit       (inhibit),
      .oe_n          (oe_n),
      .row_q         (row_q),
      .column_q      (col_q),
      .rails         (rails),
      .pulse_on      (pins_out[10]),
      .reference_on  (pins_out[11]),
      .tia_short     (pins_out[12]),
      .tia_range     (pins_out[14:13]),
      .adc_cs_n      (adc_cs_n),
      .adc_sampled   (sampled),
      .row_channel   (row_channel),
      .word_line     (word_line),
      .column_channel(column_channel),
      .changed       (changed),
      .begun         (begun),
      .broken        (lines_broken)
  );

  // ---- Rules, all parts of a kind together ----
  reg [11:0] dacs;
  reg [7:0]  rows, columns, adcs;
  integer    j;
  always @(*) begin : gather
    {dacs, rows, columns, adcs} = 36'd0;
    for (j = 0; j < DACS; j = j + 1) dacs = dacs | dac_broken[j*12 +: 12];
    for (j = 0; j < ROW_CHAINS; j = j + 1) rows = rows | row_broken[j*8 +: 8];
    for (j = 0; j < COL_CHAINS; j = j + 1) columns = columns | col_broken[j*8 +: 8];
    for (j = 0; j < ADCS; j = j + 1) adcs = adcs | adc_broken[j*8 +: 8];
  end

  wire unused = &{1'b0, pins_out};

  // ---- Outputs ----
  assign broken  = {lines_broken, adcs, columns, rows, dacs};
  assign sampled = &adc_sampled;  // they share CS and DCLOCK
  assign pins_in = {{(16 - ADCS) {1'b0}}, adc_dout, {(8 - DACS) {1'b0}}, dac_sdo};

endmodule

`default_nettype wire
