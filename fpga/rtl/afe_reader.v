// SPDX-License-Identifier: BSD-3-Clause
// The reading half of the analog front end: which step comes next, its conversion, its samples.
//
// `take` says that the step `found` is on the lines; the conversion that begins next is its. Codes of a conversion come on `s_*` from the cycle after its end on,
// unless `mute`.

`default_nettype none

module afe_reader #(
    parameter COLS      = 512,
    parameter ADC_LANES = 4,
    parameter ADCS      = 8,
    parameter T_SUCS    = 3,
    parameter T_HIGH    = 25,
    parameter T_LOW     = 25,
    parameter T_CYC     = 1200
) (
    input  wire                    clk,
    input  wire                    rst_n,
    input  wire                    clear,
    output wire                    idle,

    // Configuration
    input  wire [3:0]              cfg_bits,
    input  wire                    cfg_raw,
    input  wire [7:0]              cfg_repeats,
    input  wire [COLS-1:0]         cfg_mask,

    // Steps
    input  wire                    full,
    output wire                    free,
    output wire [3:0]              step,      // none to come, found, new rows, first of its result
    input  wire                    take,
    output wire [8:0]              first,
    output wire [2:0]              plane,

    // Conversions
    input  wire                    go,
    input  wire                    mute,
    output wire [3:0]              adc_says,  // idle, begins, held, valid

    // Samples
    output wire                    s_valid,
    output wire [8:0]              s_column,
    output wire [2:0]              s_plane,
    output wire [ADC_LANES-1:0]    s_keep,
    output wire [ADC_LANES*24-1:0] s_code,
    output wire [ADC_LANES-1:0]    s_saturated,
    output wire                    s_first,
    output wire                    s_last,

    // Pins
    output wire                    cs_n,
    output wire                    dclock,
    input  wire [ADCS-1:0]         dout
);

  wire               walk_idle, found, rows, pass_first, result_first, result_last, adc_idle, begins, held, valid, samples_idle;
  wire [ADCS*14-1:0] codes;

  // ---- The step on the lines, the step being converted ----
  reg [13:0] now_q, conversion_q;
  always @(posedge clk) begin
    if (take) now_q <= {first, plane, pass_first, result_last};
    if (begins) conversion_q <= now_q;
  end

  afe_walk #(
      .COLS(COLS),
      .ADCS(ADCS)
  ) u_walk (
      .clk         (clk),
      .rst_n       (rst_n),
      .clear       (clear),
      .cfg_bits    (cfg_bits),
      .cfg_raw     (cfg_raw),
      .cfg_repeats (cfg_repeats),
      .cfg_mask    (cfg_mask),
      .full        (full),
      .idle        (walk_idle),
      .free        (free),
      .found       (found),
      .take        (take),
      .first       (first),
      .plane       (plane),
      .rows        (rows),
      .pass_first  (pass_first),
      .result_first(result_first),
      .result_last (result_last)
  );

  ads8324 #(
      .N     (ADCS),
      .T_SUCS(T_SUCS),
      .T_HIGH(T_HIGH),
      .T_LOW (T_LOW),
      .T_CYC (T_CYC)
  ) u_adc (
      .clk   (clk),
      .rst_n (rst_n),
      .go    (go),
      .idle  (adc_idle),
      .begins(begins),
      .held  (held),
      .valid (valid),
      .codes (codes),
      .cs_n  (cs_n),
      .dclock(dclock),
      .dout  (dout)
  );

  afe_samples #(
      .COLS     (COLS),
      .ADCS     (ADCS),
      .ADC_LANES(ADC_LANES)
  ) u_samples (
      .clk        (clk),
      .rst_n      (rst_n),
      .drop       (clear),
      .idle       (samples_idle),
      .valid      (valid && !mute),
      .codes      (codes),
      .first      (conversion_q[13:5]),
      .plane      (conversion_q[4:2]),
      .pass_first (conversion_q[1]),
      .result_last(conversion_q[0]),
      .cfg_mask   (cfg_mask),
      .s_valid    (s_valid),
      .s_column   (s_column),
      .s_plane    (s_plane),
      .s_keep     (s_keep),
      .s_code     (s_code),
      .s_saturated(s_saturated),
      .s_first    (s_first),
      .s_last     (s_last)
  );

  // ---- Outputs ----
  assign step     = {walk_idle, found, rows, result_first};
  assign adc_says = {adc_idle, begins, held, valid};
  assign idle     = walk_idle && samples_idle;

endmodule

`default_nettype wire
