// SPDX-License-Identifier: BSD-3-Clause
// The simulated board's ports with an echo inside: words come back inverted one cycle later, the serial
// line and the bytes as they are. A word 0xFFFFFFFF is stored as the cell (0, 1) = 5. Builds in seconds.
`default_nettype none

module board_sim #(
    parameter ROWS = 512,
    parameter COLS = 512,
    parameter LANES = 64,
    parameter ADC_LANES = 4,
    parameter MAX_PAYLOAD_WORDS = 16384,
    parameter REQUEST_WORDS = 65536,
    parameter REPLY_WORDS = 65536,
    parameter FRONT = 0,
    parameter BAUD = 3000000,
    parameter [31:0] BUILD_HASH = 32'd0,
    parameter PINS = 0,
    parameter READ_ONLY = 0,
    parameter ADCS = 8,
    parameter DACS = 2,
    parameter ROW_CHAINS = 1,
    parameter COL_CHAINS = 1
) (
    input  wire                 clk,
    input  wire                 clk_time,
    input  wire                 clk_link,
    input  wire                 clk_check,
    input  wire                 clk_registers,
    input  wire                 clk_pulses,
    input  wire                 clk_rows,
    input  wire                 clk_results,
    input  wire                 clk_core,
    input  wire                 rst_n,
    input  wire [31:0]          boot_id,
    input  wire [63:0]          uid,
    input  wire                 stop_pin,
    input  wire                 rxw_valid,
    input  wire [31:0]          rxw_data,
    input  wire                 rxw_last,
    input  wire                 rxw_bad,
    output wire                 txw_valid,
    output wire [31:0]          txw_data,
    output wire                 txw_last,
    input  wire                 rxb_valid,
    input  wire [7:0]           rxb_data,
    output wire                 txb_valid,
    output wire [7:0]           txb_data,
    input  wire                 rxd,
    output wire                 txd,
    output wire                 drive_active,
    output wire                 read_active,
    output wire                 safe_latched,
    output wire                 armed,
    output wire                 busy,
    output wire [7:0]           needed,
    input  wire                 nv_load,
    input  wire                 nv_kind,
    input  wire [14:0]          nv_address,
    input  wire [LANES*10-1:0]  nv_data,
    output wire                 nv_write,
    output wire [8:0]           nv_row,
    output wire [8:0]           nv_column,
    output wire [9:0]           nv_g,
    input  wire [DACS-1:0]      afe_power,
    input  wire [2:0]           afe_cut,
    input  wire [ADCS*14-1:0]   afe_level,
    output wire [60:0]          afe_pins,
    output wire [DACS*128-1:0]  afe_rails,
    output wire [3*ROWS-1:0]    afe_row_channel,
    output wire [ROWS-1:0]      afe_word_line,
    output wire [3*COLS-1:0]    afe_column_channel,
    output wire                 afe_changed,
    output wire                 afe_begun,
    output wire                 afe_sampled,
    output wire [44:0]          afe_broken,
    output wire [31:0]          noise_seed
);

    assign {afe_pins, afe_rails, afe_row_channel, afe_word_line, afe_column_channel} = 0;
    assign {afe_changed, afe_begun, afe_sampled, afe_broken, noise_seed} = 0;

    echo_words u_echo (
        .clk        (clk),
        .valid      (rxw_valid && rst_n),
        .data       (rxw_data),
        .last       (rxw_last),
        .echo_valid (txw_valid),
        .echo_data  (txw_data),
        .echo_last  (txw_last)
    );

    assign needed       = 8'hFF;
    assign txb_valid    = rxb_valid;
    assign txb_data     = rxb_data;
    assign txd          = rxd;
    assign drive_active = stop_pin;
    assign read_active  = 1'b0;
    assign safe_latched = 1'b0;
    assign armed        = 1'b0;
    assign busy         = 1'b0;
    assign nv_write     = rxw_valid && (rxw_data == 32'hFFFFFFFF);
    assign nv_row       = 9'd0;
    assign nv_column    = 9'd1;
    assign nv_g         = 10'd5;

endmodule

`default_nettype wire
