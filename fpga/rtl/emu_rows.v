// SPDX-License-Identifier: BSD-3-Clause
// The way of a row: vector buffers, row counter, and the lanes that add up the row's cells.
//
// `read` asks for a row's cells one cycle after `emu_issue` chose it, and meets them one cycle later. With
// signed inputs a row of the other sign has code 0. The first `move` of a sub-pass comes seven cycles
// after its last row was chosen. Holds table U. `unit_*` go with the last row chosen of a unit.

`include "board_map.vh"
`default_nettype none

module emu_rows #(
    parameter ROWS      = 512,  // rows of the macro
    parameter LANES     = 64,   // columns of a lane group
    parameter ADC_LANES = 4,    // columns that leave a cycle
    parameter FLOOR     = 16    // least cycles between the last rows of two sub-passes
) (
    input  wire                     clk,
    input  wire                     clk_rows,
    input  wire                     clk_tables,
    input  wire                     rst_n,
    input  wire                     drop,
    output wire                     idle,

    // Configuration
    input  wire [3:0]               cfg_bits,
    input  wire                     cfg_signed,
    input  wire                     cfg_raw,
    input  wire [7:0]               cfg_repeats,
    input  wire [5:0]               cfg_first_group,
    input  wire [5:0]               cfg_last_group,
    input  wire                     emu_row_position,

    // Vectors
    input  wire                     x_valid,
    output wire                     x_ready,
    input  wire [8:0]               x_line,
    input  wire [8:0]               x_code,
    input  wire                     x_last,
    input  wire [63:0]              x_index,

    // Cells of the row, one cycle after `read`
    output wire                     read,
    output wire [5:0]               read_group,
    output wire [8:0]               read_row,
    input  wire [LANES*10-1:0]      word,

    // Sums of one sub-pass (emu_lanes)
    output wire                     move,
    output wire                     move_minus,
    output wire [1:0]               move_slot,
    output wire [5:0]               move_quad,
    output wire [ADC_LANES*171-1:0] sums,

    // Units, with the last row read
    output wire                     unit_end,
    output wire [5:0]               unit_group,
    output wire [7:0]               unit_one,
    output wire [2:0]               unit_raw_plane,
    output wire                     unit_pass_first,
    output wire                     unit_result_first,
    output wire                     unit_result_last,
    output wire [63:0]              unit_index,
    output wire [63:0]              unit_vector,   // index of the vector's first repetition
    input  wire [1:0]               unit_slot,
    input  wire                     unit_freed,

    // Table U
    input  wire                     t_valid,
    input  wire [3:0]               t_table,
    input  wire [11:0]              t_index,
    input  wire [17:0]              t_data
);

  localparam W_ROW = $clog2(ROWS);

  // ---- Vectors and rows
  wire        vectors_idle, issue_busy;
  wire        full, next_full, free, fire, now_first, now_last, now_minus;
  wire [8:0]  count, next_count, row, line1, code1;
  wire [63:0] index, next_index;
  wire [5:0]  now_group;

  emu_vectors u_vectors (
      .clk       (clk),
      .clk_rows  (clk_rows),
      .rst_n     (rst_n),
      .clear     (drop),
      .idle      (vectors_idle),
      .x_valid   (x_valid),
      .x_ready   (x_ready),
      .x_line    (x_line),
      .x_code    (x_code),
      .x_last    (x_last),
      .x_index   (x_index),
      .full      (full),
      .next_full (next_full),
      .count     (count),
      .next_count(next_count),
      .one       (unit_one),
      .index     (index),
      .next_index(next_index),
      .free      (free),
      .read      (fire),
      .read_row  (row),
      .row_line  (line1),
      .row_code  (code1)
  );

  emu_issue #(
      .FLOOR(FLOOR)
  ) u_issue (
      .clk            (clk_rows),
      .rst_n          (rst_n),
      .clear          (drop),
      .busy           (issue_busy),
      .cfg_bits       (cfg_bits),
      .cfg_signed     (cfg_signed),
      .cfg_raw        (cfg_raw),
      .cfg_repeats    (cfg_repeats),
      .cfg_first_group(cfg_first_group),
      .cfg_last_group (cfg_last_group),
      .full           (full),
      .next_full      (next_full),
      .count          (count),
      .next_count     (next_count),
      .index          (index),
      .next_index     (next_index),
      .free           (free),
      .read           (fire),
      .row            (row),
      .first          (now_first),
      .last           (now_last),
      .minus          (now_minus),
      .group          (now_group),
      .unit_end       (unit_end),
      .pass_first     (unit_pass_first),
      .result_first   (unit_result_first),
      .result_last    (unit_result_last),
      .raw_plane      (unit_raw_plane),
      .pass_index     (unit_index),
      .unit_freed     (unit_freed)
  );

  // ---- Rows on their way: read in stage 0, line and code in stage 1, cells in stage 2
  reg        valid1_q, first1_q, last1_q, minus1_q, valid2_q, first2_q, last2_q, minus2_q;
  reg [5:0]  group1_q;
  reg [7:0]  code2_q;
  reg [1:0]  slot1_q, slot2_q;
  wire       takes = !cfg_signed || code1[8] == minus1_q;

  always @(posedge clk_rows) begin
    if (!rst_n || drop) begin
      valid1_q <= 1'b0;
      valid2_q <= 1'b0;
    end else begin
      valid1_q <= fire;
      valid2_q <= valid1_q;
    end
    {first1_q, last1_q, minus1_q} <= {now_first, now_last, now_minus};
    {first2_q, last2_q, minus2_q} <= {first1_q, last1_q, minus1_q};
    {slot2_q, slot1_q} <= {slot1_q, unit_slot};
    group1_q <= now_group;
    code2_q  <= takes ? code1[7:0] : 8'd0;
  end

  // Busy from the first row's choice until the last unit is freed; known without the clock of the rows
  reg  busy_q;
  wire busy_d = issue_busy || fire || valid1_q;

  always @(posedge clk) busy_q <= rst_n && !drop && busy_d;

  wire [17:0] row_position;

  table_memory #(
      .DEPTH(1 << W_ROW),
      .W    (18),
      .W_A  (W_ROW)
  ) u_position (
      .clk          (clk_rows),
      .clk_write    (clk_tables),
      .write        (t_valid && {4'd0, t_table} == `TABLE_U && t_index < ROWS[11:0]),
      .write_address(t_index[W_ROW-1:0]),
      .write_data   (t_data),
      .read         (valid1_q && emu_row_position),
      .read_address (line1[W_ROW-1:0]),
      .read_data    (row_position)
  );

  emu_lanes #(
      .LANES    (LANES),
      .ADC_LANES(ADC_LANES)
  ) u_lanes (
      .clk             (clk_rows),
      .rst_n           (rst_n),
      .clear           (drop),
      .emu_row_position(emu_row_position),
      .word            (word),
      .in_valid        (valid2_q),
      .in_first        (first2_q),
      .in_last         (last2_q),
      .in_minus        (minus2_q),
      .in_slot         (slot2_q),
      .in_code         (code2_q),
      .in_position     (row_position),
      .move            (move),
      .move_minus      (move_minus),
      .move_slot       (move_slot),
      .move_quad       (move_quad),
      .sums            (sums)
  );

  // ---- Outputs
  assign read        = valid1_q;
  assign read_group  = group1_q;
  assign read_row    = line1;
  assign unit_group  = now_group;
  assign unit_vector = index;
  assign idle        = vectors_idle && !busy_q;

endmodule

`default_nettype wire
