// SPDX-License-Identifier: BSD-3-Clause
// What the boards beside a processor share: board_core behind axi_front, for a block design with an AXI DMA.
//
// `aclk` runs at CLK_HZ and `aresetn` is synchronous to it (proc_sys_reset). `stop` is asynchronous and does what SAFE does
// while high. zynq_board has the emulated macro, zynq_afe the pins of the analog front end; each is an instance of this module.

`default_nettype none
`include "board_map.vh"

module zynq_core #(
    parameter        ROWS              = 512,    // driven lines
    parameter        COLS              = 64,     // sensed lines
    parameter        LANES             = 8,      // columns accumulated a cycle
    parameter        ADC_LANES         = 4,      // conversions a cycle
    parameter        REQUEST_WORDS     = 4096,   // request ring, in words
    parameter        REPLY_WORDS       = 8192,   // reply ring, in words
    parameter        MAX_PAYLOAD_WORDS = 1024,   // largest payload of a frame, in words
    parameter        PACKET_WORDS      = 8192,   // most words of a packet of replies
    parameter [63:0] UID               = 64'd0,  // names the board in HELLO
    parameter [31:0] BUILD_HASH        = 32'd0,  // names the build in HELLO
    parameter [0:0]  SIMULATED         = 1'b0,   // identity flag: a simulated board
    parameter [287:0] AFE              = 288'd0, // 0: the emulated macro, else the analog front end (afe_front, afe_board.vh)
    parameter [15:0] CEILING_READ_V    = `VOLTAGE_CEILING  // highest LIMIT_READ_V that can be set, DAC code
) (
    input  wire        aclk,
    input  wire        aresetn,

    // Commands, from the DMA
    input  wire        s_axis_tvalid,
    output wire        s_axis_tready,
    input  wire [31:0] s_axis_tdata,
    input  wire [3:0]  s_axis_tkeep,
    input  wire        s_axis_tlast,

    // Replies, to the DMA
    output wire        m_axis_tvalid,
    input  wire        m_axis_tready,
    output wire [31:0] m_axis_tdata,
    output wire [3:0]  m_axis_tkeep,
    output wire        m_axis_tlast,

    // Window, from the processor
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

    // Pins
    input  wire        stop,
    output wire        drive_active,
    output wire        read_active,
    output wire        safe_latched,
    input  wire [23:0] pins_in,       // of the analog front end (afe_front)
    output wire [60:0] pins_out
);

  wire        stop_here, break_seen, rx_valid, rx_last, rx_bad, tx_valid, tx_ready, tx_last;
  wire [31:0] rx_data, tx_data, boot_id;

  sync_bit u_stop (
      .clk  (aclk),
      .rst_n(aresetn),
      .in   (stop),
      .out  (stop_here)
  );

  boot_stamp u_boot (
      .clk  (aclk),
      .rst_n(aresetn),
      .seen (rx_valid),
      .stamp(boot_id)
  );

  axi_front #(
      .BUILD_HASH       (BUILD_HASH),
      .UID              (UID),
      .PACKET_WORDS     (PACKET_WORDS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_front (
      .clk          (aclk),
      .rst_n        (aresetn),
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
      .rx_valid     (rx_valid),
      .rx_data      (rx_data),
      .rx_last      (rx_last),
      .rx_bad       (rx_bad),
      .tx_valid     (tx_valid),
      .tx_ready     (tx_ready),
      .tx_data      (tx_data),
      .tx_last      (tx_last),
      .boot_id      (boot_id),
      .drive_active (drive_active),
      .read_active  (read_active),
      .safe_latched (safe_latched),
      .break_seen   (break_seen)
  );

  board_core #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .LANES            (LANES),
      .ADC_LANES        (ADC_LANES),
      .REQUEST_WORDS    (REQUEST_WORDS),
      .REPLY_WORDS      (REPLY_WORDS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS),
      .BUILD_HASH       (BUILD_HASH),
      .SIMULATED        (SIMULATED),
      .AFE              (AFE),
      .CEILING_READ_V   (CEILING_READ_V)
  ) u_core (
      .clk         (aclk),
      .rst_n       (aresetn),
      .rx_valid    (rx_valid),
      .rx_data     (rx_data),
      .rx_last     (rx_last),
      .rx_bad      (rx_bad),
      .tx_valid    (tx_valid),
      .tx_ready    (tx_ready),
      .tx_data     (tx_data),
      .tx_last     (tx_last),
      .boot_id     (boot_id),
      .uid         (UID),
      .stop_pin    (stop_here),
      .break_seen  (break_seen),
      .drive_active(drive_active),
      .read_active (read_active),
      .safe_latched(safe_latched),
      .nv_load     (1'b0),
      .nv_kind     (1'b0),
      .nv_address  (15'd0),
      .nv_data     ({LANES * 10{1'b0}}),
      .nv_write    (),
      .nv_row      (),
      .nv_column   (),
      .nv_g        (),
      .pins_in     (pins_in),
      .pins_out    (pins_out)
  );

endmodule

`default_nettype wire
