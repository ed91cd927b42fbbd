// SPDX-License-Identifier: BSD-3-Clause
// One table read at two places at once: a synchronous memory, zero at power-up.
//
// `data_a` and `data_b` follow their addresses by one cycle with `read` high and hold otherwise. Writing takes the first
// port: `address_a` is then the place written, and `data_a` holds.

`default_nettype none

module table_pair #(
    parameter DEPTH = 1024,  // entries
    parameter W     = 18,    // bits of an entry
    parameter W_A   = 10     // bits of an address
) (
    input  wire           clk,
    input  wire           write,
    input  wire [W-1:0]   write_data,
    input  wire           read,
    input  wire [W_A-1:0] address_a,
    input  wire [W_A-1:0] address_b,
    output wire [W-1:0]   data_a,
    output wire [W-1:0]   data_b
);

  reg [W-1:0] entries [0:DEPTH-1];
  reg [W-1:0] data_a_q, data_b_q;
  integer i;

  initial for (i = 0; i < DEPTH; i = i + 1) entries[i] = {W{1'b0}};

  always @(posedge clk) begin
    if (write)     entries[address_a] <= write_data;
    else if (read) data_a_q <= entries[address_a];
  end

  always @(posedge clk) begin
    if (read) data_b_q <= entries[address_b];
  end

  assign data_a = data_a_q;
  assign data_b = data_b_q;

endmodule

`default_nettype wire
