// SPDX-License-Identifier: BSD-3-Clause
// One board with one emulated macro, between its word front and its array (docs/modules/core.md).
//
// Packets of 32-bit words come in on `rx_*` and leave on `tx_*` (docs/link_port.md); a byte front or a
// packet wire stands before them. `stop_pin` and `break_seen` are synchronous to `clk` (the top brings
// pins in through `sync_bit`); either does what SAFE does. `drive_active` is the pulse output enable, low at reset,
// and falls in the cycle after any safe event; `read_active` is high while rows are driven to read.
// The `nv_*` ports restore and mirror the emulated cells; tie them off in an FPGA.

`default_nettype none
`include "board_map.vh"

module board_core #(
    parameter        ROWS              = 512,    // driven lines, at most 512
    parameter        COLS              = 512,    // sensed lines, at most 512, a multiple of LANES
    parameter        LANES             = 64,     // columns accumulated a cycle
    parameter        ADC_LANES         = 4,      // conversions a cycle: 1, 2, 4
    parameter        REQUEST_WORDS     = 4096,   // request ring, in words, a power of two
    parameter        REPLY_WORDS       = 8192,   // reply ring, in words, a power of two
    parameter        MAX_PAYLOAD_WORDS = 1024,   // largest payload of a frame, in words
    parameter [31:0] BUILD_HASH        = 32'd0,  // names this build in HELLO
    parameter [0:0]  SIMULATED         = 1'b0,   // identity flag: a simulated board
    parameter [15:0] CEILING_FORM_V    = `VOLTAGE_CEILING,  // highest limits that can be set, DAC codes
    parameter [15:0] CEILING_SET_V     = `VOLTAGE_CEILING,
    parameter [15:0] CEILING_RESET_V   = `VOLTAGE_CEILING,
    parameter [15:0] CEILING_READ_V    = `VOLTAGE_CEILING,
    parameter [15:0] CEILING_GATE_V    = `VOLTAGE_CEILING,
    parameter [31:0] CEILING_WIDTH     = `WIDTH_CEILING     // longest pulse width limit, in clk cycles
) (
    input  wire                clk,
    input  wire                rst_n,

    // Word front
    input  wire                rx_valid,
    input  wire [31:0]         rx_data,
    input  wire                rx_last,
    input  wire                rx_bad,
    output wire                tx_valid,
    input  wire                tx_ready,
    output wire [31:0]         tx_data,
    output wire                tx_last,

    // Identity, pins
    input  wire [31:0]         boot_id,
    input  wire [63:0]         uid,
    input  wire                stop_pin,
    input  wire                break_seen,
    output wire                drive_active,
    output wire                read_active,
    output wire                safe_latched,

    // Non-volatile restore and mirror of the emulated cells
    input  wire                nv_load,
    input  wire                nv_kind,
    input  wire [11:0]         nv_address,
    input  wire [LANES*10-1:0] nv_data,
    output wire                nv_write,
    output wire [8:0]          nv_row,
    output wire [8:0]          nv_column,
    output wire [9:0]          nv_g
);
endmodule

`default_nettype wire
