// SPDX-License-Identifier: BSD-3-Clause
// The emulated macro: implements docs/macro_port.md with the arithmetic of docs/emulator.md.
//
// Vectors enter two buffers (`emu_vectors`), are accumulated LANES columns a cycle
// (`emu_issue`, `emu_cells`, `emu_lanes`), wait as packed plane sums in four slots
// (`emu_partial`) and are converted ADC_LANES columns of one plane a cycle (`emu_drain`,
// `adc_lane`). Cell writes of any kind go through `cell_engine`. Cycle counts are those of
// docs/emulator.md, section "Cycles". `t_*` writes are ignored for tables kept elsewhere.

`include "board_map.vh"
`default_nettype none

module macro_emulator #(
    parameter ROWS      = 512,  // driven lines, at most 512
    parameter COLS      = 512,  // sensed lines, at most 512 and 8 * LANES
    parameter LANES     = 64,   // columns accumulated a cycle, 8..64
    parameter ADC_LANES = 4     // conversions a cycle: 1, 2 or 4
) (
    input  wire                    clk,
    input  wire                    rst_n,

    // Configuration, stable while not idle
    input  wire [7:0]              cfg_macro,
    input  wire [1:0]              cfg_range,
    input  wire [3:0]              cfg_bits,
    input  wire                    cfg_signed,
    input  wire                    cfg_raw,
    input  wire [7:0]              cfg_repeats,
    input  wire                    cfg_polarity,
    input  wire [1:0]              cfg_idle,
    input  wire                    cfg_reference,
    input  wire [15:0]             cfg_level,
    input  wire [15:0]             cfg_read_code,
    input  wire [COLS-1:0]         cfg_mask,
    input  wire [2:0]              cfg_first_group,
    input  wire [2:0]              cfg_last_group,

    // Vectors
    input  wire                    x_valid,
    output wire                    x_ready,
    input  wire [8:0]              x_line,
    input  wire [8:0]              x_code,
    input  wire                    x_last,
    input  wire [63:0]             x_index,

    // Samples
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
    input  wire [31:0]             p_elapsed,
    input  wire [63:0]             p_index,
    input  wire                    p_drive,
    output wire                    p_done,

    // Cells
    input  wire                    c_valid,
    output wire                    c_ready,
    input  wire                    c_write,
    input  wire [8:0]              c_row,
    input  wire [8:0]              c_column,
    input  wire [9:0]              c_g,
    output wire                    c_rvalid,
    output wire [9:0]              c_rdata,
    input  wire                    refresh,
    output wire                    refresh_done,

    // Tables
    input  wire                    t_valid,
    input  wire [3:0]              t_table,
    input  wire [11:0]             t_index,
    input  wire [17:0]             t_data,

    // EMU registers
    input  wire [31:0]             emu_chip_seed,
    input  wire [31:0]             emu_noise_seed,
    input  wire [15:0]             emu_read_noise,
    input  wire [15:0]             emu_adc_noise,
    input  wire [23:0]             emu_adc_min,
    input  wire [23:0]             emu_adc_max,
    input  wire [31:0]             emu_range_shift,
    input  wire [31:0]             emu_read_gain,
    input  wire [15:0]             emu_reference_unit,
    input  wire [9:0]              emu_formed_floor,
    input  wire [15:0]             emu_stress_origin,
    input  wire [15:0]             emu_stress_slope,
    input  wire [15:0]             emu_reset_onset,
    input  wire [15:0]             emu_reset_slope_v,
    input  wire [15:0]             emu_reset_slope_w,
    input  wire [15:0]             emu_reset_spread,
    input  wire                    emu_row_position,

    // Control
    input  wire                    abort,
    output wire                    idle,

    // Non-volatile mirror (simulation; tied off in FPGA tops)
    input  wire                    nv_load,
    input  wire                    nv_kind,     // 0: LANES cells, 1: sums of one column
    input  wire [11:0]             nv_address,  // kind 0: group (11:9), row (8:0); 1: column
    input  wire [LANES*10-1:0]     nv_data,     // kind 0: cells; 1: S1 18:0, S2 47:19, mroot 59:48
    output wire                    nv_write,
    output wire [8:0]              nv_row,
    output wire [8:0]              nv_column,
    output wire [9:0]              nv_g
);

endmodule

`default_nettype wire
