// SPDX-License-Identifier: BSD-3-Clause
// The simulated board's top: board_core behind one of three fronts, for fpga/sim/harness.cpp.
//
// FRONT 0 takes packets of words (`rxw_*`, `txw_*`), 1 a stream of bytes through COBS (`rxb_*`, `txb_*`, one
// byte a cycle each way), 2 a serial line (`rxd`, `txd`) at BAUD. Inputs of the other fronts are ignored,
// their outputs idle. What is valid on `txw_*` or `txb_*` leaves in that cycle: the harness is always ready.
// Every input is registered once, so that the simulator evaluates nothing but clock edges. `stop_pin` is
// synchronous here. The `clk_*` are `clk`, but for those that rest (resting_clocks). `armed` and `busy` look into the core: probes for tests and for the server's pacing.

`default_nettype none
`include "board_map.vh"

module board_sim #(
    parameter        ROWS              = 512,     // driven lines
    parameter        COLS              = 512,     // sensed lines
    parameter        LANES             = 64,      // columns accumulated a cycle
    parameter        ADC_LANES         = 4,       // conversions a cycle
    parameter        MAX_PAYLOAD_WORDS = 16384,   // largest payload of a frame, in words
    parameter        REQUEST_WORDS     = 65536,   // request ring, in words
    parameter        REPLY_WORDS       = 65536,   // reply ring, in words
    parameter        FRONT             = 0,       // 0 words, 1 bytes, 2 serial line
    parameter        BAUD              = `BAUD,   // bit rate of the serial line
    parameter [31:0] BUILD_HASH        = 32'd0,   // names the build in HELLO
    parameter        PINS              = 0,       // 0 an emulated macro, 1 macro_afe and the parts of a board
    parameter [0:0]  READ_ONLY         = 1'b0,    // macro_serial: a board that only reads
    parameter        ADCS              = 8,       // of that board
    parameter        DACS              = 2,
    parameter        ROW_CHAINS        = 1,
    parameter        COL_CHAINS        = 1
) (
    input  wire                clk,
    input  wire                clk_time,
    input  wire                clk_link,
    input  wire                clk_check,
    input  wire                clk_registers,
    input  wire                clk_pulses,
    input  wire                clk_rows,
    input  wire                clk_results,
    input  wire                clk_core,
    input  wire                rst_n,

    // Identity, pins
    input  wire [31:0]         boot_id,
    input  wire [63:0]         uid,
    input  wire                stop_pin,

    // Words front
    input  wire                rxw_valid,
    input  wire [31:0]         rxw_data,
    input  wire                rxw_last,
    input  wire                rxw_bad,
    output wire                txw_valid,
    output wire [31:0]         txw_data,
    output wire                txw_last,

    // Bytes front
    input  wire                rxb_valid,
    input  wire [7:0]          rxb_data,
    output wire                txb_valid,
    output wire [7:0]          txb_data,

    // Serial line
    input  wire                rxd,
    output wire                txd,

    // Probes
    output wire                drive_active,
    output wire                read_active,
    output wire                safe_latched,
    output wire                armed,
    output wire                busy,

    // Clocks needed for the next edge (resting_clocks)
    output wire [7:0]          needed,

    // Non-volatile restore and mirror of the cells
    input  wire                nv_load,
    input  wire                nv_kind,
    input  wire [14:0]         nv_address,
    input  wire [LANES*10-1:0] nv_data,
    output wire                nv_write,
    output wire [8:0]          nv_row,
    output wire [8:0]          nv_column,
    output wire [9:0]          nv_g,

    // The board's analog half (fpga/sim/parts/part_board.v); without PINS all is zero
    input  wire [DACS-1:0]     afe_power,
    input  wire [2:0]          afe_cut,
    input  wire [ADCS*14-1:0]  afe_level,
    output wire [60:0]         afe_pins,
    output wire [DACS*128-1:0] afe_rails,
    output wire [3*ROWS-1:0]   afe_row_channel,
    output wire [ROWS-1:0]     afe_word_line,
    output wire [3*COLS-1:0]   afe_column_channel,
    output wire                afe_changed,
    output wire                afe_begun,
    output wire                afe_sampled,
    output wire [44:0]         afe_broken,
    output wire [31:0]         noise_seed
);

    `include "afe_board.vh"
    localparam [31:0]  ADCS_32 = ADCS, DACS_32 = DACS, ROW_CHAINS_32 = ROW_CHAINS, COL_CHAINS_32 = COL_CHAINS;
    localparam [15:0]  MOST = `VOLTAGE_CEILING;
    localparam [15:0]  CEILING_READ = PINS == 0 ? MOST : AFE_CEILING_READ;
    localparam [287:0] AFE = PINS == 0 ? 288'd0
        : {AFE_TIMES, AFE_LEVELS, COL_CHAINS_32[7:0], ROW_CHAINS_32[7:0], DACS_32[7:0], ADCS_32[7:0]};

    // --- Inputs, registered -----------------------------------------------------------------------

    reg                rxw_valid_q;
    reg [31:0]         rxw_data_q;
    reg                rxw_last_q;
    reg                rxw_bad_q;
    reg                rxb_valid_q;
    reg [7:0]          rxb_data_q;
    reg                rxd_q;
    reg                stop_q;

    always @(posedge clk_time) begin : inputs
        if (!rst_n) begin
            rxw_valid_q <= 1'b0;
            rxw_last_q  <= 1'b0;
            rxb_valid_q <= 1'b0;
            rxd_q       <= 1'b1;
            stop_q      <= 1'b0;
        end else begin
            rxw_valid_q <= rxw_valid;
            rxw_last_q  <= rxw_last;
            rxb_valid_q <= rxb_valid;
            rxd_q       <= rxd;
            stop_q      <= stop_pin;
        end
    end

    always @(posedge clk_time) begin : data
        rxw_data_q <= rxw_data;
        rxw_bad_q  <= rxw_bad;
        rxb_data_q <= rxb_data;
    end

    // What changes at power-up only; every clock runs then
    reg                rst_q;
    reg [31:0]         boot_q;
    reg [63:0]         uid_q;
    reg                nv_load_q;
    reg                nv_kind_q;
    reg [14:0]         nv_address_q;
    reg [LANES*10-1:0] nv_data_q;

    always @(posedge clk) begin : power_up
        rst_q        <= rst_n;
        boot_q       <= boot_id;
        uid_q        <= uid;
        nv_load_q    <= rst_n && nv_load;
        nv_kind_q    <= nv_kind;
        nv_address_q <= nv_address;
        nv_data_q    <= nv_data;
    end

    // --- The core ---------------------------------------------------------------------------------

    wire        rx_valid;
    wire [31:0] rx_data;
    wire        rx_last;
    wire        rx_bad;
    wire        tx_valid;
    wire        tx_ready;
    wire [31:0] tx_data;
    wire        tx_last;
    wire        break_seen;
    wire [23:0] pins_in;

    board_core #(
        .ROWS              (ROWS),
        .COLS              (COLS),
        .LANES             (LANES),
        .ADC_LANES         (ADC_LANES),
        .REQUEST_WORDS     (REQUEST_WORDS),
        .REPLY_WORDS       (REPLY_WORDS),
        .MAX_PAYLOAD_WORDS (MAX_PAYLOAD_WORDS),
        .BUILD_HASH        (BUILD_HASH),
        .SIMULATED         (1'b1),
        .READ_ONLY         (READ_ONLY),
        .AFE               (AFE),
        .CEILING_READ_V    (CEILING_READ)
    ) u_core (
        .clk          (clk),
        .clk_time     (clk_time),
        .clk_link     (clk_link),
        .clk_check    (clk_check),
        .clk_registers(clk_registers),
        .clk_pulses   (clk_pulses),
        .clk_rows     (clk_rows),
        .clk_results  (clk_results),
        .clk_core     (clk_core),
        .rst_n        (rst_q),
        .rx_valid     (rx_valid),
        .rx_data      (rx_data),
        .rx_last      (rx_last),
        .rx_bad       (rx_bad),
        .tx_valid     (tx_valid),
        .tx_ready     (tx_ready),
        .tx_data      (tx_data),
        .tx_last      (tx_last),
        .boot_id      (boot_q),
        .uid          (uid_q),
        .stop_pin     (stop_q),
        .break_seen   (break_seen),
        .drive_active (drive_active),
        .read_active  (read_active),
        .safe_latched (safe_latched),
        .nv_load      (nv_load_q),
        .nv_kind      (nv_kind_q),
        .nv_address   (nv_address_q),
        .nv_data      (nv_data_q),
        .nv_write     (nv_write),
        .nv_row       (nv_row),
        .nv_column    (nv_column),
        .nv_g         (nv_g),
        .pins_in      (pins_in),
        .pins_out     (afe_pins)
    );

    assign armed = u_core.state[0];
    assign busy  = u_core.state[2];

    generate
        if (PINS == 0) begin : g_emulated
            if (READ_ONLY) begin : g_all_clocks
                assign needed = 8'hFF;
            end else begin : g_resting
                resting_clocks u_clocks (
                    .clk_time (clk_time),
                    .clk_link (clk_link),
                    .rst_n    (rst_q),
                    .needed   (needed)
                );
            end

            wire unused_board = &{1'b0, afe_power, afe_cut, afe_level, AFE_LEVELS, AFE_TIMES, AFE};
            assign pins_in    = 24'd0;
            assign noise_seed = 32'd0;
            assign {afe_rails, afe_row_channel, afe_word_line, afe_column_channel, afe_changed, afe_begun, afe_sampled,
                    afe_broken} = {(DACS*128 + 4*ROWS + 3*COLS + 48){1'b0}};
        end else begin : g_pins
            assign needed     = 8'hFF;
            assign noise_seed = u_core.u_core.u_execution.emu[63:32];

            part_board #(
                .CLK_PS     (1000000000 / (`CLK_HZ / 1000) + 1),
                .ROWS       (ROWS),
                .COLS       (COLS),
                .ADCS       (ADCS),
                .DACS       (DACS),
                .ROW_CHAINS (ROW_CHAINS),
                .COL_CHAINS (COL_CHAINS),
                .T_SETTLE   ({16'd0, AFE[223:208]})
            ) u_board (
                .clk            (clk),
                .watch          (rst_q),
                .pins_out       (afe_pins),
                .pins_in        (pins_in),
                .power          (afe_power),
                .cut            (afe_cut),
                .level          (afe_level),
                .rails          (afe_rails),
                .row_channel    (afe_row_channel),
                .word_line      (afe_word_line),
                .column_channel (afe_column_channel),
                .changed        (afe_changed),
                .begun          (afe_begun),
                .sampled        (afe_sampled),
                .broken         (afe_broken)
            );
        end
    endgenerate

    // --- The fronts -------------------------------------------------------------------------------

    generate
        if (FRONT == 0) begin : g_words
            assign rx_valid   = rxw_valid_q;
            assign rx_data    = rxw_data_q;
            assign rx_last    = rxw_last_q;
            assign rx_bad     = rxw_bad_q;
            assign txw_valid  = tx_valid;
            assign tx_ready   = 1'b1;
            assign txw_data   = tx_data;
            assign txw_last   = tx_last;
            assign break_seen = 1'b0;
        end else begin : g_no_words
            assign txw_valid  = 1'b0;
            assign txw_data   = 32'd0;
            assign txw_last   = 1'b0;
            wire unused_words = &{rxw_valid_q, rxw_data_q, rxw_last_q, rxw_bad_q};
        end

        if (FRONT == 1) begin : g_bytes
            byte_front u_front (
                .clk       (clk_time),
                .rst_n     (rst_q),
                .in_valid  (rxb_valid_q),
                .in_data   (rxb_data_q),
                .in_bad    (1'b0),
                .out_valid (txb_valid),
                .out_ready (1'b1),
                .out_data  (txb_data),
                .rx_valid  (rx_valid),
                .rx_data   (rx_data),
                .rx_last   (rx_last),
                .rx_bad    (rx_bad),
                .tx_valid  (tx_valid),
                .tx_ready  (tx_ready),
                .tx_data   (tx_data),
                .tx_last   (tx_last)
            );
            assign break_seen = 1'b0;
        end else begin : g_no_bytes
            assign txb_valid  = 1'b0;
            assign txb_data   = 8'd0;
            wire unused_bytes = &{rxb_valid_q, rxb_data_q};
        end

        if (FRONT == 2) begin : g_serial
            uart_front #(
                .CLK_HZ (`CLK_HZ),
                .BAUD   (BAUD)
            ) u_front (
                .clk        (clk_time),
                .rst_n      (rst_q),
                .rxd        (rxd_q),
                .txd        (txd),
                .break_seen (break_seen),
                .rx_valid   (rx_valid),
                .rx_data    (rx_data),
                .rx_last    (rx_last),
                .rx_bad     (rx_bad),
                .tx_valid   (tx_valid),
                .tx_ready   (tx_ready),
                .tx_data    (tx_data),
                .tx_last    (tx_last)
            );
        end else begin : g_no_serial
            assign txd = 1'b1;
            wire unused_line = rxd_q;
        end
    endgenerate

endmodule

`default_nettype wire
