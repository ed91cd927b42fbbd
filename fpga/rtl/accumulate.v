// SPDX-License-Identifier: BSD-3-Clause
// Adds conversions into results and sends them in column order (docs/emulator.md, "Results").
//
// Four banks of per-column sums: one is filled while older ones leave at one result a cycle.
// `s_ready` says that a bank is free; `s_take` takes it for the result that begins. Columns
// that were not kept cost no cycle. Holds the tables DARK and CORRECTION. `drop` empties it.

`include "board_map.vh"
`default_nettype none

module accumulate #(
    parameter COLS      = 512,  // columns of the widest macro
    parameter ADC_LANES = 4     // conversions a beat: 1, 2 or 4
) (
    input  wire                    clk,
    input  wire                    rst_n,
    input  wire                    drop,
    output wire                    idle,

    // Configuration, stable while not idle
    input  wire [1:0]              cfg_range,
    input  wire                    cfg_raw,
    input  wire                    cfg_pairs,
    input  wire [1:0]              cfg_width,  // result width: 0 = 16, 1 = 24, 2 = 32 bits

    // Samples (docs/macro_port.md)
    output wire                    s_ready,
    input  wire                    s_take,
    input  wire                    s_valid,
    input  wire [8:0]              s_column,
    input  wire [2:0]              s_plane,
    input  wire [ADC_LANES-1:0]    s_keep,
    input  wire [ADC_LANES*24-1:0] s_code,
    input  wire [ADC_LANES-1:0]    s_saturated,
    input  wire                    s_first,
    input  wire                    s_last,

    // Tables
    input  wire                    t_valid,
    input  wire [3:0]              t_table,
    input  wire [11:0]             t_index,
    input  wire [17:0]             t_data,

    // Results
    output wire                    r_valid,
    input  wire                    r_ready,
    output wire [31:0]             r_data,
    output wire                    r_saturated,
    output wire                    r_last      // last column of a result
);

endmodule

`default_nettype wire
