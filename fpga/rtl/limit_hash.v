// SPDX-License-Identifier: BSD-3-Clause
// CRC-32 of the six limits, as ARM expects it: little-endian words, as zlib's crc32.
//
// `start` begins; `index` asks for one limit after the other, in the order of their addresses, and `value` answers in the same cycle.
// `done` is high for one cycle, 193 cycles after `start`; `hash` is valid then and until the next `start`.

`default_nettype none

module limit_hash (
    input  wire        clk,
    input  wire        rst_n,

    input  wire        start,
    output wire [2:0]  index,
    input  wire [31:0] value,
    output wire        done,
    output wire [31:0] hash
);

  localparam [31:0] POLYNOMIAL = 32'hEDB8_8320;

  // ---- State ----
  reg        busy_q, done_q;
  reg [7:0]  bit_q;      // word in 7:5, bit in 4:0
  reg [31:0] crc_q;

  // ---- Next state ----
  wire        flip  = crc_q[0] ^ value[bit_q[4:0]];
  wire [31:0] crc_d = {1'b0, crc_q[31:1]} ^ (flip ? POLYNOMIAL : 32'd0);
  wire        last  = bit_q == {3'd5, 5'd31};

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) begin
      busy_q <= 1'b0;
      done_q <= 1'b0;
    end else begin
      done_q <= busy_q && last;
      if (start) busy_q <= 1'b1;
      else if (last) busy_q <= 1'b0;
    end
  end

  always @(posedge clk) begin
    if (start) begin
      bit_q <= 8'd0;
      crc_q <= 32'hFFFF_FFFF;
    end else if (busy_q) begin
      bit_q <= bit_q + 8'd1;
      crc_q <= crc_d;
    end
  end

  // ---- Outputs ----
  assign index = bit_q[7:5];
  assign done  = done_q;
  assign hash  = ~crc_q;

endmodule

`default_nettype wire
