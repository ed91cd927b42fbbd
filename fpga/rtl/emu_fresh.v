// SPDX-License-Identifier: BSD-3-Clause
// Which cells are fresh from a pulse, and how often their row was read since (docs/emulator.md, "Slow effects of reading").
//
// Marks are those of the row pulsed last, on `clk_pulses`, which need not run but for `pulse`. `pulse` takes one, `settle`
// leaves none. `read_ends` is high in the cycle in which a cell read's last row is chosen; `read_row` is then its row in the cycle
// after, when `age` still is that of this read: 8 where nothing is left or the row is another.

`include "board_map.vh"
`default_nettype none

module emu_fresh #(
    parameter COLS = 512  // columns of the macro
) (
    input  wire            clk,
    input  wire            clk_pulses,
    input  wire            rst_n,

    // What pulses do
    input  wire            pulse,
    input  wire [1:0]      p_kind,
    input  wire [8:0]      p_row,
    input  wire [COLS-1:0] p_mask,
    input  wire            settle,

    // Cell reads
    input  wire            read_ends,
    input  wire [8:0]      read_row,
    output wire [3:0]      age,
    output wire [COLS-1:0] fresh,
    output wire [COLS-1:0] was_reset   // of fresh cells: the last pulse was a RESET
);

  localparam [3:0] SETTLED = 4'd8;

  reg            some_q, counts_q;
  reg [3:0]      age_q;
  reg [8:0]      row_q;
  reg [COLS-1:0] fresh_q, reset_q;
  wire           again = some_q && row_q == p_row;
  wire           mine  = some_q && row_q == read_row;

  always @(posedge clk) begin
    if (!rst_n)      some_q <= 1'b0;
    else if (pulse)  some_q <= 1'b1;
    else if (settle) some_q <= 1'b0;
    counts_q <= rst_n && read_ends;
    if (pulse)                                     age_q <= 4'd0;
    else if (counts_q && mine && age_q != SETTLED) age_q <= age_q + 4'd1;
  end

  always @(posedge clk_pulses) begin
    if (pulse) begin
      row_q   <= p_row;
      fresh_q <= again ? fresh_q | p_mask : p_mask;
      reset_q <= p_kind == `PULSE_RESET ? reset_q | p_mask : reset_q & ~p_mask;
    end
  end

  assign age       = mine ? age_q : SETTLED;
  assign fresh     = fresh_q;
  assign was_reset = reset_q;

endmodule

`default_nettype wire
