// SPDX-License-Identifier: BSD-3-Clause
// One board with one emulated macro, between its word front and its array (docs/modules/core.md).
//
// Packets of 32-bit words come in on `rx_*` and leave on `tx_*` (docs/link_port.md); a byte front or a
// packet wire stands before them. `stop_pin` and `break_seen` are synchronous to `clk` (the top brings
// pins in through `sync_bit`); either does what SAFE does. `drive_active` is the pulse output enable, low at reset,
// and falls in the cycle after any safe event; `read_active` is high while rows are driven to read.
// Every `clk_*` is `clk`; where RESTING_CLOCKS is defined (the simulated board) they are ports, and a clock whose subsystem has
// nothing to do may rest. The `nv_*` ports restore and mirror the emulated cells; tie them off in an FPGA.

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
    parameter        CLK_HZ            = `CLK_HZ,  // clk, in hertz, told in HELLO
    parameter [31:0] BUILD_HASH        = 32'd0,  // names this build in HELLO
    parameter [0:0]  SIMULATED         = 1'b0,   // identity flag: a simulated board
    parameter [0:0]  READ_ONLY         = 1'b0,   // macro_serial and no soft core: a small board, which only reads
    parameter [287:0] AFE              = 288'd0, // 0: an emulated macro, else the analog front end (afe_front, afe_board.vh)
    parameter [15:0] CEILING_FORM_V    = `VOLTAGE_CEILING,  // highest limits that can be set, DAC codes
    parameter [15:0] CEILING_SET_V     = `VOLTAGE_CEILING,
    parameter [15:0] CEILING_RESET_V   = `VOLTAGE_CEILING,
    parameter [15:0] CEILING_READ_V    = `VOLTAGE_CEILING,
    parameter [15:0] CEILING_GATE_V    = `VOLTAGE_CEILING,
    parameter [31:0] CEILING_WIDTH     = `WIDTH_CEILING     // longest pulse width limit, in clk cycles
) (
    input  wire                clk,
`ifdef RESTING_CLOCKS
    input  wire                clk_time,
    input  wire                clk_link,
    input  wire                clk_check,
    input  wire                clk_registers,
    input  wire                clk_pulses,
    input  wire                clk_rows,
    input  wire                clk_results,
    input  wire                clk_core,
`endif
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
    input  wire [14:0]         nv_address,
    input  wire [LANES*10-1:0] nv_data,
    output wire                nv_write,
    output wire [8:0]          nv_row,
    output wire [8:0]          nv_column,
    output wire [9:0]          nv_g,

    // Pins of the analog front end (afe_front); with the emulated macro tie inputs off, outputs are low
    input  wire [23:0]         pins_in,
    output wire [60:0]         pins_out
);

`ifndef RESTING_CLOCKS
  wire clk_time = clk, clk_link = clk, clk_check = clk, clk_registers = clk, clk_pulses = clk, clk_rows = clk,
      clk_results = clk, clk_core = clk;
`endif

  localparam [0:0]  ANALOG   = AFE != 288'd0;  // its array is emulated where the whole board is simulated
  localparam [31:0] LANES_32 = LANES, ADC_LANES_32 = ADC_LANES, COLS_32 = COLS, ROWS_32 = ROWS;

  wire        q_valid, q_dropped, safe_seen, epoch_seen, epoch_clear, epoch_open, feed, q_done, r_write;
  wire        safe_event, core_idle;
  wire [6:0]  state;
  wire [7:0]  q_opcode, r_status;
  wire [15:0] q_words, r_room, q_address, r_address, r_words;
  wire [31:0] q_data, frames_received, crc_errors, gaps, duplicates, r_data, pulses, image_crc;

  wire [63:0] geometry = {8'd`MAX_INPUT_BITS, 8'd`RANGES, ADC_LANES_32[7:0], LANES_32[7:0],
      COLS_32[15:0], ROWS_32[15:0]};

  link_engine #(
      .REQUEST_WORDS    (REQUEST_WORDS),
      .REPLY_WORDS      (REPLY_WORDS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS),
      .CLK_HZ           (CLK_HZ)
  ) u_link (
      .clk            (clk_link),
      .rst_n          (rst_n),
      .rx_valid       (rx_valid),
      .rx_data        (rx_data),
      .rx_last        (rx_last),
      .rx_bad         (rx_bad),
      .tx_valid       (tx_valid),
      .tx_ready       (tx_ready),
      .tx_data        (tx_data),
      .tx_last        (tx_last),
      .q_valid        (q_valid),
      .q_opcode       (q_opcode),
      .q_words        (q_words),
      .q_dropped      (q_dropped),
      .q_address      (q_address),
      .q_data         (q_data),
      .q_done         (q_done),
      .r_room         (r_room),
      .r_write        (r_write),
      .r_address      (r_address),
      .r_data         (r_data),
      .r_status       (r_status),
      .r_words        (r_words),
      .safe_seen      (safe_seen),
      .epoch_seen     (epoch_seen),
      .safe_event     (safe_event),
      .core_idle      (core_idle),
      .epoch_clear    (epoch_clear),
      .epoch_open     (epoch_open),
      .feed           (feed),
      .state          ({1'b0, state}),
      .id_flags       ({10'd0, READ_ONLY, ANALOG, SIMULATED, 1'b1, image_crc != 32'd0, !ANALOG || SIMULATED}),
      .id_build       (BUILD_HASH),
      .id_firmware    (image_crc),
      .id_uid         (uid),
      .id_boot        (boot_id),
      .id_pulses      (pulses),
      .id_macros      (8'd1),
      .id_geometry    (geometry),
      .frames_received(frames_received),
      .crc_errors     (crc_errors),
      .gaps           (gaps),
      .duplicates     (duplicates)
  );

  core_engine #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .LANES            (LANES),
      .ADC_LANES        (ADC_LANES),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS),
      .HAS              ({!READ_ONLY, !ANALOG && !READ_ONLY, !ANALOG || SIMULATED}),
      .AFE              (READ_ONLY ? 288'd1 : AFE),
      .CEILINGS         ({CEILING_WIDTH, CEILING_GATE_V, CEILING_READ_V, CEILING_RESET_V, CEILING_SET_V, CEILING_FORM_V})
  ) u_core (
      .clk            (clk),
      .clk_time       (clk_time),
      .clk_check      (clk_check),
      .clk_registers  (clk_registers),
      .clk_pulses     (clk_pulses),
      .clk_rows       (clk_rows),
      .clk_results    (clk_results),
      .clk_core       (clk_core),
      .rst_n          (rst_n),
      .q_valid        (q_valid),
      .q_opcode       (q_opcode),
      .q_words        (q_words),
      .q_dropped      (q_dropped),
      .q_address      (q_address),
      .q_data         (q_data),
      .q_done         (q_done),
      .r_room         (r_room),
      .r_write        (r_write),
      .r_address      (r_address),
      .r_data         (r_data),
      .r_status       (r_status),
      .r_words        (r_words),
      .safe_seen      (safe_seen),
      .epoch_seen     (epoch_seen),
      .safe_event     (safe_event),
      .core_idle      (core_idle),
      .epoch_clear    (epoch_clear),
      .epoch_open     (epoch_open),
      .feed           (feed),
      .state          (state),
      .pulses         (pulses),
      .link_counts    ({duplicates, gaps, crc_errors, frames_received}),
      .image_crc      (image_crc),
      .boot_id        (boot_id),
      .stop_pin       (stop_pin),
      .break_seen     (break_seen),
      .drive_active   (drive_active),
      .read_active    (read_active),
      .safe_latched   (safe_latched),
      .nv_in          ({nv_data, nv_address, nv_kind, nv_load}),
      .nv_out         ({nv_g, nv_column, nv_row, nv_write}),
      .pins_in        (pins_in),
      .pins_out       (pins_out)
  );

endmodule

`default_nettype wire
