// SPDX-License-Identifier: BSD-3-Clause
// The pattern of the column chains: which column is sensed, pulsed, grounded or left to the idle policy.
//
// Output `position` of each chain is asked for and comes on `bits` in the next cycle: four a column, the channel of its multiplexer (0 ground, 1 sensed,
// 3 pulse, 4 bias, 7 open), then zero. Columns outside `mask` are at `idle_channel`. Of the others, those of the step (ADCS from `first` on) are
// sensed where `sense`, and all take the pulse where `driven`; the rest is grounded.

`default_nettype none

module afe_columns #(
    parameter COLS   = 512,  // sensed lines
    parameter ADCS   = 4,    // columns of a step
    parameter CHAINS = 1     // chains that share them
) (
    input  wire                             clk,
    input  wire [COLS-1:0]                  mask,
    input  wire                             sense,
    input  wire [8:0]                       first,
    input  wire                             driven,
    input  wire [2:0]                       idle_channel,
    input  wire [$clog2(4*COLS/CHAINS)-1:0] position,
    output wire [CHAINS-1:0]                bits
);

  localparam PER = COLS / CHAINS;
  localparam W_I = $clog2(PER);
  localparam [2:0] GROUND = 3'd0, SENSED = 3'd1, PULSE = 3'd3;

  generate
    if (COLS % CHAINS != 0 || PER < 2) begin : g_bad
      COLS_must_be_a_multiple_of_CHAINS u_error ();
    end
  endgenerate

  reg  [1:0]     digit_q;
  wire [W_I-1:0] which = position[W_I+1:2];
  always @(posedge clk) digit_q <= position[1:0];

  genvar k;
  generate
    for (k = 0; k < CHAINS; k = k + 1) begin : g_chain
      localparam [31:0] FIRST = k * PER;

      wire [PER-1:0] slice  = mask[k*PER +: PER];
      wire [31:0]    column = {{(32 - W_I) {1'b0}}, which} + FIRST;
      wire           step   = column >= {23'd0, first} && column < {23'd0, first} + ADCS;
      reg            kept_q, step_q;
      always @(posedge clk) begin
        kept_q <= slice[which];
        step_q <= step && sense;
      end

      wire [2:0] chosen  = driven ? PULSE : step_q ? SENSED : GROUND;
      wire [3:0] nibble  = {1'b0, kept_q ? chosen : idle_channel};
      assign bits[k] = nibble[digit_q];
    end
  endgenerate

endmodule

`default_nettype wire
