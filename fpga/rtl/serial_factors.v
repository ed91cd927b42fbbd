// SPDX-License-Identifier: BSD-3-Clause
// The two factors of the serial macro's multiplier: chooses them by a word of serial_program, and multiplies.
//
// `product` is of the factors that `x_sel` and `y_sel` chose a cycle before. Bits 15 and up of an entry of V have 32768 added.

`include "serial_words.vh"
`default_nettype none

module serial_factors #(
    parameter W_SUM = 17  // of the rows' sum, signed
) (
    input  wire               clk,
    input  wire [3:0]         x_sel,
    input  wire [4:0]         y_sel,

    // What is multiplied
    input  wire [31:0]        key,
    input  wire [71:0]        last,          // product before
    input  wire [35:0]        sum,
    input  wire [2:0]         plane,
    input  wire [8:0]         column,
    input  wire [7:0]         pass,
    input  wire [15:0]        drive,
    input  wire [18:0]        gain,
    input  wire [W_SUM-1:0]   rows,
    input  wire [11:0]        root,
    input  wire               one,
    input  wire [17:0]        entry,         // of a table
    input  wire [17:0]        gauss,

    // Configuration, EMU registers
    input  wire [63:0]        index,
    input  wire [15:0]        level,
    input  wire [15:0]        read_code,
    input  wire [31:0]        emu_noise_seed,
    input  wire [15:0]        emu_read_noise,
    input  wire [15:0]        emu_adc_noise,
    input  wire [23:0]        emu_adc_min,
    input  wire [23:0]        emu_adc_max,
    input  wire [31:0]        emu_read_gain,
    input  wire [15:0]        emu_reference_unit,

    output wire signed [71:0] product
);

  localparam [31:0] FIRST  = 32'h7FEB352D;
  localparam [31:0] SECOND = 32'h846CA68B;
  localparam [31:0] GOLDEN = 32'h9E3779B9;
  localparam [31:0] KEY2   = 32'h85EBCA6B;

  reg signed [35:0] x_q, y_q;
  reg        [31:0] hashed;  // what goes into mix32, folded: only the first folding is left to do on constants
  wire       [3:0]  above = {entry[17], entry[17:15]} + 4'd1;

  always @(*) begin
    case (x_sel)
      `X_KEY:  hashed = key ^ sum[31:0] ^ {16'd0, sum[31:16]};
      `X_KEY2: hashed = key ^ KEY2 ^ {16'd0, KEY2[31:16]};
      `X_DRAW: hashed = key ^ {20'd0, plane, column};
      default: hashed = last[31:0] ^ {15'd0, last[31:15]};
    endcase
  end

  always @(posedge clk) begin
    case (x_sel)
      `X_ONE:   x_q <= 36'sd65536;
      `X_PASS:  x_q <= {21'd0, pass, 7'd0};
      `X_READ:  x_q <= {20'd0, read_code};
      `X_DRIVE: x_q <= {19'd0, drive, 1'b0};
      `X_ROWS:  x_q <= {{29 - W_SUM{rows[W_SUM-1]}}, rows, 7'd0};
      `X_LEVEL: x_q <= {{20{level[15]}}, level};
      `X_ROOT:  x_q <= {11'd0, root, 13'd0};
      `X_HIGH:  x_q <= last[51:16];
      `X_SUM:   x_q <= sum;
      `X_ADC:   x_q <= {20'd0, emu_adc_noise};
      default:  x_q <= {4'd0, hashed};
    endcase
  end

  always @(posedge clk) begin
    case (y_sel)
      `Y_FIRST:  y_q <= {4'd0, FIRST};
      `Y_SECOND: y_q <= {4'd0, SECOND};
      `Y_GOLDEN: y_q <= {4'd0, GOLDEN};
      `Y_TOP:    y_q <= 36'sh7FFFFF;
      `Y_BOTTOM: y_q <= -36'sh800000;
      `Y_SEED:   y_q <= {4'd0, emu_noise_seed};
      `Y_LOW:    y_q <= {4'd0, index[31:0]};
      `Y_HIGH:   y_q <= {4'd0, index[63:32]};
      `Y_READ:   y_q <= {4'd0, emu_read_gain};
      `Y_UNIT:   y_q <= {4'd0, emu_reference_unit, 16'd0};
      `Y_NOISE:  y_q <= {20'd0, emu_read_noise};
      `Y_MAX:    y_q <= {{12{emu_adc_max[23]}}, emu_adc_max};
      `Y_MIN:    y_q <= {{12{emu_adc_min[23]}}, emu_adc_min};
      `Y_TABLE:  y_q <= {18'd0, entry};
      `Y_SIGNED: y_q <= {{18{entry[17]}}, entry};
      `Y_V:      y_q <= {{17{above[3]}}, above, entry[14:0]};
      `Y_ROOT:   y_q <= one ? 36'sd512 : {18'd0, entry};
      `Y_GAUSS:  y_q <= {14'd0, gauss, 4'd0};
      `Y_GAIN:   y_q <= {1'b0, gain, 16'd0};
      default:   y_q <= 36'sd512;
    endcase
  end

  assign product = $signed({{36{x_q[35]}}, x_q}) * $signed({{36{y_q[35]}}, y_q});

  wire unused_ok = &{1'b0, last[71:52]};

endmodule

`default_nettype wire
