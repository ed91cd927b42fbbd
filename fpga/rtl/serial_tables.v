// SPDX-License-Identifier: BSD-3-Clause
// The tables of the serial macro in two memories: GAUSS, and those of columns with INL and mroot.
//
// `entry` follows `table_sel`, `gauss` follows `gauss_address` with `gauss_read` by one cycle. Entries of lines that the
// macro lacks, and other tables, are ignored. A table and mroot are never written in the same cycle.

`include "board_map.vh"
`include "serial_words.vh"
`default_nettype none

module serial_tables #(
    parameter COLS = 64  // columns of the macro
) (
    input  wire        clk,

    // Reading
    input  wire [2:0]  table_sel,      // serial_words.vh
    input  wire [1:0]  range,
    input  wire [8:0]  column,
    input  wire [5:0]  bin,            // of INL
    output wire [17:0] entry,
    input  wire        gauss_read,
    input  wire [9:0]  gauss_address,
    output wire [17:0] gauss,

    // Writing
    input  wire        t_valid,
    input  wire [3:0]  t_table,
    input  wire [11:0] t_index,
    input  wire [17:0] t_data,
    input  wire        m_write,
    input  wire [8:0]  m_column,
    input  wire [11:0] m_root
);

  localparam W_C = $clog2(COLS);
  localparam W   = W_C > 6 ? W_C : 6;

  wire [7:0] which  = {4'd0, t_table};
  wire       in_macro = {1'b0, t_index[8:0]} < COLS[9:0];
  reg        mine;
  reg  [2:0] slot;

  always @(*) begin
    mine = in_macro;
    case (which)
      `TABLE_GAIN:   slot = {1'b0, t_index[10:9]};
      `TABLE_V:      slot = `T_V;
      `TABLE_OFFSET: slot = `T_OFFSET;
      default: begin
        slot = `T_INL;
        mine = which == `TABLE_INL;
      end
    endcase
    if (m_write) slot = `T_MROOT;
  end

  wire [8:0] place = m_write ? m_column : which == `TABLE_INL ? {3'd0, t_index[5:0]} : t_index[8:0];
  wire [8:0] from  = table_sel == `T_INL ? {3'd0, bin} : column;

  table_memory #(
      .DEPTH(8 << W),
      .W    (18),
      .W_A  (W + 3)
  ) u_columns (
      .clk          (clk),
      .clk_write    (clk),
      .write        (m_write || (t_valid && mine)),
      .write_address({slot, place[W-1:0]}),
      .write_data   (m_write ? {6'd0, m_root} : t_data),
      .read         (1'b1),
      .read_address ({table_sel[2] ? table_sel : {1'b0, range}, from[W-1:0]}),
      .read_data    (entry)
  );

  table_memory #(
      .DEPTH(1024),
      .W    (18),
      .W_A  (10)
  ) u_gauss (
      .clk          (clk),
      .clk_write    (clk),
      .write        (t_valid && which == `TABLE_GAUSS),
      .write_address(t_index[9:0]),
      .write_data   (t_data),
      .read         (gauss_read),
      .read_address (gauss_address),
      .read_data    (gauss)
  );

  wire unused_ok = &{1'b0, t_index[11], place, from};

endmodule

`default_nettype wire
