// SPDX-License-Identifier: BSD-3-Clause
// The program of serial_convert: two lists of words in one memory, its fields as serial_words.vh names them.
//
// `word` follows `address` by one cycle with `read` high and holds otherwise. From 0: the keys of a pass (docs/emulator.md,
// "Hashes") and the drive; from SERIAL_CONVERSION on, one conversion. A factor named in a word is in its register one
// cycle later; R_LOAD takes the product of the factors before, and the sum adds what the product was before that.

`include "serial_words.vh"
`default_nettype none

module serial_program (
    input  wire        clk,
    input  wire        read,
    input  wire [6:0]  address,
    output wire [23:0] word
);

  reg [23:0] word_q;

  // Factors, product, sum, table, half-normal table, event
  function [23:0] listed(input [6:0] n);
    case (n)
      // x = noise_seed + 0x9E3779B9; key = mix32(x)
      7'd0:  listed = {`X_ONE,   `Y_GOLDEN, `R_HOLD, `S_CLEAR, `T_GAIN, `G_NONE, `E_NO_KEY};
      7'd1:  listed = {`X_ONE,   `Y_SEED,   `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd2:  listed = {`X_ONE,   `Y_SEED,   `R_LOAD, `S_ADD,   `T_GAIN, `G_NONE, `E_NONE};
      7'd3:  listed = {`X_ONE,   `Y_SEED,   `R_HOLD, `S_ADD,   `T_GAIN, `G_NONE, `E_NONE};
      7'd4:  listed = {`X_KEY,   `Y_FIRST,  `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd5:  listed = {`X_ONE,   `Y_LOW,    `R_LOAD, `S_CLEAR, `T_GAIN, `G_NONE, `E_NONE};
      7'd6:  listed = {`X_FOLD,  `Y_SECOND, `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      // key = mix32(key ^ index[31:0]), index that of the repetition
      7'd7:  listed = {`X_PASS,  `Y_512,    `R_LOAD, `S_ADD,   `T_GAIN, `G_NONE, `E_NONE};
      7'd8:  listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_KEY};
      7'd9:  listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_ADD,   `T_GAIN, `G_NONE, `E_NONE};
      7'd10: listed = {`X_KEY,   `Y_FIRST,  `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_CARRY};
      7'd11: listed = {`X_ONE,   `Y_HIGH,   `R_LOAD, `S_CLEAR, `T_GAIN, `G_NONE, `E_NONE};
      7'd12: listed = {`X_FOLD,  `Y_SECOND, `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd13: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_ADD,   `T_GAIN, `G_NONE, `E_NONE};
      // key = mix32(key ^ index[63:32])
      7'd14: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_KEY};
      7'd15: listed = {`X_KEY,   `Y_FIRST,  `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd16: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd17: listed = {`X_FOLD,  `Y_SECOND, `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd18: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      // key2 = mix32(key ^ 0x85EBCA6B); drive
      7'd19: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_KEY};
      7'd20: listed = {`X_KEY2,  `Y_FIRST,  `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd21: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd22: listed = {`X_FOLD,  `Y_SECOND, `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd23: listed = {`X_READ,  `Y_READ,   `R_LOAD, `S_CLEAR, `T_GAIN, `G_NONE, `E_NONE};
      7'd24: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_KEY2};
      7'd25: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_ROUND, `T_GAIN, `G_NONE, `E_NONE};
      7'd26: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_CLEAR, `T_GAIN, `G_NONE, `E_DRIVE};
      // One conversion. A; the hash's two products
      7'd27: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_CLEAR, `T_GAIN, `G_NONE, `E_COLUMN};
      7'd28: listed = {`X_DRAW,  `Y_FIRST,  `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd29: listed = {`X_DRIVE, `Y_TABLE,  `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd30: listed = {`X_FOLD,  `Y_SECOND, `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd31: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_ROUND, `T_GAIN, `G_NONE, `E_NONE};
      7'd32: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_CLEAR, `T_V,    `G_NONE, `E_GAIN};
      // The sums of the rows: ir, reference
      7'd33: listed = {`X_ROWS,  `Y_V,      `R_HOLD, `S_HOLD,  `T_V,    `G_READ, `E_TAKE};
      7'd34: listed = {`X_LEVEL, `Y_UNIT,   `R_LOAD, `S_HOLD,  `T_V,    `G_NONE, `E_NONE};
      7'd35: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_ROUND, `T_V,    `G_NONE, `E_NONE};
      7'd36: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_ADD,   `T_V,    `G_NONE, `E_NONE};
      // The square root takes twelve cycles from 34 on. a, sigma, noise
      7'd45: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_HOLD,  `T_MROOT,`G_NONE, `E_NONE};
      7'd46: listed = {`X_ROOT,  `Y_ROOT,   `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd47: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd48: listed = {`X_HIGH,  `Y_NOISE,  `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd49: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd50: listed = {`X_HIGH,  `Y_GAUSS,  `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd51: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd52: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_NOISE, `T_GAIN, `G_NONE, `E_NONE};
      // code0 = (ir + noise + ref) * A >> s, to 24 bits
      7'd53: listed = {`X_SUM,   `Y_GAIN,   `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd54: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_CLEAR, `T_GAIN, `G_NONE, `E_NONE};
      7'd55: listed = {`X_ONE,   `Y_TOP,    `R_LOOP, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd56: listed = {`X_ONE,   `Y_TOP,    `R_LOAD, `S_ROUND, `T_GAIN, `G_NONE, `E_NONE};
      7'd57: listed = {`X_ONE,   `Y_TOP,    `R_HOLD, `S_PAST,  `T_GAIN, `G_NONE, `E_NONE};
      7'd58: listed = {`X_ONE,   `Y_BOTTOM, `R_HOLD, `S_POS,   `T_GAIN, `G_NONE, `E_NONE};
      7'd59: listed = {`X_ONE,   `Y_BOTTOM, `R_LOAD, `S_BACK,  `T_GAIN, `G_NONE, `E_NONE};
      7'd60: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_LESS,  `T_GAIN, `G_NONE, `E_NONE};
      7'd61: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_NEG,   `T_GAIN, `G_NONE, `E_NONE};
      7'd62: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_ADD,   `T_GAIN, `G_NONE, `E_NONE};
      // INL, offset; the hash again, for the ADC's noise
      7'd63: listed = {`X_DRAW,  `Y_FIRST,  `R_HOLD, `S_HOLD,  `T_INL,  `G_NONE, `E_NONE};
      7'd64: listed = {`X_ONE,   `Y_SIGNED, `R_LOAD, `S_HOLD,  `T_OFFSET,`G_NONE,`E_NONE};
      7'd65: listed = {`X_FOLD,  `Y_SECOND, `R_LOAD, `S_HOLD,  `T_OFFSET,`G_NONE,`E_NONE};
      7'd66: listed = {`X_ONE,   `Y_SIGNED, `R_LOAD, `S_ADD,   `T_GAIN, `G_NONE, `E_NONE};
      7'd67: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_HOLD,  `T_GAIN, `G_LATE, `E_NONE};
      7'd68: listed = {`X_ADC,   `Y_GAUSS,  `R_HOLD, `S_ADD,   `T_GAIN, `G_NONE, `E_NONE};
      7'd69: listed = {`X_ONE,   `Y_512,    `R_LOAD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      7'd70, 7'd71, 7'd72, 7'd73, 7'd74, 7'd75, 7'd76, 7'd77:
             listed = {`X_ONE,   `Y_MAX,    `R_SHIFT,`S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
      // The limits
      7'd78: listed = {`X_ONE,   `Y_MAX,    `R_LOAD, `S_NOISE, `T_GAIN, `G_NONE, `E_NONE};
      7'd79: listed = {`X_ONE,   `Y_MAX,    `R_HOLD, `S_PAST,  `T_GAIN, `G_NONE, `E_NONE};
      7'd80: listed = {`X_ONE,   `Y_MIN,    `R_HOLD, `S_POS,   `T_GAIN, `G_NONE, `E_LIMIT};
      7'd81: listed = {`X_ONE,   `Y_MIN,    `R_LOAD, `S_BACK,  `T_GAIN, `G_NONE, `E_NONE};
      7'd82: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_LESS,  `T_GAIN, `G_NONE, `E_NONE};
      7'd83: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_NEG,   `T_GAIN, `G_NONE, `E_LIMIT};
      7'd84: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_ADD,   `T_GAIN, `G_NONE, `E_AGAIN};
      7'd85: listed = {`X_ONE,   `Y_512,    `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_SAMPLE};
      default: listed = {`X_ONE, `Y_512,    `R_HOLD, `S_HOLD,  `T_GAIN, `G_NONE, `E_NONE};
    endcase
  endfunction

  always @(posedge clk) begin
    if (read) word_q <= listed(address);
  end

  assign word = word_q;

endmodule

`default_nettype wire
