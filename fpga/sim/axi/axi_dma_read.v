// SPDX-License-Identifier: BSD-3-Clause
// The memory-to-stream half of axi_dma: reads LENGTH bytes in bursts and sends them as one packet.
//
// `start` begins a transfer while none runs; `done` (one cycle) ends it, with `response` of the first burst that the memory
// refused, 0 when none. Bursts have at most BURST words and never cross 4096 bytes; two may be under way. Addresses are of
// whole words. `stop` (reset) ends everything; the memory must then forget what it owes.
// Ref: AXI DMA LogiCORE IP Product Guide, PG021.

`default_nettype none

module axi_dma_read #(
    parameter W_LENGTH = 23,  // width of a length, in bits
    parameter BURST    = 16   // most words of a burst
) (
    input  wire                clk,
    input  wire                stop,

    // Transfer
    input  wire                start,
    input  wire [29:0]         word_address,
    input  wire [W_LENGTH-1:0] bytes,
    output wire                done,
    output wire [1:0]          response,

    // Memory
    output wire                m_axi_arvalid,
    input  wire                m_axi_arready,
    output wire [31:0]         m_axi_araddr,
    output wire [7:0]          m_axi_arlen,
    input  wire                m_axi_rvalid,
    output wire                m_axi_rready,
    input  wire [31:0]         m_axi_rdata,
    input  wire [1:0]          m_axi_rresp,
    input  wire                m_axi_rlast,

    // Stream
    output wire                m_axis_tvalid,
    input  wire                m_axis_tready,
    output wire [31:0]         m_axis_tdata,
    output wire [3:0]          m_axis_tkeep,
    output wire                m_axis_tlast
);

  localparam [31:0] BURST_32 = BURST;

  // ---- State ----
  reg                running_q;
  reg [31:0]         address_q;   // of the next burst
  reg [W_LENGTH-2:0] ask_q;       // words to ask for
  reg [W_LENGTH-2:0] left_q;      // words to send
  reg [3:0]          keep_q;      // bytes of the last word
  reg [1:0]          owed_q;      // bursts under way
  reg [1:0]          response_q;

  // ---- Next state ----
  wire [10:0]         to_page  = 11'd1024 - {1'b0, address_q[11:2]};
  wire [10:0]         most     = to_page < BURST_32[10:0] ? to_page : BURST_32[10:0];
  wire [W_LENGTH-2:0] most_here = {{W_LENGTH - 12{1'b0}}, most};
  wire [W_LENGTH-2:0] words    = ask_q < most_here ? ask_q : most_here;
  wire [7:0]          beats    = words[7:0] - 8'd1;
  wire                asked    = m_axi_arvalid && m_axi_arready;
  wire                came     = m_axi_rvalid && m_axi_rready;
  wire                last     = left_q == {{W_LENGTH - 2{1'b0}}, 1'b1};
  wire [W_LENGTH-2:0] whole    = {1'b0, bytes[W_LENGTH-1:2]} + {{W_LENGTH - 2{1'b0}}, bytes[1:0] != 2'd0};

  // ---- Registers ----
  always @(posedge clk) begin : transfer
    if (stop) begin
      running_q <= 1'b0;
      owed_q    <= 2'd0;
    end else if (start) begin
      running_q  <= 1'b1;
      address_q  <= {word_address, 2'd0};
      ask_q      <= whole;
      left_q     <= whole;
      keep_q     <= 4'hF >> (2'd0 - bytes[1:0]);
      response_q <= 2'd0;
    end else begin
      if (asked) begin
        address_q <= address_q + {{31 - W_LENGTH{1'b0}}, words, 2'd0};
        ask_q     <= ask_q - words;
      end
      if (came) left_q <= left_q - {{W_LENGTH - 2{1'b0}}, 1'b1};
      if (came && response_q == 2'd0) response_q <= m_axi_rresp;
      if (came && last) running_q <= 1'b0;
      owed_q <= owed_q + {1'b0, asked} - {1'b0, came && m_axi_rlast};
    end
  end

  // ---- Outputs ----
  assign done          = came && last;
  assign response      = response_q == 2'd0 ? m_axi_rresp : response_q;
  assign m_axi_arvalid = running_q && ask_q != {W_LENGTH - 1{1'b0}} && owed_q < 2'd2;
  assign m_axi_araddr  = address_q;
  assign m_axi_arlen   = beats;
  assign m_axi_rready  = m_axis_tready;
  assign m_axis_tvalid = m_axi_rvalid && running_q;
  assign m_axis_tdata  = m_axi_rdata;
  assign m_axis_tkeep  = last ? keep_q : 4'hF;
  assign m_axis_tlast  = last;

endmodule

`default_nettype wire
