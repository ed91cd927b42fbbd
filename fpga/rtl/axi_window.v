// SPDX-License-Identifier: BSD-3-Clause
// The window that a processor beside the FPGA has through AXI4-Lite: identity, stream state, a reset of the link.
//
// Addresses are those of axi_window.vh; others read zero, and a write to them changes nothing. `link_reset` is up for one cycle,
// the one after the write was taken. Nothing here reaches the array: one door, one guard.

`default_nettype none
`include "board_map.vh"
`include "axi_window.vh"

module axi_window #(
    parameter [31:0] BUILD_HASH   = 32'd0,  // names the build, as in HELLO
    parameter [63:0] UID          = 64'd0,  // names the board, as in HELLO
    parameter        PACKET_WORDS = 4096    // most words of a packet of replies
) (
    input  wire        clk,
    input  wire        rst_n,

    // AXI4-Lite
    input  wire        s_axi_awvalid,
    output wire        s_axi_awready,
    input  wire [15:0] s_axi_awaddr,
    input  wire        s_axi_wvalid,
    output wire        s_axi_wready,
    input  wire [31:0] s_axi_wdata,
    input  wire [3:0]  s_axi_wstrb,
    output wire        s_axi_bvalid,
    input  wire        s_axi_bready,
    output wire [1:0]  s_axi_bresp,
    input  wire        s_axi_arvalid,
    output wire        s_axi_arready,
    input  wire [15:0] s_axi_araddr,
    output wire        s_axi_rvalid,
    input  wire        s_axi_rready,
    output wire [31:0] s_axi_rdata,
    output wire [1:0]  s_axi_rresp,

    // What it shows
    input  wire [31:0] boot_id,
    input  wire [10:0] state,       // as STATE
    input  wire        word_in,     // one cycle each: a word, the last of a frame, a frame cut short
    input  wire        frame_in,
    input  wire        cut_in,
    input  wire        word_out,    // one cycle each: a word, the last of a packet, a word that waits
    input  wire        packet_out,
    input  wire        wait_out,

    // What it does
    output wire        link_reset
);

  localparam [31:0] PACKET_WORDS_32 = PACKET_WORDS, PROTOCOL_32 = `PROTOCOL_VERSION;
  localparam [31:0] MAGIC = 32'h4C4D484F;  // ASCII OHML

  wire        write, read;
  wire [15:0] write_address, read_address;
  wire [31:0] write_data;

  // ---- State ----
  reg [31:0] words_in_q, frames_in_q, cuts_q, words_out_q, packets_out_q, waits_q, cycles_q;
  reg [31:0] shown_q;
  reg        reset_q;

  // ---- Registers ----
  always @(posedge clk) begin : counting
    if (!rst_n) begin
      words_in_q    <= 32'd0;
      frames_in_q   <= 32'd0;
      cuts_q        <= 32'd0;
      words_out_q   <= 32'd0;
      packets_out_q <= 32'd0;
      waits_q       <= 32'd0;
      cycles_q      <= 32'd0;
    end else begin
      words_in_q    <= words_in_q + {31'd0, word_in};
      frames_in_q   <= frames_in_q + {31'd0, frame_in};
      cuts_q        <= cuts_q + {31'd0, cut_in};
      words_out_q   <= words_out_q + {31'd0, word_out};
      packets_out_q <= packets_out_q + {31'd0, packet_out};
      waits_q       <= waits_q + {31'd0, wait_out};
      cycles_q      <= cycles_q + 32'd1;
    end
  end

  always @(posedge clk) begin : resetting
    reset_q <= rst_n && write && write_address == {8'd0, `WINDOW_LINK_RESET} && write_data == 32'd1;
  end

  always @(posedge clk) begin : showing
    if (read) begin
      case (read_address)
        {8'd0, `WINDOW_MAGIC}:        shown_q <= MAGIC;
        {8'd0, `WINDOW_PROTOCOL}:     shown_q <= PROTOCOL_32;
        {8'd0, `WINDOW_MAP_HASH}:     shown_q <= `MAP_HASH;
        {8'd0, `WINDOW_BUILD_HASH}:   shown_q <= BUILD_HASH;
        {8'd0, `WINDOW_UID_LO}:       shown_q <= UID[31:0];
        {8'd0, `WINDOW_UID_HI}:       shown_q <= UID[63:32];
        {8'd0, `WINDOW_BOOT_ID}:      shown_q <= boot_id;
        {8'd0, `WINDOW_PACKET_WORDS}: shown_q <= PACKET_WORDS_32;
        {8'd0, `WINDOW_STATE}:        shown_q <= {21'd0, state};
        {8'd0, `WINDOW_WORDS_IN}:     shown_q <= words_in_q;
        {8'd0, `WINDOW_FRAMES_IN}:    shown_q <= frames_in_q;
        {8'd0, `WINDOW_CUT_FRAMES}:   shown_q <= cuts_q;
        {8'd0, `WINDOW_WORDS_OUT}:    shown_q <= words_out_q;
        {8'd0, `WINDOW_PACKETS_OUT}:  shown_q <= packets_out_q;
        {8'd0, `WINDOW_WAIT_CYCLES}:  shown_q <= waits_q;
        {8'd0, `WINDOW_CYCLES}:       shown_q <= cycles_q;
        default:                      shown_q <= 32'd0;
      endcase
    end
  end

  // ---- Outputs ----
  assign link_reset = reset_q;

  axi_lite_port u_port (
      .clk          (clk),
      .rst_n        (rst_n),
      .s_axi_awvalid(s_axi_awvalid),
      .s_axi_awready(s_axi_awready),
      .s_axi_awaddr (s_axi_awaddr),
      .s_axi_wvalid (s_axi_wvalid),
      .s_axi_wready (s_axi_wready),
      .s_axi_wdata  (s_axi_wdata),
      .s_axi_wstrb  (s_axi_wstrb),
      .s_axi_bvalid (s_axi_bvalid),
      .s_axi_bready (s_axi_bready),
      .s_axi_bresp  (s_axi_bresp),
      .s_axi_arvalid(s_axi_arvalid),
      .s_axi_arready(s_axi_arready),
      .s_axi_araddr (s_axi_araddr),
      .s_axi_rvalid (s_axi_rvalid),
      .s_axi_rready (s_axi_rready),
      .s_axi_rdata  (s_axi_rdata),
      .s_axi_rresp  (s_axi_rresp),
      .write        (write),
      .write_address(write_address),
      .write_data   (write_data),
      .read         (read),
      .read_address (read_address),
      .read_data    (shown_q)
  );

endmodule

`default_nettype wire
