// SPDX-License-Identifier: BSD-3-Clause
// Fields of a word of serial_program, from its top: first factor, second factor, product, sum, table, half-normal table, event.

`ifndef SERIAL_WORDS_VH
`define SERIAL_WORDS_VH

`define SERIAL_CONVERSION 7'd27

// First factor
`define X_ONE    4'd0   // 2^16: the product's upper part is the second factor
`define X_PASS   4'd1   // number of the repetition, times 2^7
`define X_KEY    4'd2   // key ^ folded sum
`define X_KEY2   4'd3   // key ^ folded 0x85EBCA6B
`define X_DRAW   4'd4   // key ^ plane and column
`define X_FOLD   4'd5   // product ^ product >> 15
`define X_READ   4'd6   // read code
`define X_DRIVE  4'd7   // drive, times 2
`define X_ROWS   4'd8   // sum of the rows, times 2^7
`define X_LEVEL  4'd9   // level of the reference
`define X_ROOT   4'd10  // square root, times 2^13
`define X_HIGH   4'd11  // product >> 16
`define X_SUM    4'd12
`define X_ADC    4'd13  // EMU_ADC_NOISE

// Second factor
`define Y_512    5'd0
`define Y_FIRST  5'd1   // 0x7FEB352D
`define Y_SECOND 5'd2   // 0x846CA68B
`define Y_GOLDEN 5'd3   // 0x9E3779B9
`define Y_TOP    5'd4   // 2^23 - 1
`define Y_BOTTOM 5'd5   // -2^23
`define Y_SEED   5'd6
`define Y_LOW    5'd7   // operation index, low word
`define Y_HIGH   5'd8   // and high word
`define Y_READ   5'd9   // EMU_READ_GAIN
`define Y_UNIT   5'd10  // EMU_REFERENCE_UNIT, times 2^16
`define Y_NOISE  5'd11  // EMU_READ_NOISE
`define Y_MAX    5'd12
`define Y_MIN    5'd13
`define Y_TABLE  5'd14  // entry, unsigned
`define Y_SIGNED 5'd15  // entry, signed
`define Y_V      5'd16  // 32768 + entry, signed
`define Y_ROOT   5'd17  // entry, or 512 where exactly one row is on
`define Y_GAUSS  5'd18  // half-normal entry, times 2^4
`define Y_GAIN   5'd19  // A, times 2^16

// Product
`define R_HOLD   2'd0
`define R_LOAD   2'd1
`define R_SHIFT  2'd2   // one bit to the right
`define R_LOOP   2'd3   // as many bits as the range says, a cycle each and one more

// Sum; "upper" is product >> 16
`define S_HOLD   4'd0
`define S_CLEAR  4'd1
`define S_ADD    4'd2   // + upper, + the carry of the operation index
`define S_ROUND  4'd3   // + upper, rounded
`define S_NOISE  4'd4   // + upper rounded, of the product with its draw's sign
`define S_LESS   4'd5   // - upper
`define S_PAST   4'd6   // - upper - 1
`define S_POS    4'd7   // 0 where it is not negative
`define S_NEG    4'd8   // 0 where it is negative
`define S_BACK   4'd9   // + upper, + 1 where it is negative

// Table
`define T_GAIN   3'd0
`define T_V      3'd4
`define T_OFFSET 3'd5
`define T_INL    3'd6
`define T_MROOT  3'd7

// Half-normal table
`define G_NONE   2'd0
`define G_READ   2'd1   // read noise: hash 10:0
`define G_LATE   2'd2   // ADC noise: hash 26:16

// Event
`define E_NONE   4'd0
`define E_NO_KEY 4'd1   // key becomes zero
`define E_KEY    4'd2   // key becomes the product
`define E_CARRY  4'd3   // carry of the operation index
`define E_KEY2   4'd4
`define E_DRIVE  4'd5
`define E_COLUMN 4'd6   // waits for a column and takes it
`define E_GAIN   4'd7   // A becomes the sum
`define E_TAKE   4'd8   // waits for the sums of the rows and takes them
`define E_LIMIT  4'd9   // saturated, if S_POS or S_NEG acts
`define E_AGAIN  4'd10  // the word after the next is the first of a conversion
`define E_SAMPLE 4'd11

`endif
