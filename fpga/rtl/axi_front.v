// SPDX-License-Identifier: BSD-3-Clause
// A board's front beside a processor: AXI-Stream both ways for commands, an AXI4-Lite window beside them.
//
// axi_stream_front carries the words, axi_window shows who the board is and counts. A reset of the link clears the streams'
// half frames in the cycle after it was written, and is `break_seen` in the same cycle: what SAFE does.

`default_nettype none

module axi_front #(
    parameter [31:0] BUILD_HASH        = 32'd0,  // names the build, as in HELLO
    parameter [63:0] UID               = 64'd0,  // names the board, as in HELLO
    parameter        PACKET_WORDS      = 4096,   // most words of a packet of replies
    parameter        MAX_PAYLOAD_WORDS = 1024    // largest payload of a frame, in words
) (
    input  wire        clk,
    input  wire        rst_n,

    // Commands
    input  wire        s_axis_tvalid,
    output wire        s_axis_tready,
    input  wire [31:0] s_axis_tdata,
    input  wire [3:0]  s_axis_tkeep,
    input  wire        s_axis_tlast,

    // Replies
    output wire        m_axis_tvalid,
    input  wire        m_axis_tready,
    output wire [31:0] m_axis_tdata,
    output wire [3:0]  m_axis_tkeep,
    output wire        m_axis_tlast,

    // Window
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

    // Packets in, to the link engine
    output wire        rx_valid,
    output wire [31:0] rx_data,
    output wire        rx_last,
    output wire        rx_bad,

    // Packets out, from the link engine
    input  wire        tx_valid,
    output wire        tx_ready,
    input  wire [31:0] tx_data,
    input  wire        tx_last,

    // The board, as the window shows it
    input  wire [31:0] boot_id,
    input  wire        drive_active,
    input  wire        read_active,
    input  wire        safe_latched,
    output wire        break_seen
);

  wire in_frame, in_packet, cut, link_reset;

  assign break_seen = link_reset;

  axi_stream_front #(
      .PACKET_WORDS     (PACKET_WORDS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_stream (
      .clk          (clk),
      .rst_n        (rst_n),
      .clear        (link_reset),
      .s_axis_tvalid(s_axis_tvalid),
      .s_axis_tready(s_axis_tready),
      .s_axis_tdata (s_axis_tdata),
      .s_axis_tkeep (s_axis_tkeep),
      .s_axis_tlast (s_axis_tlast),
      .m_axis_tvalid(m_axis_tvalid),
      .m_axis_tready(m_axis_tready),
      .m_axis_tdata (m_axis_tdata),
      .m_axis_tkeep (m_axis_tkeep),
      .m_axis_tlast (m_axis_tlast),
      .rx_valid     (rx_valid),
      .rx_data      (rx_data),
      .rx_last      (rx_last),
      .rx_bad       (rx_bad),
      .tx_valid     (tx_valid),
      .tx_ready     (tx_ready),
      .tx_data      (tx_data),
      .tx_last      (tx_last),
      .in_frame     (in_frame),
      .in_packet    (in_packet),
      .cut          (cut)
  );

  axi_window #(
      .BUILD_HASH  (BUILD_HASH),
      .UID         (UID),
      .PACKET_WORDS(PACKET_WORDS)
  ) u_window (
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
      .boot_id      (boot_id),
      .state        ({safe_latched, read_active, drive_active, 5'd0, in_packet, m_axis_tvalid, in_frame}),
      .word_in      (rx_valid),
      .frame_in     (rx_valid && rx_last),
      .cut_in       (cut),
      .word_out     (m_axis_tvalid && m_axis_tready),
      .packet_out   (m_axis_tvalid && m_axis_tready && m_axis_tlast),
      .wait_out     (m_axis_tvalid && !m_axis_tready),
      .link_reset   (link_reset)
  );

endmodule

`default_nettype wire
