// SPDX-License-Identifier: BSD-3-Clause
// zynq_afe on a board of the published kind: the pins by name, the board's pull resistors, the models of the parts.
//
// While `configured` is low the FPGA drives nothing: pins with a resistor are at its level (docs/bringup.md), the others at `floating`. The streams are those
// of a DMA that carries one frame a packet, under the names of board_core's word front.

`default_nettype none
`include "board_map.vh"

module zynq_pins #(
    parameter ROWS       = 16,
    parameter COLS       = 32,
    parameter ADC_LANES  = 2,
    parameter ADCS       = 4,
    parameter DACS       = 2,
    parameter ROW_CHAINS = 2,
    parameter COL_CHAINS = 2
) (
    input  wire                clk,
    input  wire                watch,
    input  wire                configured,
    input  wire                floating,
    input  wire                rst_n,
    input  wire                stop,

    // Streams
    input  wire                rx_valid,
    input  wire [31:0]         rx_data,
    input  wire                rx_last,
    output wire                tx_valid,
    input  wire                tx_ready,
    output wire [31:0]         tx_data,
    output wire                tx_last,

    // The board
    input  wire [DACS-1:0]     power,
    input  wire [ADCS*14-1:0]  level,
    output wire                drive_active,
    output wire                read_active,
    output wire                safe_latched,
    output wire                inhibit,
    output wire                oe_n,
    output wire                pulse_on,
    output wire                tia_short,
    output wire [DACS*128-1:0] rails,
    output wire [3*ROWS-1:0]   row_channel,
    output wire [ROWS-1:0]     word_line,
    output wire [3*COLS-1:0]   column_channel,
    output wire                begun,
    output wire [44:0]         broken
);

  `include "afe_board.vh"

  wire                  f_inhibit, f_oe_n, row_srclk, row_srclr_n, row_rclk, col_srclk, col_srclr_n, col_rclk, dac_cs_n, dac_sclk, dac_sdi;
  wire                  f_pulse_on, reference_on, f_tia_short, adc_cs_n, adc_dclock;
  wire [1:0]            tia_range;
  wire [ROW_CHAINS-1:0] row_ser;
  wire [COL_CHAINS-1:0] col_ser;
  wire [23:0]           pins_in;

  zynq_afe #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .ADC_LANES        (ADC_LANES),
      .ADCS             (ADCS),
      .DACS             (DACS),
      .ROW_CHAINS       (ROW_CHAINS),
      .COL_CHAINS       (COL_CHAINS),
      .REQUEST_WORDS    (1024),
      .REPLY_WORDS      (1024),
      .MAX_PAYLOAD_WORDS(256)
  ) u_top (
      .aclk         (clk),
      .aresetn      (rst_n),
      .s_axis_tvalid(rx_valid),
      .s_axis_tready(),
      .s_axis_tdata (rx_data),
      .s_axis_tkeep (4'hF),
      .s_axis_tlast (rx_last),
      .m_axis_tvalid(tx_valid),
      .m_axis_tready(tx_ready),
      .m_axis_tdata (tx_data),
      .m_axis_tkeep (),
      .m_axis_tlast (tx_last),
      .s_axi_awvalid(1'b0),
      .s_axi_awready(),
      .s_axi_awaddr (16'd0),
      .s_axi_wvalid (1'b0),
      .s_axi_wready (),
      .s_axi_wdata  (32'd0),
      .s_axi_wstrb  (4'd0),
      .s_axi_bvalid (),
      .s_axi_bready (1'b1),
      .s_axi_bresp  (),
      .s_axi_arvalid(1'b0),
      .s_axi_arready(),
      .s_axi_araddr (16'd0),
      .s_axi_rvalid (),
      .s_axi_rready (1'b1),
      .s_axi_rdata  (),
      .s_axi_rresp  (),
      .stop         (stop),
      .drive_active (drive_active),
      .read_active  (read_active),
      .safe_latched (safe_latched),
      .mux_inhibit  (f_inhibit),
      .chain_oe_n   (f_oe_n),
      .row_srclk    (row_srclk),
      .row_srclr_n  (row_srclr_n),
      .row_rclk     (row_rclk),
      .row_ser      (row_ser),
      .col_srclk    (col_srclk),
      .col_srclr_n  (col_srclr_n),
      .col_rclk     (col_rclk),
      .col_ser      (col_ser),
      .dac_cs_n     (dac_cs_n),
      .dac_sclk     (dac_sclk),
      .dac_sdi      (dac_sdi),
      .dac_sdo      (pins_in[DACS-1:0]),
      .pulse_on     (f_pulse_on),
      .reference_on (reference_on),
      .tia_short    (f_tia_short),
      .tia_range    (tia_range),
      .adc_cs_n     (adc_cs_n),
      .adc_dclock   (adc_dclock),
      .adc_dout     (pins_in[8 +: ADCS])
  );

  // ---- The wires between FPGA and parts: driven, pulled, or left ----
  function held(input pin, input level_of_resistor);
    held = configured ? pin : level_of_resistor;
  endfunction

  wire [60:0] wires;
  assign wires[0]     = held(f_inhibit, 1'b1);
  assign wires[1]     = held(f_oe_n, 1'b1);
  assign wires[4:2]   = {held(row_srclk, floating), held(row_srclr_n, 1'b0), held(row_rclk, floating)};
  assign wires[7:5]   = {held(col_srclk, floating), held(col_srclr_n, 1'b0), held(col_rclk, floating)};
  assign wires[8]     = held(dac_sclk, floating);
  assign wires[9]     = held(dac_sdi, floating);
  assign wires[10]    = held(f_pulse_on, 1'b0);
  assign wires[11]    = held(reference_on, 1'b0);
  assign wires[12]    = held(f_tia_short, 1'b1);
  assign wires[14:13] = configured ? tia_range : {2{floating}};
  assign wires[15]    = held(adc_cs_n, 1'b1);
  assign wires[16]    = held(adc_dclock, floating);
  assign wires[20:17] = 4'd0;
  assign wires[28:21] = {8{held(dac_cs_n, 1'b1)}};
  assign wires[44:29] = configured ? {{(16 - ROW_CHAINS) {1'b0}}, row_ser} : {16{floating}};
  assign wires[60:45] = configured ? {{(16 - COL_CHAINS) {1'b0}}, col_ser} : {16{floating}};

  part_board #(
      .CLK_PS    (1000000000 / (`CLK_HZ / 1000) + 1),
      .ROWS      (ROWS),
      .COLS      (COLS),
      .ADCS      (ADCS),
      .DACS      (DACS),
      .ROW_CHAINS(ROW_CHAINS),
      .COL_CHAINS(COL_CHAINS),
      .T_SETTLE  ({16'd0, AFE_TIMES[159:144]})
  ) u_board (
      .clk           (clk),
      .watch         (watch),
      .pins_out      (wires),
      .pins_in       (pins_in),
      .power         (power),
      .cut           (3'd0),
      .level         (level),
      .rails         (rails),
      .row_channel   (row_channel),
      .word_line     (word_line),
      .column_channel(column_channel),
      .changed       (),
      .begun         (begun),
      .sampled       (),
      .broken        (broken)
  );

  // ---- Outputs ----
  assign {inhibit, oe_n, pulse_on, tia_short} = {wires[0], wires[1], wires[10], wires[12]};

endmodule

`default_nettype wire
