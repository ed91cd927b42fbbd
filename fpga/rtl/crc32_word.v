// SPDX-License-Identifier: BSD-3-Clause
// CRC-32 (as zlib's crc32) of a stream of little-endian words, 32 bits a cycle.
//
// A word with `enable` is in `crc` on the next cycle; with `first` it starts a new sum. `crc` is the bare
// register: its inverse is the checksum, and it is CRC_RESIDUE (32'hDEBB20E3) after a checksum itself.

`default_nettype none

module crc32_word (
    input  wire        clk,

    input  wire        enable,
    input  wire        first,
    input  wire [31:0] data,
    output wire [31:0] crc
);

  localparam [31:0] POLYNOMIAL = 32'hEDB88320;  // reflected

  // The register after one word: 32 steps of the bitwise form, an exclusive-or tree once synthesised.
  function [31:0] after_word(input [31:0] seed, input [31:0] word);
    integer step;
    begin
      after_word = seed ^ word;
      for (step = 0; step < 32; step = step + 1)
        after_word = {1'b0, after_word[31:1]} ^ (after_word[0] ? POLYNOMIAL : 32'd0);
    end
  endfunction

  // ---- State ----
  reg [31:0] crc_q;

  // ---- Registers ----
  always @(posedge clk) begin
    if (enable) crc_q <= after_word(first ? 32'hFFFFFFFF : crc_q, data);
  end

  // ---- Outputs ----
  assign crc = crc_q;

endmodule

`default_nettype wire
