// SPDX-License-Identifier: BSD-3-Clause
// The lines of the published boards: one CD4051B a row and a column behind the chains, the rails, and what must never be done with them.
//
// `row_channel`, `column_channel` are what every multiplexer connects (0 ground, 1 + read or amplifier, 2 - read, 3 pulse, 4 bias, 7 open): all
// open with `inhibit`, all ground with `oe_n` (pull-downs). `changed` is high in the cycle after anything that moves a current. `broken` keeps, while
// `watch` is high, one bit a rule: 0 a rail moved while a line was off ground, 1 a line came to or left the pulse rail while that was driven, 2 a line
// moved, other than to ground, between a conversion's start and its sample, 3 or within T_SETTLE before its start, 4 a range switched while the
// amplifiers were not shorted, 5 two rows on the pulse rail, or rows and columns, 6 an amplifier on two columns, 7 inhibit released with a line off
// ground or a rail off zero, 8 a pulse without just one word line on, that of the row it drives.

`default_nettype none

module part_lines #(
    parameter ROWS     = 16,
    parameter COLS     = 16,
    parameter ADCS     = 4,
    parameter DACS     = 2,
    parameter T_SETTLE = 200  // in clk cycles
) (
    input  wire                clk,
    input  wire                watch,

    // Pins and what the other parts show
    input  wire                inhibit,
    input  wire                oe_n,
    input  wire [4*ROWS-1:0]   row_q,
    input  wire [4*COLS-1:0]   column_q,
    input  wire [DACS*128-1:0] rails,
    input  wire                pulse_on,
    input  wire                reference_on,
    input  wire                tia_short,
    input  wire [1:0]          tia_range,
    input  wire                adc_cs_n,
    input  wire                adc_sampled,

    output wire [3*ROWS-1:0]   row_channel,
    output wire [ROWS-1:0]     word_line,
    output wire [3*COLS-1:0]   column_channel,
    output wire                changed,
    output wire                begun,         // CS has fallen
    output wire [8:0]          broken
);

  localparam [2:0] OPEN = 3'd7, PULSE = 3'd3, SENSED = 3'd1;

  // ---- Multiplexers ----
  reg [ROWS-1:0] row_pulse, row_off;     // on the pulse rail, off ground
  reg [COLS-1:0] column_pulse, column_off;
  reg            double, away;        // an amplifier on two columns; a line went elsewhere than to ground
  genvar         g;
  integer        i, j, count;
  generate
    for (g = 0; g < ROWS; g = g + 1) begin : g_row
      assign row_channel[3*g +: 3] = inhibit ? OPEN : oe_n ? 3'd0 : row_q[4*g +: 3];
      assign word_line[g]          = !oe_n && row_q[4*g+3];
    end
    for (g = 0; g < COLS; g = g + 1) begin : g_column
      assign column_channel[3*g +: 3] = inhibit ? OPEN : oe_n ? 3'd0 : column_q[4*g +: 3];
    end
  endgenerate

  always @(*) begin : census
    {double, away} = 2'b00;
    for (i = 0; i < ROWS; i = i + 1) begin
      row_pulse[i] = row_channel[3*i +: 3] == PULSE;
      row_off[i]   = row_channel[3*i +: 3] != 3'd0 && !inhibit;
      if (row_off[i] && row_channel[3*i +: 3] != row_before_q[3*i +: 3]) away = 1'b1;
    end
    for (i = 0; i < COLS; i = i + 1) begin
      column_pulse[i] = column_channel[3*i +: 3] == PULSE;
      column_off[i]   = column_channel[3*i +: 3] != 3'd0 && !inhibit;
      if (column_off[i] && column_channel[3*i +: 3] != column_before_q[3*i +: 3]) away = 1'b1;
    end
    for (j = 0; j < ADCS; j = j + 1) begin
      count = 0;
      for (i = j; i < COLS; i = i + ADCS) if (column_channel[3*i +: 3] == SENSED) count = count + 1;
      if (count > 1) double = 1'b1;
    end
  end

  // ---- What was before ----
  reg [DACS*128-1:0] rails_q;
  reg [3*ROWS-1:0]   row_before_q;
  reg [3*COLS-1:0]   column_before_q;
  reg [ROWS-1:0]     row_pulse_q, word_q, row_off_q;
  reg [COLS-1:0]     column_pulse_q, column_off_q;
  reg                inhibit_q, pulse_on_q, short_q, reference_q, cs_q, sampling_q, changed_q;
  reg [1:0]          range_q;
  reg [15:0]         rest_q;  // cycles since a line moved
  reg [8:0]          broken_q;

  initial broken_q = 9'd0;

  wire moved = row_channel != row_before_q || column_channel != column_before_q || word_line != word_q;
  assign begun = cs_q && !adc_cs_n;
  wire [ROWS-1:0] rows_driven = row_pulse & {ROWS{pulse_on}};
  wire            nothing     = inhibit || oe_n;

  wire [8:0] seen;
  assign seen[0] = rails != rails_q && (|{row_off, column_off} || |{row_off_q, column_off_q});
  assign seen[1] = (row_pulse != row_pulse_q || column_pulse != column_pulse_q) && (pulse_on || pulse_on_q) && !inhibit && !inhibit_q;
  assign seen[2] = sampling_q && away && !inhibit;
  assign seen[3] = begun && {16'd0, rest_q} < T_SETTLE;
  assign seen[4] = tia_range != range_q && !(tia_short && short_q);
  assign seen[5] = (row_pulse & (row_pulse - 1'b1)) != {ROWS{1'b0}} || (|row_pulse && |column_pulse);
  assign seen[6] = double;
  assign seen[7] = inhibit_q && !inhibit && (|{row_off, column_off} || rails != {DACS*128{1'b0}});
  assign seen[8] = pulse_on && !nothing && ((word_line & (word_line - 1'b1)) != {ROWS{1'b0}} || word_line == {ROWS{1'b0}}
      || (rows_driven & ~word_line) != {ROWS{1'b0}});

  always @(posedge clk) begin
    rails_q         <= rails;
    row_before_q    <= row_channel;
    column_before_q <= column_channel;
    word_q          <= word_line;
    row_pulse_q     <= row_pulse;
    column_pulse_q  <= column_pulse;
    row_off_q       <= row_off;
    column_off_q    <= column_off;
    {inhibit_q, pulse_on_q, short_q, reference_q, cs_q, range_q} <= {inhibit, pulse_on, tia_short, reference_on, adc_cs_n, tia_range};
    sampling_q      <= begun || (sampling_q && !adc_sampled && !adc_cs_n);
    rest_q          <= moved ? 16'd0 : rest_q == 16'hFFFF ? rest_q : rest_q + 16'd1;
    changed_q       <= moved || rails != rails_q || inhibit != inhibit_q || pulse_on != pulse_on_q || tia_short != short_q
        || reference_on != reference_q || tia_range != range_q;
    broken_q        <= watch ? broken_q | seen : 9'd0;
  end

  // The fourth output of a column is left open.
  wire [COLS-1:0] open;
  generate
    for (g = 0; g < COLS; g = g + 1) begin : g_open
      assign open[g] = column_q[4*g+3];
    end
  endgenerate
  wire unused = &{1'b0, open};

  // ---- Outputs ----
  assign changed = changed_q;
  assign broken  = broken_q;

endmodule

`default_nettype wire
