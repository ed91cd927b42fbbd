// SPDX-License-Identifier: BSD-3-Clause
// Plane sums of one ADC lane, between accumulation and conversion: four slots of plus and minus sums.
//
// A write stores all planes of one column (words 2, 1, 0 of three 19-bit sums each). `plus` and
// `minus` are the sums of one plane, one cycle after `read`; `minus` is zero unless `cfg_signed`.

`default_nettype none

module emu_partial #(
    parameter W_QUAD = 4  // bits of a quad number
) (
    input  wire              clk,
    input  wire              cfg_signed,
    input  wire              write,
    input  wire              write_minus,
    input  wire [1:0]        write_slot,
    input  wire [W_QUAD-1:0] write_quad,
    input  wire [170:0]      write_sums,
    input  wire              read,
    input  wire [1:0]        read_slot,
    input  wire [W_QUAD-1:0] read_quad,
    input  wire [2:0]        read_plane,
    output wire [18:0]       plus,
    output wire [18:0]       minus
);

  localparam DEPTH = 4 << W_QUAD;

  reg [56:0] plus0 [0:DEPTH-1];
  reg [56:0] plus1 [0:DEPTH-1];
  reg [56:0] plus2 [0:DEPTH-1];
  reg [56:0] minus0 [0:DEPTH-1];
  reg [56:0] minus1 [0:DEPTH-1];
  reg [56:0] minus2 [0:DEPTH-1];
  reg [18:0] plus_q, minus_q;

  wire [W_QUAD+1:0] wa = {write_slot, write_quad};
  wire [W_QUAD+1:0] ra = {read_slot, read_quad};

  always @(posedge clk) begin
    if (write && !write_minus) begin
      plus0[wa] <= write_sums[56:0];
      plus1[wa] <= write_sums[113:57];
      plus2[wa] <= write_sums[170:114];
    end
    if (write && write_minus) begin
      minus0[wa] <= write_sums[56:0];
      minus1[wa] <= write_sums[113:57];
      minus2[wa] <= write_sums[170:114];
    end
  end

  always @(posedge clk) begin
    if (read) begin
      case (read_plane)
        3'd0: plus_q <= plus0[ra][18:0];
        3'd1: plus_q <= plus0[ra][37:19];
        3'd2: plus_q <= plus0[ra][56:38];
        3'd3: plus_q <= plus1[ra][18:0];
        3'd4: plus_q <= plus1[ra][37:19];
        3'd5: plus_q <= plus1[ra][56:38];
        3'd6: plus_q <= plus2[ra][18:0];
        default: plus_q <= plus2[ra][37:19];
      endcase
    end
  end

  always @(posedge clk) begin
    if (read) begin
      if (!cfg_signed) minus_q <= 19'd0;
      else case (read_plane)
        3'd0: minus_q <= minus0[ra][18:0];
        3'd1: minus_q <= minus0[ra][37:19];
        3'd2: minus_q <= minus0[ra][56:38];
        3'd3: minus_q <= minus1[ra][18:0];
        3'd4: minus_q <= minus1[ra][37:19];
        3'd5: minus_q <= minus1[ra][56:38];
        3'd6: minus_q <= minus2[ra][18:0];
        default: minus_q <= minus2[ra][37:19];
      endcase
    end
  end

  assign plus  = plus_q;
  assign minus = minus_q;

endmodule

`default_nettype wire
