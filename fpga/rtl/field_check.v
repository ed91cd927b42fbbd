// SPDX-License-Identifier: BSD-3-Clause
// Finds the first field outside its range in the fixed words of a request, then in SWEEP's points (docs/protocol.md, "Refusals").
//
// One cycle after `judge`, with points 4 cycles a point later: `done`, and `bad` with the value asked, the nearest value that
// would have been taken, and its payload word.

`default_nettype none
`include "board_map.vh"

module field_check #(
    parameter [15:0] COMMON = 16'd0  // point_check
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        judge,
    input  wire [7:0]  opcode,
    input  wire [31:0] word0,
    input  wire [31:0] word1,
    input  wire [31:0] word2,
    input  wire [15:0] word4,         // low half
    input  wire [15:0] word5,         // low half
    input  wire [1:0]  no_width,      // PROGRAM: a width is zero, that of SET lowest
    input  wire [15:0] column_count,
    input  wire [5:0]  column_place,  // payload word of the columns axis

    // Points of SWEEP
    input  wire [5:0]  data_place,
    input  wire [15:0] limit_read,
    input  wire [15:0] limit_gate,
    output wire [15:0] q_address,
    input  wire [31:0] q_data,

    output wire        done,
    output wire        bad,
    output wire [31:0] value,
    output wire [31:0] bound,
    output wire [31:0] place
);

  // ---- Fields ----
  wire       is_mac    = opcode == `OP_MAC;
  wire       is_read   = opcode == `OP_READ_CELLS;
  wire       is_raw    = opcode == `OP_MAC_RAW;
  wire       is_vector = is_mac || is_raw || is_read;
  wire       is_arm    = opcode == `OP_ARM;
  wire       is_pulse  = opcode == `OP_PULSE;
  wire       is_program = opcode == `OP_PROGRAM;
  wire       is_selfcal = opcode == `OP_ADC_SELFCAL;
  wire       is_reference = opcode == `OP_SELF_TEST || is_selfcal;
  wire       is_cells  = opcode == `OP_CELL_LOAD || opcode == `OP_CELL_DUMP || opcode == `OP_ENV;
  wire       is_sweep  = opcode == `OP_SWEEP;
  wire       is_table  = opcode == `OP_TABLE_WRITE;
  wire [7:0] macro     = is_arm ? word1[15:8] : is_table ? word0[15:8] : word0[7:0];
  wire       has_macro = is_vector || is_arm || is_pulse || is_cells || is_table || is_program || is_reference
      || is_sweep;
  wire [3:0] averages  = word0[15:12];
  wire [3:0] bits      = word0[19:16];
  wire [3:0] most_averages = is_raw || is_selfcal ? 4'd0 : 4'd7;
  wire       has_reading = is_vector || is_program || is_reference;
  wire [3:0] most_bits     = is_read ? 4'd1 : 4'd`MAX_INPUT_BITS;

  // One rule a line: when it fits, the field, its bound and its place. The first that fits wins.
  reg [96:0] found_q;  // bad, value, bound, place
  always @(posedge clk) if (judge) begin : first_bad
    if (has_macro && macro != 8'd0)
      found_q <= {1'b1, 24'd0, macro, 32'd0, 31'd0, is_arm};
    else if (is_arm && word1[7:3] != 5'd0)
      found_q <= {1'b1, 24'd0, word1[7:0], 32'd7, 32'd1};
    else if ((has_reading || is_sweep) && word0[11:8] > 4'd3)
      found_q <= {1'b1, 28'd0, word0[11:8], 32'd3, 32'd0};
    else if (has_reading && averages > most_averages)
      found_q <= {1'b1, 28'd0, averages, 28'd0, most_averages, 32'd0};
    else if (is_vector && bits == 4'd0)
      found_q <= {1'b1, 32'd0, 32'd1, 32'd0};
    else if (is_vector && bits > most_bits)
      found_q <= {1'b1, 28'd0, bits, 28'd0, most_bits, 32'd0};
    else if ((is_vector || is_sweep) && word0[21:20] == 2'd3)
      found_q <= {1'b1, 32'd3, 32'd2, 32'd0};
    else if (is_read && word0[22])
      found_q <= {1'b1, 32'd1, 64'd0};
    else if (is_vector && !is_mac && word0[23])
      found_q <= {1'b1, 32'd1, 64'd0};
    else if ((is_vector || is_sweep) && word0[26:25] == 2'd3)
      found_q <= {1'b1, 32'd3, 32'd2, 32'd0};
    else if (is_read && word0[27])
      found_q <= {1'b1, 32'd1, 64'd0};
    else if (is_read && word4 != 16'd0)
      found_q <= {1'b1, 16'd0, word4, 32'd0, 32'd4};
    else if (is_vector && !is_read && word4 == 16'd0)
      found_q <= {1'b1, 32'd0, 32'd1, 32'd4};
    else if (is_sweep && word1[15:0] == 16'd0)
      found_q <= {1'b1, 32'd0, 32'd1, 32'd1};
    else if (is_mac && word0[23] && column_count[0])
      found_q <= {1'b1, 16'd0, column_count, 16'd0, column_count & 16'hFFFE, 26'd0, column_place};
    else if (is_pulse && word0[9:8] == 2'd3)
      found_q <= {1'b1, 30'd0, word0[9:8], 32'd2, 32'd0};
    else if (is_pulse && COMMON != 16'd0 && word0[10] != (word0[9:8] != `PULSE_RESET))
      found_q <= {1'b1, 31'd0, word0[10], 31'd0, !word0[10], 32'd0};
    else if (is_pulse && word0[12:11] == 2'd3)
      found_q <= {1'b1, 32'd3, 32'd2, 32'd0};
    else if (is_pulse && word2 == 32'd0)
      found_q <= {1'b1, 32'd0, 32'd1, 32'd2};
    else if (is_pulse && word5 == 16'd0)
      found_q <= {1'b1, 32'd0, 32'd1, 32'd5};
    else if (is_reference && word0[26:25] == 2'd3)
      found_q <= {1'b1, 32'd3, 32'd2, 32'd0};
    else if (is_reference && !word0[27])
      found_q <= {1'b1, 32'd0, 32'd1, 32'd0};
    else if (is_selfcal && word4 == 16'd0)
      found_q <= {1'b1, 32'd0, 32'd1, 32'd4};
    else if (is_program && word0[19:16] > 4'd3)
      found_q <= {1'b1, 28'd0, word0[19:16], 32'd3, 32'd0};
    else if (is_program && word0[23])
      found_q <= {1'b1, 28'd0, word0[23:20], 32'd7, 32'd0};
    else if (is_program && word0[31:24] == 8'd0)
      found_q <= {1'b1, 32'd0, 32'd1, 32'd0};
    else if (is_program && word0[31:24] > 8'd64)
      found_q <= {1'b1, 24'd0, word0[31:24], 32'd64, 32'd0};
    else if (is_program && word1[23:16] == 8'd0)
      found_q <= {1'b1, 32'd0, 32'd1, 32'd1};
    else if (is_program && no_width != 2'd0)
      found_q <= {1'b1, 32'd0, 32'd1, no_width[0] ? 32'd10 : 32'd11};
    else if (opcode == `OP_REG_READ && word1 == 32'd0)
      found_q <= {1'b1, 32'd0, 32'd1, 32'd1};
    else found_q <= 97'd0;
  end

  // ---- Points, when all else is right ----
  reg         judged_q;
  wire        points_done;
  wire [96:0] point_found;
  wire        walk = is_sweep && !found_q[96];
  always @(posedge clk) judged_q <= rst_n && judge;

  point_check #(
      .COMMON(COMMON)
  ) u_points (
      .clk       (clk),
      .rst_n     (rst_n),
      .start     (judged_q && walk),
      .count     (word1[15:0]),
      .place     ({10'd0, data_place}),
      .limit_read(limit_read),
      .limit_gate(limit_gate),
      .done      (points_done),
      .found     (point_found),
      .q_address (q_address),
      .q_data    (q_data)
  );

  // ---- Outputs ----
  assign done = walk ? points_done : judged_q;
  assign {bad, value, bound, place} = walk ? point_found : found_q;

endmodule

`default_nettype wire
