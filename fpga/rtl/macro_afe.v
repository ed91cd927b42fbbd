// SPDX-License-Identifier: BSD-3-Clause
// The analog front end of the published boards: the macro port (docs/macro_port.md) on one side, the pins of the parts on the other.
//
// docs/modules/afe.md says what stands on the board. A row's multiplexer chooses ground, +read, -read, pulse, bias or nothing; a column's ground,
// its amplifier (column mod ADCS), pulse, bias or nothing. Signed rows are driven both ways at once: one conversion a plane and column. What the port
// has for emulated macros alone (`c_*`, `t_*`, `emu_*`, `nv_*`) is not here, nor what a chip needs no help with (`x_index`, `p_elapsed`, `p_index`,
// `cfg_macro`, `cfg_signed`, groups); a refresh is done at once. `safe` is what `kill` or `safe_latched` say. Every T_* is in clk cycles, computed by the board's top
// from nanoseconds, and named as in the parts' data sheets.

`default_nettype none

module macro_afe #(
    parameter        ROWS       = 512,      // driven lines, at most 512
    parameter        COLS       = 512,      // sensed lines, at most 512
    parameter        ADC_LANES  = 4,        // samples of a beat
    parameter        ADCS       = 8,        // converters: a multiple of ADC_LANES that divides COLS
    parameter        DACS       = 8,        // DAC80508, each for its share of the lines
    parameter        ROW_CHAINS = 4,        // chains of shift registers
    parameter        COL_CHAINS = 8,
    parameter [15:0] COMMON     = 16'h4000, // the analog ground of reads, DAC code; of pulses it is zero
    parameter [15:0] READ_GATE  = 16'h8000, // word lines in reads, above COMMON, DAC code
    parameter        LEAD       = 2,        // t_CSS
    parameter        T_WRITE    = 1,        // t_SCLKHIGH, t_SCLKLOW of writes
    parameter        T_READ     = 4,        // the same of reads
    parameter        T_CSH      = 1,
    parameter        T_CSHIGH   = 1,
    parameter        T_RESET    = 15000,    // DAC80508 after power-up
    parameter        T_DAC      = 300,      // DAC80508 outputs settled
    parameter        T_W        = 2,        // SN74HC595: t_w, t_su
    parameter        T_MUX      = 44,       // CD4051B: t_PHZ, t_PZH
    parameter        T_SETTLE   = 300,      // lines, OPA4322
    parameter        T_SUCS     = 3,        // ADS8324
    parameter        T_HIGH     = 25,       // DCLOCK
    parameter        T_LOW      = 25,
    parameter        T_CYC      = 1200
) (
    input  wire                    clk,
    input  wire                    rst_n,
    input  wire                    safe,
    output wire                    fault,       // a DAC is missing: nothing is driven
    output wire [2:0]              missing,     // which

    // Configuration, stable while not idle
    input  wire [1:0]              cfg_range,
    input  wire [3:0]              cfg_bits,
    input  wire                    cfg_raw,
    input  wire [7:0]              cfg_repeats,
    input  wire                    cfg_polarity,
    input  wire [1:0]              cfg_idle,
    input  wire                    cfg_reference,
    input  wire                    cfg_sweep,    // `cfg_level` is the gate, above COMMON
    input  wire [15:0]             cfg_level,
    input  wire [15:0]             cfg_read_code,
    input  wire [COLS-1:0]         cfg_mask,

    // Vectors
    input  wire                    x_valid,
    output wire                    x_ready,
    input  wire [8:0]              x_line,
    input  wire [8:0]              x_code,
    input  wire                    x_last,

    // Samples
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

    // Pulses
    input  wire                    p_valid,
    output wire                    p_ready,
    input  wire [1:0]              p_kind,
    input  wire [8:0]              p_row,
    input  wire [COLS-1:0]         p_mask,
    input  wire [15:0]             p_voltage,
    input  wire [15:0]             p_gate,
    input  wire                    p_drive,
    output wire                    p_done,

    // Control
    input  wire                    refresh,
    output wire                    refresh_done,
    input  wire                    drop,
    output wire                    idle,

    // Pins: multiplexers and shift registers
    output wire                    mux_inhibit,  // pulled up on the board
    output wire                    chain_oe_n,   // pulled up on the board
    output wire [ROW_CHAINS-1:0]   row_ser,
    output wire [2:0]              row_clocks,   // SRCLK, SRCLR_n, RCLK
    output wire [COL_CHAINS-1:0]   col_ser,
    output wire [2:0]              col_clocks,

    // Pins: rails
    output wire [DACS-1:0]         dac_cs_n,
    output wire                    dac_sclk,
    output wire                    dac_sdi,
    input  wire [DACS-1:0]         dac_sdo,
    output wire                    pulse_on,     // pulse rail: DAC in place of ground
    output wire                    reference_on, // reference into every amplifier

    // Pins: amplifiers and converters
    output wire                    tia_short,
    output wire [1:0]              tia_range,
    output wire                    adc_cs_n,
    output wire                    adc_dclock,
    input  wire [ADCS-1:0]         adc_dout
);

  wire [3:0] dac_do, step, adc_says;
  wire [2:0] dac_says, row_do, col_do, row_says, col_says, plane;
  wire [8:0] first;
  wire       full, free, take, lines_empty, reader_idle, quiet, adc_go, mute, pulsing, running;
  wire       clear = drop || safe;
  wire       unused = &{1'b0, p_kind};  // the polarity says which line takes the pulse

  // ---- State ----
  reg [1:0] range_q, flags_q;  // of flags: reference, refresh
  always @(posedge clk) begin
    if (!rst_n) {range_q, flags_q} <= 4'd0;
    else begin
      if (tia_short && running && !pulsing) range_q <= cfg_range;
      flags_q <= {running && !pulsing && cfg_reference && !safe, refresh};
    end
  end

  afe_sequencer #(
      .T_DAC(T_DAC), .T_MUX(T_MUX), .T_SETTLE(T_SETTLE)
  ) u_sequencer (
      .clk      (clk),
      .rst_n    (rst_n),
      .safe     (safe),
      .drop     (drop),
      .idle     (quiet),
      .fault    (fault),
      .p_valid  (p_valid),
      .p_ready  (p_ready),
      .p_drive  (p_drive),
      .p_done   (p_done),
      .pulsing  (pulsing),
      .step     (step),
      .take     (take),
      .s_ready  (s_ready),
      .s_take   (s_take),
      .adc_go   (adc_go),
      .adc_says (adc_says),
      .mute     (mute),
      .dac_do   (dac_do),
      .dac_says (dac_says),
      .row_do   (row_do),
      .col_do   (col_do),
      .row_says (row_says),
      .col_says (col_says),
      .inhibit  (mux_inhibit),
      .oe_n     (chain_oe_n),
      .pulse_on (pulse_on),
      .tia_short(tia_short),
      .running  (running)
  );

  afe_lines #(
      .ROWS(ROWS), .COLS(COLS), .ADCS(ADCS), .ROW_CHAINS(ROW_CHAINS), .COL_CHAINS(COL_CHAINS), .T_W(T_W)
  ) u_lines (
      .clk          (clk),
      .rst_n        (rst_n),
      .clear        (clear),
      .empty        (lines_empty),
      .cfg_polarity (cfg_polarity),
      .cfg_idle     (cfg_idle),
      .cfg_reference(cfg_reference),
      .cfg_mask     (cfg_mask),
      .pulsing      (pulsing),
      .p_row        (p_row),
      .p_mask       (p_mask),
      .first        (first),
      .plane        (plane),
      .x_valid      (x_valid),
      .x_ready      (x_ready),
      .x_line       (x_line),
      .x_code       (x_code),
      .x_last       (x_last),
      .full         (full),
      .free         (free),
      .row_do       (row_do),
      .col_do       (col_do),
      .row_says     (row_says),
      .col_says     (col_says),
      .row_ser      (row_ser),
      .row_clocks   (row_clocks),
      .col_ser      (col_ser),
      .col_clocks   (col_clocks)
  );

  afe_rails #(
      .DACS(DACS), .COMMON(COMMON), .READ_GATE(READ_GATE), .LEAD(LEAD), .T_WRITE(T_WRITE), .T_READ(T_READ),
      .T_CSH(T_CSH), .T_CSHIGH(T_CSHIGH), .T_RESET(T_RESET)
  ) u_rails (
      .clk           (clk),
      .rst_n         (rst_n),
      .pulsing       (pulsing),
      .from_reference(cfg_reference),
      .sweeping      (cfg_sweep),
      .level         (cfg_level),
      .read_code     (cfg_read_code),
      .voltage       (p_voltage),
      .gate          (p_gate),
      .dac_do        (dac_do),
      .dac_says      (dac_says),
      .missing       (missing),
      .cs_n          (dac_cs_n),
      .sclk          (dac_sclk),
      .sdi           (dac_sdi),
      .sdo           (dac_sdo)
  );

  afe_reader #(
      .COLS(COLS), .ADC_LANES(ADC_LANES), .ADCS(ADCS), .T_SUCS(T_SUCS), .T_HIGH(T_HIGH), .T_LOW(T_LOW),
      .T_CYC(T_CYC)
  ) u_reader (
      .clk(clk), .rst_n(rst_n),
      .clear(clear), .idle(reader_idle),
      .cfg_bits(cfg_bits), .cfg_raw(cfg_raw),
      .cfg_repeats(cfg_repeats), .cfg_mask(cfg_mask),
      .full(full), .free(free),
      .step(step), .take(take),
      .first(first), .plane(plane),
      .go(adc_go), .mute(mute),
      .adc_says(adc_says), .s_valid(s_valid),
      .s_column(s_column), .s_plane(s_plane),
      .s_keep(s_keep), .s_code(s_code),
      .s_saturated(s_saturated), .s_first(s_first),
      .s_last     (s_last),
      .cs_n       (adc_cs_n),
      .dclock     (adc_dclock),
      .dout       (adc_dout)
  );

  // ---- Outputs ----
  assign idle         = quiet && lines_empty && reader_idle;
  assign refresh_done = flags_q[0];
  assign tia_range    = range_q;
  assign reference_on = flags_q[1];

endmodule

`default_nettype wire
