// SPDX-License-Identifier: BSD-3-Clause
// Hands the codes of a step's converters on as samples, ADC_LANES a beat, one beat a cycle from the one after `valid` on.
//
// The fields of the step are held from `valid` on. A code at either end of the converter's range counts as saturated.

`default_nettype none

module afe_samples #(
    parameter COLS      = 512,
    parameter ADCS      = 4,    // converters, a multiple of ADC_LANES
    parameter ADC_LANES = 4     // samples of a beat
) (
    input  wire                    clk,
    input  wire                    rst_n,
    input  wire                    drop,
    output wire                    idle,

    input  wire                    valid,
    input  wire [ADCS*14-1:0]      codes,
    input  wire [8:0]              first,
    input  wire [2:0]              plane,
    input  wire                    pass_first,
    input  wire                    result_last,
    input  wire [COLS-1:0]         cfg_mask,

    // Samples (docs/macro_port.md)
    output wire                    s_valid,
    output wire [8:0]              s_column,
    output wire [2:0]              s_plane,
    output wire [ADC_LANES-1:0]    s_keep,
    output wire [ADC_LANES*24-1:0] s_code,
    output wire [ADC_LANES-1:0]    s_saturated,
    output wire                    s_first,
    output wire                    s_last
);

  localparam BEATS = ADCS / ADC_LANES;
  localparam [31:0] TOP = BEATS - 1, LANES_32 = ADC_LANES;

  generate
    if (ADCS % ADC_LANES != 0 || COLS % ADCS != 0) begin : g_bad
      ADCS_must_be_a_multiple_of_ADC_LANES_that_divides_COLS u_error ();
    end
  endgenerate

  // ---- State ----
  reg                 active_q;
  reg [7:0]           beat_q;
  reg [ADCS*14-1:0]   codes_q;
  reg [8:0]           column_q;
  reg [2:0]           plane_q;
  reg                 first_q, last_q;

  // ---- Registers ----
  wire final_beat = beat_q == TOP[7:0];
  always @(posedge clk) begin
    if (!rst_n || drop) active_q <= 1'b0;
    else active_q <= valid || (active_q && !final_beat);
  end

  always @(posedge clk) begin
    if (valid) begin
      codes_q                    <= codes;
      beat_q                     <= 8'd0;
      {column_q, plane_q}        <= {first, plane};
      {first_q, last_q}          <= {pass_first, result_last};
    end else begin
      beat_q   <= beat_q + 8'd1;
      column_q <= column_q + LANES_32[8:0];
      codes_q  <= codes_q >> (14 * ADC_LANES);
    end
  end

  // ---- Outputs ----
  genvar i;
  generate
    for (i = 0; i < ADC_LANES; i = i + 1) begin : g_lane
      wire [13:0] code = codes_q[i*14 +: 14];
      assign s_code[i*24 +: 24] = {{10{code[13]}}, code};
      assign s_saturated[i]     = code == 14'h1FFF || code == 14'h2000;
    end
  endgenerate

  assign idle     = !active_q;
  assign s_valid  = active_q;
  assign s_column = column_q;
  assign s_plane  = plane_q;
  assign s_keep   = cfg_mask[column_q[$clog2(COLS)-1:0] +: ADC_LANES];
  assign s_first  = first_q;
  assign s_last   = last_q && final_beat;

  wire unused = &{1'b0, column_q};

endmodule

`default_nettype wire
