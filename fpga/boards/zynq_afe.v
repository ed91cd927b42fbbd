// SPDX-License-Identifier: BSD-3-Clause
// A board beside a processor with the analog front end of the published boards at its pins (docs/modules/afe.md), for a macro in silicon.
//
// `aclk` runs at CLK_HZ, `aresetn` is synchronous to it, `stop` does what SAFE does while high. All DACs share `dac_cs_n`: a frame is always for
// all of them. Every time is computed in afe_board.vh from the parts' nanoseconds and CLK_HZ. In reset, and until every DAC has answered,
// `mux_inhibit` and `chain_oe_n` are high and `pulse_on` is low; the board's resistors hold the same levels before the FPGA is configured.

`default_nettype none
`include "board_map.vh"

module zynq_afe #(
    parameter        ROWS              = 512,    // driven lines
    parameter        COLS              = 512,    // sensed lines
    parameter        ADC_LANES         = 4,      // samples of a beat
    parameter        ADCS              = 8,      // ADS8324: a multiple of ADC_LANES that divides COLS
    parameter        DACS              = 8,      // DAC80508, each for its share of the lines
    parameter        ROW_CHAINS        = 8,      // chains of SN74HC595
    parameter        COL_CHAINS        = 8,
    parameter        REQUEST_WORDS     = 4096,   // request ring, in words
    parameter        REPLY_WORDS       = 8192,   // reply ring, in words
    parameter        MAX_PAYLOAD_WORDS = 1024,   // largest payload of a frame, in words
    parameter        PACKET_WORDS      = 8192,   // most words of a packet of replies
    parameter [63:0] UID               = 64'd0,  // names the board in HELLO
    parameter [31:0] BUILD_HASH        = 32'd0   // names the build in HELLO
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

    // Pins: multiplexers and shift registers
    output wire        mux_inhibit,   // pulled up on the board
    output wire        chain_oe_n,    // pulled up on the board
    output wire        row_srclk,
    output wire        row_srclr_n,   // pulled down: the chains are held empty
    output wire        row_rclk,
    output wire [ROW_CHAINS-1:0] row_ser,
    output wire        col_srclk,
    output wire        col_srclr_n,   // pulled down
    output wire        col_rclk,
    output wire [COL_CHAINS-1:0] col_ser,

    // Pins: rails
    output wire        dac_cs_n,      // pulled up: no frame
    output wire        dac_sclk,
    output wire        dac_sdi,
    input  wire [DACS-1:0] dac_sdo,   // each pulled up: a part that is not there answers ones
    output wire        pulse_on,      // pulled down: the pulse rail at ground
    output wire        reference_on,  // pulled down

    // Pins: amplifiers and converters
    output wire        tia_short,     // pulled up
    output wire [1:0]  tia_range,
    output wire        adc_cs_n,      // pulled up
    output wire        adc_dclock,
    input  wire [ADCS-1:0] adc_dout
);

  `include "afe_board.vh"
  localparam [31:0]  ADCS_32 = ADCS, DACS_32 = DACS, ROW_CHAINS_32 = ROW_CHAINS, COL_CHAINS_32 = COL_CHAINS;
  localparam [287:0] AFE     = {AFE_TIMES, AFE_LEVELS, COL_CHAINS_32[7:0], ROW_CHAINS_32[7:0], DACS_32[7:0], ADCS_32[7:0]};

  wire [23:0] pins_in = {{(16 - ADCS) {1'b0}}, adc_dout, {(8 - DACS) {1'b0}}, dac_sdo};
  wire [60:0] pins_out;

  zynq_core #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .LANES            (COLS / 8),
      .ADC_LANES        (ADC_LANES),
      .REQUEST_WORDS    (REQUEST_WORDS),
      .REPLY_WORDS      (REPLY_WORDS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS),
      .PACKET_WORDS     (PACKET_WORDS),
      .UID              (UID),
      .BUILD_HASH       (BUILD_HASH),
      .AFE              (AFE),
      .CEILING_READ_V   (AFE_CEILING_READ)
  ) u_core (
      .aclk         (aclk),
      .aresetn      (aresetn),
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
      .stop         (stop),
      .drive_active (drive_active),
      .read_active  (read_active),
      .safe_latched (safe_latched),
      .pins_in      (pins_in),
      .pins_out     (pins_out)
  );

  // Everything that the parts' own pins do not carry: the fault, the DAC that is missing, chip selects alike, chains that are not there
  wire unused = &{1'b0, pins_out};

  // ---- Outputs ----
  assign {mux_inhibit, chain_oe_n}           = {pins_out[0], pins_out[1]};
  assign {row_srclk, row_srclr_n, row_rclk}  = pins_out[4:2];
  assign {col_srclk, col_srclr_n, col_rclk}  = pins_out[7:5];
  assign {pulse_on, dac_sdi, dac_sclk}       = pins_out[10:8];
  assign {tia_range, tia_short, reference_on} = pins_out[14:11];
  assign {adc_dclock, adc_cs_n}              = pins_out[16:15];
  assign dac_cs_n                            = pins_out[21];
  assign row_ser                             = pins_out[29 +: ROW_CHAINS];
  assign col_ser                             = pins_out[45 +: COL_CHAINS];

endmodule

`default_nettype wire
