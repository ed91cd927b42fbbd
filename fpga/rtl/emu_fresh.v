// SPDX-License-Identifier: BSD-3-Clause
// Which cells are fresh from a pulse, and how often their row was read since (docs/emulator.md, "Slow effects of reading").
//
// Marks are those of the row pulsed last, a word a lane group, written on `clk_pulses` as the engine looks at the group
// (`look`, once each after `pulse`); `settle` leaves none. `fresh` and `was_reset` are those of `group` in the same cycle, while no
// pulse is at work. `read_ends` is high in the cycle in which a cell read's last row is chosen; `read_row` is then its row in the
// cycle after, when `age` still is that of this read: 8 where nothing is left or the row is another.

`include "board_map.vh"
`default_nettype none

module emu_fresh #(
    parameter COLS  = 512,  // columns of the macro
    parameter LANES = 64    // columns of a lane group
) (
    input  wire             clk,
    input  wire             clk_pulses,
    input  wire             rst_n,

    // What pulses do
    input  wire             pulse,
    input  wire [1:0]       p_kind,
    input  wire [8:0]       p_row,
    input  wire             look,
    input  wire [5:0]       look_group,
    input  wire [LANES-1:0] look_mask,
    input  wire             settle,

    // Cell reads
    input  wire             read_ends,
    input  wire [8:0]       read_row,
    output wire [3:0]       age,
    input  wire [5:0]       group,
    output wire [LANES-1:0] fresh,
    output wire [LANES-1:0] was_reset   // of fresh cells: the last pulse was a RESET
);

  localparam GROUPS  = COLS / LANES;
  localparam W_GROUP = GROUPS > 1 ? $clog2(GROUPS) : 1;
  localparam [3:0] SETTLED = 4'd8;

  reg            some_q, counts_q;
  reg [3:0]      age_q;
  reg [8:0]      row_q;
  reg            again_q, reset_q;  // the pulse at work: of the row of the one before; a RESET
  wire           mine = some_q && row_q == read_row;

  always @(posedge clk) begin
    if (!rst_n)      some_q <= 1'b0;
    else if (pulse)  some_q <= 1'b1;
    else if (settle) some_q <= 1'b0;
    counts_q <= rst_n && read_ends;
    if (pulse)                                     age_q <= 4'd0;
    else if (counts_q && mine && age_q != SETTLED) age_q <= age_q + 4'd1;
  end

  always @(posedge clk_pulses) begin
    if (pulse) {row_q, again_q, reset_q} <= {p_row, some_q && row_q == p_row, p_kind == `PULSE_RESET};
  end

  // ---- Marks
  reg  [2*LANES-1:0] marks [0:GROUPS-1];
  wire [5:0]         at     = look ? look_group : group;
  wire [2*LANES-1:0] marked = marks[at[W_GROUP-1:0]];
  integer            i;

  initial for (i = 0; i < GROUPS; i = i + 1) marks[i] = {2 * LANES{1'b0}};

  assign {was_reset, fresh} = marked;

  always @(posedge clk_pulses) begin
    if (look)
      marks[at[W_GROUP-1:0]] <= {reset_q ? was_reset | look_mask : was_reset & ~look_mask, again_q ? fresh | look_mask : look_mask};
  end

  assign age = mine ? age_q : SETTLED;

  wire unused_ok = &{1'b0, at};

endmodule

`default_nettype wire
