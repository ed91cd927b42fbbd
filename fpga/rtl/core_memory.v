// SPDX-License-Identifier: BSD-3-Clause
// The soft core's memory: one port, four bytes wide, holding the built image from configuration on.
//
// `read_data` follows `address` by one cycle with `read` high and holds otherwise. Each bit of `write` stores one
// byte. The image comes from firmware/build.py as Verilog, so that a bitstream, a simulation and an installed
// package hold the same words without a file to find at run time.

`default_nettype none

module core_memory (
    input  wire        clk,
    input  wire        read,
    input  wire [3:0]  write,
    input  wire [12:0] address,
    input  wire [31:0] write_data,
    output wire [31:0] read_data
);

  reg [7:0]  byte0_mem [0:8191];
  reg [7:0]  byte1_mem [0:8191];
  reg [7:0]  byte2_mem [0:8191];
  reg [7:0]  byte3_mem [0:8191];
  reg [31:0] data_q;

  // One word of the image, as bytes: a memory that a task writes is none to synthesis
`define FILL(PLACE, WORD) {byte3_mem[PLACE], byte2_mem[PLACE], byte1_mem[PLACE], byte0_mem[PLACE]} = WORD

  initial begin
    `include "firmware_words.vh"
  end
`undef FILL

  always @(posedge clk) begin
    if (write[0]) byte0_mem[address] <= write_data[7:0];
    if (write[1]) byte1_mem[address] <= write_data[15:8];
    if (write[2]) byte2_mem[address] <= write_data[23:16];
    if (write[3]) byte3_mem[address] <= write_data[31:24];
  end

  always @(posedge clk) begin
    if (read) data_q <= {byte3_mem[address], byte2_mem[address], byte1_mem[address], byte0_mem[address]};
  end

  assign read_data = data_q;

endmodule

`default_nettype wire
