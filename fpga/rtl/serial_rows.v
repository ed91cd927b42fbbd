// SPDX-License-Identifier: BSD-3-Clause
// Adds one plane of one column, a row a cycle: the way of a row from its code to the sums.
//
// A row read in cycle t (`read`) has its code in t + 1, its cell, asked for in that cycle, in t + 2; its bit counts in the sums from
// t + 4 on. `known` rises then for the last row (`settled`). `take` empties the sums. Holds table U, as factors from 0 on.

`include "board_map.vh"
`default_nettype none

module serial_rows #(
    parameter ROWS  = 64,  // of the macro
    parameter W_SUM = 17   // of the difference, signed
) (
    input  wire             clk,
    input  wire             rst_n,
    input  wire             clear,

    // Configuration
    input  wire             cfg_signed,
    input  wire             cfg_polarity,
    input  wire             emu_row_position,

    // Rows
    input  wire             read,
    input  wire             settled,
    input  wire [8:0]       line,
    input  wire [8:0]       code,
    input  wire [2:0]       plane,
    output wire             cell_read,
    input  wire [9:0]       cell_g,

    // Sums
    output wire             known,
    output wire [W_SUM-1:0] difference,
    output wire [W_SUM-2:0] total,
    output wire             one,         // of exactly one row
    input  wire             take,

    // Table U
    input  wire             t_valid,
    input  wire [3:0]       t_table,
    input  wire [11:0]      t_index,
    input  wire [17:0]      t_data
);

  localparam W_R = $clog2(ROWS);

  reg               read1_q, read2_q, read3_q, on2_q, minus2_q, minus3_q, any_q, many_q;
  reg [9:0]         g3_q;
  reg [W_SUM-1:0]   difference_q;
  reg [W_SUM-2:0]   total_q;

  // ---- Row positions: g' = min(1023, (g * max(0, 32768 + U) + 16384) >> 15)
  wire [3:0]  above  = {t_data[17], t_data[17:15]} + 4'd1;
  wire [17:0] factor = above[3] ? 18'd0 : {above[2:0], t_data[14:0]};
  (* ram_style = "block" *)
  reg  [17:0] positions [0:(1<<W_R)-1];
  reg  [17:0] position_q;
  integer     i;
  wire [35:0] product = {26'd0, cell_g} * {18'd0, position_q};
  wire [13:0] rounded = {1'b0, product[27:15]} + {13'd0, product[14]};
  wire [9:0]  moved   = rounded[13:10] != 4'd0 ? 10'd1023 : rounded[9:0];

  initial for (i = 0; i < (1 << W_R); i = i + 1) positions[i] = 18'd32768;  // U is zero

  always @(posedge clk) begin
    if (t_valid && {4'd0, t_table} == `TABLE_U && t_index < ROWS[11:0]) positions[t_index[W_R-1:0]] <= factor;
    if (read1_q) position_q <= positions[line[W_R-1:0]];
  end

  // ---- Rows on their way
  always @(posedge clk) begin
    if (!rst_n || clear) {read1_q, read2_q, read3_q} <= 3'd0;
    else                 {read1_q, read2_q, read3_q} <= {read, read1_q, read2_q};
  end

  always @(posedge clk) begin
    on2_q    <= !clear && read1_q && code[{1'b0, plane}];
    minus2_q <= (cfg_signed && code[8]) ^ cfg_polarity;
    minus3_q <= minus2_q;
    g3_q     <= clear || !on2_q ? 10'd0 : emu_row_position ? moved : cell_g;
  end

  always @(posedge clk) begin
    if (!rst_n || clear || take) begin
      difference_q <= {W_SUM{1'b0}};
      total_q      <= {W_SUM-1{1'b0}};
      any_q        <= 1'b0;
      many_q       <= 1'b0;
    end else begin
      difference_q <= difference_q + ({{W_SUM-10{1'b0}}, g3_q} ^ {W_SUM{minus3_q}}) + {{W_SUM-1{1'b0}}, minus3_q};
      total_q      <= total_q + {{W_SUM-11{1'b0}}, g3_q};
      any_q        <= any_q || on2_q;
      many_q       <= many_q || (any_q && on2_q);
    end
  end

  // ---- Outputs
  assign cell_read  = read1_q;
  assign known      = settled && !read1_q && !read2_q && !read3_q;
  assign difference = difference_q;
  assign total      = total_q;
  assign one        = any_q && !many_q;

  wire unused_ok = &{1'b0, line, t_index, product[35:28], product[13:0]};

endmodule

`default_nettype wire
