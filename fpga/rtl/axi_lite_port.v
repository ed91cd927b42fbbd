// SPDX-License-Identifier: BSD-3-Clause
// An AXI4-Lite subordinate without registers: one write or one read at a time becomes one pulse.
//
// Address and data of a write are taken together; `write` is up in that cycle with both, and the answer is offered from the next
// cycle on. An address to read is taken with `read`; `read_data` of the next cycle is the answer, offered one cycle later. Whole
// words only: a write that does not enable all four bytes is answered and not passed on. Every answer is OKAY.

`default_nettype none

module axi_lite_port #(
    parameter W_ADDRESS = 16  // width of a byte address, in bits
) (
    input  wire                 clk,
    input  wire                 rst_n,

    // Write
    input  wire                 s_axi_awvalid,
    output wire                 s_axi_awready,
    input  wire [W_ADDRESS-1:0] s_axi_awaddr,
    input  wire                 s_axi_wvalid,
    output wire                 s_axi_wready,
    input  wire [31:0]          s_axi_wdata,
    input  wire [3:0]           s_axi_wstrb,
    output wire                 s_axi_bvalid,
    input  wire                 s_axi_bready,
    output wire [1:0]           s_axi_bresp,

    // Read
    input  wire                 s_axi_arvalid,
    output wire                 s_axi_arready,
    input  wire [W_ADDRESS-1:0] s_axi_araddr,
    output wire                 s_axi_rvalid,
    input  wire                 s_axi_rready,
    output wire [31:0]          s_axi_rdata,
    output wire [1:0]           s_axi_rresp,

    // To the registers
    output wire                 write,
    output wire [W_ADDRESS-1:0] write_address,
    output wire [31:0]          write_data,
    output wire                 read,
    output wire [W_ADDRESS-1:0] read_address,
    input  wire [31:0]          read_data
);

  // ---- State ----
  reg        answered_q;       // a write's answer is offered
  reg        asked_q;          // `read` was up in the cycle before
  reg        offered_q;        // a read's answer is offered
  reg [31:0] data_q;

  // ---- Next state ----
  wire take_write = s_axi_awvalid && s_axi_wvalid && !answered_q;
  wire take_read  = s_axi_arvalid && !asked_q && !offered_q;

  // ---- Registers ----
  always @(posedge clk) begin : registers
    if (!rst_n) begin
      answered_q <= 1'b0;
      asked_q    <= 1'b0;
      offered_q  <= 1'b0;
    end else begin
      answered_q <= take_write || (answered_q && !s_axi_bready);
      asked_q    <= take_read;
      offered_q  <= asked_q || (offered_q && !s_axi_rready);
    end
    if (asked_q) data_q <= read_data;
  end

  // ---- Outputs ----
  assign s_axi_awready = take_write && rst_n;
  assign s_axi_wready  = take_write && rst_n;
  assign s_axi_bvalid  = answered_q;
  assign s_axi_bresp   = 2'b00;
  assign s_axi_arready = take_read && rst_n;
  assign s_axi_rvalid  = offered_q;
  assign s_axi_rdata   = data_q;
  assign s_axi_rresp   = 2'b00;
  assign write         = take_write && rst_n && s_axi_wstrb == 4'hF;
  assign write_address = s_axi_awaddr;
  assign write_data    = s_axi_wdata;
  assign read          = take_read && rst_n;
  assign read_address  = s_axi_araddr;

endmodule

`default_nettype wire
