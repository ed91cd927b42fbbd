// SPDX-License-Identifier: BSD-3-Clause
// macro_afe as board_core carries it: one parameter for the board's parts and times, one bus of pins each way.
//
// AFE, from bit 0, eight bits each: converters (at most 16), DACs (at most 8), row chains, column chains (at most 16); sixteen bits each: COMMON, READ_GATE,
// then the times of macro_afe from LEAD to T_CYC (afe_board.vh). Pins out, from bit 0: mux_inhibit, chain_oe_n, row clocks (3), column clocks (3), dac_sclk, dac_sdi,
// pulse_on, reference_on, tia_short, tia_range (2), adc_cs_n, adc_dclock, fault, missing (3), then dac_cs_n (8), row_ser (16), column ser (16). Pins in:
// dac_sdo (8), adc_dout (16). Cells: where a simulated board has an array model behind the pins, `c_*` writes and reads the model's cells through `nv_*`: a write
// goes out, a read puts its place out and takes the code three cycles later. A board with a chip refuses the requests that would come here.

`default_nettype none

module afe_front #(
    parameter         ROWS      = 512,
    parameter         COLS      = 512,
    parameter         ADC_LANES = 4,
    parameter [287:0] AFE       = 288'h04B0_0019_0019_0003_012C_002C_0002_012C_3A98_0001_0001_0004_0001_0002_8000_4000_0804_0808
) (
    input  wire                    clk,
    input  wire                    rst_n,
    input  wire                    safe,

    // Configuration
    input  wire [1:0]              cfg_range,
    input  wire [3:0]              cfg_bits,
    input  wire                    cfg_raw,
    input  wire [7:0]              cfg_repeats,
    input  wire                    cfg_polarity,
    input  wire [1:0]              cfg_idle,
    input  wire                    cfg_reference,
    input  wire                    cfg_sweep,
    input  wire [15:0]             cfg_level,
    input  wire [15:0]             cfg_read_code,
    input  wire [COLS-1:0]         cfg_mask,

    // Vectors, samples
    input  wire                    x_valid,
    output wire                    x_ready,
    input  wire [8:0]              x_line,
    input  wire [8:0]              x_code,
    input  wire                    x_last,
    input  wire                    s_ready,
    output wire                    s_take,
    output wire                    s_valid,
    output wire [8:0]              s_column,
    output wire [2:0]              s_plane,
    output wire [ADC_LANES-1:0]    s_keep,
    output wire [ADC_LANES*24-1:0] s_code,
    output wire [ADC_LANES-1:0]    s_saturated,
    output wire                    s_first,
    output wire                    s_last,

    // Pulses
    input  wire                    p_valid,
    output wire                    p_ready,
    input  wire [1:0]              p_kind,
    input  wire [8:0]              p_row,
    input  wire [COLS-1:0]         p_mask,
    input  wire [15:0]             p_voltage,
    input  wire [15:0]             p_gate,
    input  wire                    p_drive,
    output wire                    p_done,

    // Cells of an array model
    input  wire [29:0]             c_ask,     // as cell_operations lays them out
    output wire [11:0]             c_answer,
    input  wire [9:0]              nv_code,
    output wire [28:0]             nv_out,    // g, column, row, write

    // Control, pins
    input  wire                    refresh,
    output wire                    refresh_done,
    input  wire                    drop,
    output wire                    idle,
    input  wire [23:0]             pins_in,
    output wire [60:0]             pins_out
);

  localparam [31:0] ADCS = {24'd0, AFE[7:0]}, DACS = {24'd0, AFE[15:8]}, ROW_CHAINS = {24'd0, AFE[23:16]}, COL_CHAINS = {24'd0, AFE[31:24]};

  generate
    if (ADCS > 16 || DACS > 8 || ROW_CHAINS > 16 || COL_CHAINS > 16) begin : g_bad
      AFE_has_more_parts_than_pins u_error ();
    end
  endgenerate

  // ---- State: a cell on its way ----
  reg [28:0] cell_q;
  reg [2:0]  coming_q;
  reg [9:0]  code_q;
  always @(posedge clk) begin
    if (!rst_n) {cell_q[0], coming_q} <= 4'd0;
    else {cell_q[0], coming_q} <= {c_ask[0] && c_ask[1], coming_q[1:0], c_ask[0] && !c_ask[1]};
    cell_q[28:1] <= {c_ask[29:20], c_ask[19:11], c_ask[10:2]};
    code_q       <= nv_code;
  end

  wire [DACS-1:0]       dac_cs_n;
  wire [ROW_CHAINS-1:0] row_ser;
  wire [COL_CHAINS-1:0] col_ser;
  wire [2:0]            row_clocks, col_clocks, missing;
  wire [1:0]            tia_range;
  wire                  inhibit, oe_n, sclk, sdi, pulse_on, reference_on, tia_short, adc_cs_n, adc_dclock, fault;
  wire [23:0]           unused = pins_in;

  macro_afe #(
      .ROWS(ROWS), .COLS(COLS), .ADC_LANES(ADC_LANES), .ADCS(ADCS), .DACS(DACS), .ROW_CHAINS(ROW_CHAINS), .COL_CHAINS(COL_CHAINS),
      .COMMON(AFE[47:32]), .READ_GATE(AFE[63:48]), .LEAD({16'd0, AFE[79:64]}), .T_WRITE({16'd0, AFE[95:80]}), .T_READ({16'd0, AFE[111:96]}),
      .T_CSH({16'd0, AFE[127:112]}), .T_CSHIGH({16'd0, AFE[143:128]}), .T_RESET({16'd0, AFE[159:144]}), .T_DAC({16'd0, AFE[175:160]}), .T_W({16'd0, AFE[191:176]}),
      .T_MUX({16'd0, AFE[207:192]}), .T_SETTLE({16'd0, AFE[223:208]}), .T_SUCS({16'd0, AFE[239:224]}), .T_HIGH({16'd0, AFE[255:240]}), .T_LOW({16'd0, AFE[271:256]}),
      .T_CYC({16'd0, AFE[287:272]})
  ) u_afe (
      .clk(clk), .rst_n(rst_n),
      .safe(safe), .fault(fault),
      .missing(missing), .cfg_range(cfg_range),
      .cfg_bits(cfg_bits), .cfg_raw(cfg_raw),
      .cfg_repeats(cfg_repeats), .cfg_polarity(cfg_polarity),
      .cfg_idle(cfg_idle), .cfg_reference(cfg_reference),
      .cfg_sweep(cfg_sweep), .cfg_level(cfg_level),
      .cfg_read_code(cfg_read_code), .cfg_mask(cfg_mask),
      .x_valid(x_valid), .x_ready(x_ready),
      .x_line(x_line), .x_code(x_code),
      .x_last(x_last), .s_ready(s_ready),
      .s_take(s_take), .s_valid(s_valid),
      .s_column(s_column), .s_plane(s_plane),
      .s_keep(s_keep), .s_code(s_code),
      .s_saturated(s_saturated), .s_first(s_first),
      .s_last(s_last), .p_valid(p_valid),
      .p_ready(p_ready), .p_kind(p_kind),
      .p_row(p_row), .p_mask(p_mask),
      .p_voltage(p_voltage), .p_gate(p_gate),
      .p_drive(p_drive), .p_done(p_done),
      .refresh(refresh), .refresh_done(refresh_done),
      .drop(drop), .idle(idle),
      .mux_inhibit(inhibit), .chain_oe_n(oe_n),
      .row_ser(row_ser), .row_clocks(row_clocks),
      .col_ser(col_ser), .col_clocks(col_clocks),
      .dac_cs_n(dac_cs_n), .dac_sclk(sclk),
      .dac_sdi(sdi), .dac_sdo(pins_in[DACS-1:0]),
      .pulse_on(pulse_on), .reference_on(reference_on),
      .tia_short(tia_short), .tia_range(tia_range),
      .adc_cs_n(adc_cs_n), .adc_dclock(adc_dclock),
      .adc_dout     (pins_in[8+:ADCS])
  );

  // ---- Outputs ----
  assign c_answer        = {code_q, coming_q[2], 1'b1};
  assign nv_out          = cell_q;
  assign pins_out[20:0]  = {missing, fault, adc_dclock, adc_cs_n, tia_range, tia_short, reference_on, pulse_on, sdi, sclk, col_clocks,
                            row_clocks, oe_n, inhibit};
  assign pins_out[28:21] = ~{{(8 - DACS) {1'b0}}, ~dac_cs_n};
  assign pins_out[44:29] = {{(16 - ROW_CHAINS) {1'b0}}, row_ser};
  assign pins_out[60:45] = {{(16 - COL_CHAINS) {1'b0}}, col_ser};

endmodule

`default_nettype wire
