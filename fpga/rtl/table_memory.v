// SPDX-License-Identifier: BSD-3-Clause
// One table: a synchronous memory with one write and one read port, zero at power-up.
//
// `read_data` follows `read_address` by one cycle with `read` high and holds otherwise.
// A read of the address being written in the same cycle gives the old entry.

`default_nettype none

module table_memory #(
    parameter DEPTH = 1024,  // entries
    parameter W     = 18,    // bits of an entry
    parameter W_A   = 10     // bits of an address
) (
    input  wire           clk,
    input  wire           clk_write,  // the same clock; it may rest while nothing is written
    input  wire           write,
    input  wire [W_A-1:0] write_address,
    input  wire [W-1:0]   write_data,
    input  wire           read,
    input  wire [W_A-1:0] read_address,
    output wire [W-1:0]   read_data
);

  reg [W-1:0] entries [0:DEPTH-1];
  reg [W-1:0] data_q;
  integer i;

  initial for (i = 0; i < DEPTH; i = i + 1) entries[i] = {W{1'b0}};

  always @(posedge clk_write) begin
    if (write) entries[write_address] <= write_data;
  end

  always @(posedge clk) begin
    if (read) data_q <= entries[read_address];
  end

  assign read_data = data_q;

endmodule

`default_nettype wire
