// SPDX-License-Identifier: BSD-3-Clause
// Computes how many results, reply words and cell pulses a judged request comes to.
//
// `done` is high for one cycle, 7 cycles after `start`; the outputs are stable from the cycle after. `vectors` counts results as they
// leave (MAC_RAW: planes; PROGRAM: cells; SWEEP: rows at points), `largest` the reply words with a full bitmap, three at least; `cell_pulses` is clamped
// to 32 bits. `too_large` compares with MAX_PAYLOAD_WORDS
// where the size depends on the fields.

`default_nettype none
`include "board_map.vh"

module reply_size #(
    parameter MAX_PAYLOAD_WORDS = 1024
) (
    input  wire        clk,
    input  wire        rst_n,

    input  wire        start,
    input  wire [7:0]  opcode,
    input  wire [15:0] words,         // payload of the request
    input  wire [15:0] count,         // vectors, pulses a row, or points; REG_READ: registers
    input  wire [3:0]  bits,
    input  wire [1:0]  width,
    input  wire        pairs,
    input  wire [9:0]  rows,
    input  wire [9:0]  columns,
    output wire        done,

    output wire [19:0] vectors,
    output wire [31:0] largest,
    output wire        too_large,
    output wire [31:0] cell_pulses
);

  // ---- State ----
  reg [2:0]  step_q;
  reg [25:0] a_q;
  reg [15:0] b_q;
  reg [41:0] product_q;
  reg [19:0] vectors_q;
  reg [31:0] largest_q, cell_pulses_q;

  // ---- Results of one vector ----
  wire [9:0]  results     = pairs ? {1'b0, columns[9:1]} : columns;
  wire [14:0] bits_16     = {1'b0, results, 4'd0};
  wire [14:0] bits_24     = bits_16 + {2'd0, results, 3'd0};
  wire [14:0] result_bits = width == 2'd0 ? bits_16 : width == 2'd1 ? bits_24 : {results, 5'd0};
  wire [9:0]  result_words = result_bits[14:5] + {9'd0, result_bits[4:0] != 5'd0};
  wire [9:0]  row_words   = {1'b0, columns[9:1]} + {9'd0, columns[0]};

  wire is_raw   = opcode == `OP_MAC_RAW;
  wire is_read  = opcode == `OP_READ_CELLS;
  wire is_dump  = opcode == `OP_CELL_DUMP;
  wire is_program = opcode == `OP_PROGRAM;
  wire is_selfcal = opcode == `OP_ADC_SELFCAL;
  wire is_pulse = opcode == `OP_PULSE;
  wire is_sweep = opcode == `OP_SWEEP;
  wire is_vector = opcode == `OP_MAC || is_raw || is_read || is_sweep;

  // ---- Registers: one product a step ----
  always @(posedge clk) begin
    if (!rst_n) step_q <= 3'd0;
    else if (start) step_q <= 3'd1;
    else if (step_q != 3'd0) step_q <= step_q == 3'd7 ? 3'd0 : step_q + 3'd1;
  end

  always @(posedge clk) begin : steps
    if (step_q != 3'd0) product_q <= {16'd0, a_q} * {26'd0, b_q};
    case (step_q)
      // Vectors: n x planes; or rows x columns, rows x words a row.
      3'd1: begin
        a_q <= is_read || is_dump || is_pulse || is_program || is_sweep ? {16'd0, rows} : {10'd0, count};
        b_q <= is_sweep ? count : is_raw ? {12'd0, bits} : is_dump ? {6'd0, row_words} : is_pulse || is_program ? {6'd0, columns} : 16'd1;
      end
      3'd3: begin
        vectors_q <= product_q[19:0];
        a_q       <= is_program ? {16'd0, rows} : product_q[25:0];
        b_q       <= is_pulse ? count : is_program ? {6'd0, columns} + {6'd0, row_words} : {6'd0, result_words};
        largest_q <= is_dump ? {12'd0, product_q[19:0]} + 32'd1 : plain;
      end
      3'd5: begin
        cell_pulses_q <= product_q[41:32] != 10'd0 ? 32'hFFFF_FFFF : product_q[31:0];
        if (is_vector) largest_q <= product_q[31:0] + 32'd2;
        if (is_program) largest_q <= product_q[31:0] + 32'd4;
        b_q <= {6'd0, results};
      end
      3'd7: if (is_vector) largest_q <= largest_q + flag_words;
      default: ;
    endcase
  end
  wire [31:0] plain      = opcode == `OP_PING ? {16'd0, words} : opcode == `OP_REG_READ ? {16'd0, count}
      : opcode == `OP_SELF_TEST ? 32'd19 : opcode == `OP_TELEMETRY ? {28'd0, `TELEMETRY_LAST_STOP} + 32'd1 : is_selfcal ? {20'd0, columns, 2'd2} : 32'd0;
  wire [31:0] flag_words = {5'd0, product_q[31:5]} + {31'd0, product_q[4:0] != 5'd0};

  // ---- Outputs ----
  assign done        = step_q == 3'd7;
  assign vectors     = vectors_q;
  assign largest     = largest_q < 32'd3 ? 32'd3 : largest_q;
  assign too_large   = (is_vector || is_dump || is_selfcal || is_program) && largest_q > MAX_PAYLOAD_WORDS;
  assign cell_pulses = cell_pulses_q;

endmodule

`default_nettype wire
