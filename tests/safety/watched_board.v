// SPDX-License-Identifier: BSD-3-Clause
// The whole board at its smallest, with what its macro is told to drive as outputs, for the search (docs/modules/core.md).
//
// Nothing is stubbed and nothing here reaches into the board: the probes only look, at the macro's own port behind
// the guard and at the head of the request queue. `mutant` selects a break where the build has any (mutants.toml).

`default_nettype none

module watched_board #(
    parameter ROWS      = 8,
    parameter COLS      = 8,
    parameter LANES     = 8,
    parameter ADC_LANES = 1
) (
    input  wire            clk,
    input  wire            rst_n,
    input  wire [7:0]      mutant,

    // Word front, pins
    input  wire            rx_valid,
    input  wire [31:0]     rx_data,
    input  wire            rx_last,
    input  wire            rx_bad,
    output wire            tx_valid,
    input  wire            tx_ready,
    output wire [31:0]     tx_data,
    output wire            tx_last,
    input  wire            stop_pin,
    input  wire            break_seen,
    output wire            drive_active,
    output wire            read_active,
    output wire            safe_latched,

    // Requests that end
    output wire            q_done,
    output wire [7:0]      q_opcode,
    output wire [7:0]      r_status,
    output wire [15:0]     r_room,

    // What the macro is told
    output wire            armed,
    output wire            busy,
    output wire            p_valid,
    output wire            p_ready,
    output wire            p_drive,
    output wire [1:0]      p_kind,
    output wire [8:0]      p_row,
    output wire [COLS-1:0] p_mask,
    output wire [15:0]     p_voltage,
    output wire [15:0]     p_gate,
    output wire            x_valid,
    output wire [15:0]     read_code,

    // Cells that change
    output wire            nv_write,
    output wire [8:0]      nv_row,
    output wire [8:0]      nv_column,
    output wire [9:0]      nv_g
);

  board_core #(
      .ROWS             (ROWS),
      .COLS             (COLS),
      .LANES            (LANES),
      .ADC_LANES        (ADC_LANES),
      .REQUEST_WORDS    (512),
      .REPLY_WORDS      (512),
      .MAX_PAYLOAD_WORDS(128),
      .SIMULATED        (1'b1)
  ) u_board (
      .clk         (clk),
      .rst_n       (rst_n),
      .rx_valid    (rx_valid),
      .rx_data     (rx_data),
      .rx_last     (rx_last),
      .rx_bad      (rx_bad),
      .tx_valid    (tx_valid),
      .tx_ready    (tx_ready),
      .tx_data     (tx_data),
      .tx_last     (tx_last),
      .boot_id     (32'd1),
      .uid         (64'd1),
      .stop_pin    (stop_pin),
      .break_seen  (break_seen),
      .drive_active(drive_active),
      .read_active (read_active),
      .safe_latched(safe_latched),
      .nv_load     (1'b0),
      .nv_kind     (1'b0),
      .nv_address  (15'd0),
      .nv_data     ({LANES * 10{1'b0}}),
      .nv_write    (nv_write),
      .nv_row      (nv_row),
      .nv_column   (nv_column),
      .nv_g        (nv_g),
      .pins_in     (24'd0),
      .pins_out    ()
  );

  assign q_done    = u_board.q_done;
  assign q_opcode  = u_board.q_opcode;
  assign r_status  = u_board.r_status;
  assign r_room    = u_board.r_room;
  assign armed     = u_board.state[0];
  assign busy      = u_board.state[2];
  assign p_valid   = u_board.u_core.u_execution.u_array.u_macro.u_macro.p_valid;
  assign p_ready   = u_board.u_core.u_execution.u_array.u_macro.u_macro.p_ready;
  assign p_drive   = u_board.u_core.u_execution.u_array.u_macro.u_macro.p_drive;
  assign p_kind    = u_board.u_core.u_execution.u_array.u_macro.u_macro.p_kind;
  assign p_row     = u_board.u_core.u_execution.u_array.u_macro.u_macro.p_row;
  assign p_mask    = u_board.u_core.u_execution.u_array.u_macro.u_macro.p_mask;
  assign p_voltage = u_board.u_core.u_execution.u_array.u_macro.u_macro.p_voltage;
  assign p_gate    = u_board.u_core.u_execution.u_array.u_macro.u_macro.p_gate;
  assign x_valid   = u_board.u_core.u_execution.u_array.u_macro.u_macro.x_valid;
  assign read_code = u_board.u_core.u_execution.u_array.u_macro.u_macro.fixed[47:32];

endmodule

`default_nettype wire
