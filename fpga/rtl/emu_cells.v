// SPDX-License-Identifier: BSD-3-Clause
// The emulated cells: one word of LANES conductance codes for every row of every lane group.
//
// `word` follows `read` by one cycle and holds otherwise. A read of the word being written in
// the same cycle gives the old one. All cells are zero at power-up.

`default_nettype none

module emu_cells #(
    parameter LANES  = 64,  // columns of a word
    parameter GROUPS = 8,   // lane groups
    parameter W_ROW  = 9    // bits of a row number
) (
    input  wire                clk,
    input  wire                read,
    input  wire [5:0]          read_group,
    input  wire [8:0]          read_row,
    output wire [LANES*10-1:0] word,
    input  wire                write,
    input  wire [5:0]          write_group,
    input  wire [8:0]          write_row,
    input  wire [LANES*10-1:0] write_word
);

  localparam W_GROUP = GROUPS > 1 ? $clog2(GROUPS) : 1;
  localparam W_A     = W_GROUP + W_ROW;

  reg [LANES*10-1:0] cells [0:(1<<W_A)-1];
  reg [LANES*10-1:0] word_q;
  integer i;

  wire [W_A-1:0] read_address  = {read_group[W_GROUP-1:0], read_row[W_ROW-1:0]};
  wire [W_A-1:0] write_address = {write_group[W_GROUP-1:0], write_row[W_ROW-1:0]};

  initial for (i = 0; i < (1 << W_A); i = i + 1) cells[i] = {LANES*10{1'b0}};

  always @(posedge clk) begin
    if (write) cells[write_address] <= write_word;
  end

  always @(posedge clk) begin
    if (read) word_q <= cells[read_address];
  end

  assign word = word_q;

  wire unused_ok = &{1'b0, read_group, read_row, write_group, write_row};

endmodule

`default_nettype wire
