// SPDX-License-Identifier: BSD-3-Clause
// The simulated board beside a processor: zynq_board and axi_dma, for fpga/sim/axi/harness.cpp.
//
// One AXI4-Lite port reaches both: bit 16 of the address chooses the DMA (0) or the window (1). `m_axi_*` is the DMA's way to
// memory, which the harness is. `forget`: the DMA was reset, and waits for nothing any more.

`default_nettype none
`include "board_map.vh"

module axi_sim #(
    parameter        ROWS              = 64,     // driven lines
    parameter        COLS              = 64,     // sensed lines
    parameter        LANES             = 8,      // columns accumulated a cycle
    parameter        ADC_LANES         = 4,      // conversions a cycle
    parameter        REQUEST_WORDS     = 8192,   // request ring, in words
    parameter        REPLY_WORDS       = 8192,   // reply ring, in words
    parameter        MAX_PAYLOAD_WORDS = 1024,   // largest payload of a frame, in words
    parameter        PACKET_WORDS      = 8192,   // most words of a packet of replies
    parameter [63:0] UID               = 64'h4F484D4158490001,  // "OHMAXI", board 1
    parameter [31:0] BUILD_HASH        = 32'd0   // names the build in HELLO
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        stop,

    // Registers
    input  wire        s_axi_awvalid,
    output wire        s_axi_awready,
    input  wire [16:0] s_axi_awaddr,
    input  wire        s_axi_wvalid,
    output wire        s_axi_wready,
    input  wire [31:0] s_axi_wdata,
    output wire        s_axi_bvalid,
    output wire [1:0]  s_axi_bresp,
    input  wire        s_axi_arvalid,
    output wire        s_axi_arready,
    input  wire [16:0] s_axi_araddr,
    output wire        s_axi_rvalid,
    output wire [31:0] s_axi_rdata,
    output wire [1:0]  s_axi_rresp,

    // Memory
    output wire        m_axi_arvalid,
    input  wire        m_axi_arready,
    output wire [31:0] m_axi_araddr,
    output wire [7:0]  m_axi_arlen,
    input  wire        m_axi_rvalid,
    output wire        m_axi_rready,
    input  wire [31:0] m_axi_rdata,
    input  wire [1:0]  m_axi_rresp,
    input  wire        m_axi_rlast,
    output wire        m_axi_awvalid,
    input  wire        m_axi_awready,
    output wire [31:0] m_axi_awaddr,
    output wire [7:0]  m_axi_awlen,
    output wire        m_axi_wvalid,
    input  wire        m_axi_wready,
    output wire [31:0] m_axi_wdata,
    output wire [3:0]  m_axi_wstrb,
    output wire        m_axi_wlast,
    input  wire        m_axi_bvalid,
    output wire        m_axi_bready,
    input  wire [1:0]  m_axi_bresp,
    output wire        forget,

    // Probes
    output wire        word_in,
    output wire        word_out,
    output wire        drive_active,
    output wire        read_active,
    output wire        safe_latched
);

  wire to_window_w = s_axi_awaddr[16];
  wire to_window_r = s_axi_araddr[16];

  wire        d_awready, d_wready, d_bvalid, d_arready, d_rvalid, b_awready, b_wready, b_bvalid, b_arready, b_rvalid;
  wire [1:0]  d_bresp, d_rresp, b_bresp, b_rresp;
  wire [31:0] d_rdata, b_rdata;

  wire        write, read;
  wire [15:0] write_address, read_address;
  wire [31:0] write_data, read_data;

  wire        down_valid, down_ready, down_last, up_valid, up_ready, up_last;
  wire [31:0] down_data, up_data;
  wire [3:0]  down_keep, up_keep;

  axi_lite_port u_port (
      .clk          (clk),
      .rst_n        (rst_n),
      .s_axi_awvalid(s_axi_awvalid && !to_window_w),
      .s_axi_awready(d_awready),
      .s_axi_awaddr (s_axi_awaddr[15:0]),
      .s_axi_wvalid (s_axi_wvalid && !to_window_w),
      .s_axi_wready (d_wready),
      .s_axi_wdata  (s_axi_wdata),
      .s_axi_wstrb  (4'hF),
      .s_axi_bvalid (d_bvalid),
      .s_axi_bready (1'b1),
      .s_axi_bresp  (d_bresp),
      .s_axi_arvalid(s_axi_arvalid && !to_window_r),
      .s_axi_arready(d_arready),
      .s_axi_araddr (s_axi_araddr[15:0]),
      .s_axi_rvalid (d_rvalid),
      .s_axi_rready (1'b1),
      .s_axi_rdata  (d_rdata),
      .s_axi_rresp  (d_rresp),
      .write        (write),
      .write_address(write_address),
      .write_data   (write_data),
      .read         (read),
      .read_address (read_address),
      .read_data    (read_data)
  );

  axi_dma u_dma (
      .clk          (clk),
      .rst_n        (rst_n),
      .write        (write),
      .write_address(write_address),
      .write_data   (write_data),
      .read         (read),
      .read_address (read_address),
      .read_data    (read_data),
      .m_axi_arvalid(m_axi_arvalid),
      .m_axi_arready(m_axi_arready),
      .m_axi_araddr (m_axi_araddr),
      .m_axi_arlen  (m_axi_arlen),
      .m_axi_rvalid (m_axi_rvalid),
      .m_axi_rready (m_axi_rready),
      .m_axi_rdata  (m_axi_rdata),
      .m_axi_rresp  (m_axi_rresp),
      .m_axi_rlast  (m_axi_rlast),
      .m_axi_awvalid(m_axi_awvalid),
      .m_axi_awready(m_axi_awready),
      .m_axi_awaddr (m_axi_awaddr),
      .m_axi_awlen  (m_axi_awlen),
      .m_axi_wvalid (m_axi_wvalid),
      .m_axi_wready (m_axi_wready),
      .m_axi_wdata  (m_axi_wdata),
      .m_axi_wstrb  (m_axi_wstrb),
      .m_axi_wlast  (m_axi_wlast),
      .m_axi_bvalid (m_axi_bvalid),
      .m_axi_bready (m_axi_bready),
      .m_axi_bresp  (m_axi_bresp),
      .forget       (forget),
      .m_axis_tvalid(down_valid),
      .m_axis_tready(down_ready),
      .m_axis_tdata (down_data),
      .m_axis_tkeep (down_keep),
      .m_axis_tlast (down_last),
      .s_axis_tvalid(up_valid),
      .s_axis_tready(up_ready),
      .s_axis_tdata (up_data),
      .s_axis_tkeep (up_keep),
      .s_axis_tlast (up_last)
  );

  zynq_board #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .LANES            (LANES),
      .ADC_LANES        (ADC_LANES),
      .REQUEST_WORDS    (REQUEST_WORDS),
      .REPLY_WORDS      (REPLY_WORDS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS),
      .PACKET_WORDS     (PACKET_WORDS),
      .UID              (UID),
      .BUILD_HASH       (BUILD_HASH),
      .SIMULATED        (1'b1)
  ) u_board (
      .aclk         (clk),
      .aresetn      (rst_n),
      .s_axis_tvalid(down_valid),
      .s_axis_tready(down_ready),
      .s_axis_tdata (down_data),
      .s_axis_tkeep (down_keep),
      .s_axis_tlast (down_last),
      .m_axis_tvalid(up_valid),
      .m_axis_tready(up_ready),
      .m_axis_tdata (up_data),
      .m_axis_tkeep (up_keep),
      .m_axis_tlast (up_last),
      .s_axi_awvalid(s_axi_awvalid && to_window_w),
      .s_axi_awready(b_awready),
      .s_axi_awaddr (s_axi_awaddr[15:0]),
      .s_axi_wvalid (s_axi_wvalid && to_window_w),
      .s_axi_wready (b_wready),
      .s_axi_wdata  (s_axi_wdata),
      .s_axi_wstrb  (4'hF),
      .s_axi_bvalid (b_bvalid),
      .s_axi_bready (1'b1),
      .s_axi_bresp  (b_bresp),
      .s_axi_arvalid(s_axi_arvalid && to_window_r),
      .s_axi_arready(b_arready),
      .s_axi_araddr (s_axi_araddr[15:0]),
      .s_axi_rvalid (b_rvalid),
      .s_axi_rready (1'b1),
      .s_axi_rdata  (b_rdata),
      .s_axi_rresp  (b_rresp),
      .stop         (stop),
      .drive_active (drive_active),
      .read_active  (read_active),
      .safe_latched (safe_latched)
  );

  assign s_axi_awready = to_window_w ? b_awready : d_awready;
  assign s_axi_wready  = to_window_w ? b_wready : d_wready;
  assign s_axi_bvalid  = d_bvalid || b_bvalid;
  assign s_axi_bresp   = d_bresp | b_bresp;
  assign s_axi_arready = to_window_r ? b_arready : d_arready;
  assign s_axi_rvalid  = d_rvalid || b_rvalid;
  assign s_axi_rdata   = d_rvalid ? d_rdata : b_rdata;
  assign s_axi_rresp   = d_rresp | b_rresp;
  assign word_in       = down_valid && down_ready;
  assign word_out      = up_valid && up_ready;

endmodule

`default_nettype wire
