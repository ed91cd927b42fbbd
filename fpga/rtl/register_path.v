// SPDX-License-Identifier: BSD-3-Clause
// Registers, limits and tables: what executes the requests that do not touch the array.
//
// The limits stand beside the register file, not in it: no access but the judged one reaches them. `words` are value, bound and
// place of a refusal, from bit 0. `hash` is the CRC-32 of the limits, `hash_done` 193 cycles after `hash_start`.

`default_nettype none
`include "board_map.vh"

module register_path #(
    parameter [111:0] CEILINGS = 112'd0  // of LIMIT_FORM_V .. LIMIT_WIDTH, the first lowest
) (
    input  wire         clk,
    input  wire         clk_time,
    input  wire         clk_registers,
    input  wire         rst_n,

    // Request, execution (register_access)
    input  wire         start,
    input  wire [7:0]   opcode,
    input  wire [15:0]  q_words,
    input  wire [31:0]  word0,
    input  wire [31:0]  word1,
    output wire         done,
    output wire [7:0]   status,
    output wire [95:0]  words,
    output wire [15:0]  total,
    output wire [15:0]  q_address,
    input  wire [31:0]  q_data,
    output wire         w_write,
    output wire [15:0]  w_address,
    output wire [31:0]  w_data,
    input  wire         hash_start,
    output wire         hash_done,
    output wire [31:0]  hash,

    // What is read
    input  wire [31:0]  boot_id,
    input  wire [6:0]   state,
    input  wire [31:0]  frames_received,
    input  wire [31:0]  crc_errors,
    input  wire [31:0]  gaps,
    input  wire [31:0]  duplicates,
    input  wire [31:0]  watchdog_trips,
    input  wire         reading,
    input  wire         given,
    input  wire [9:0]   given_cells,
    output wire [31:0]  pulses,

    // What is written
    output wire         control_safe,
    output wire         clear_safe,
    output wire [31:0]  watchdog_cycles,
    output wire [31:0]  operation_cycles,
    output wire [63:0]  limit_voltage,
    output wire [15:0]  limit_gate,
    output wire [31:0]  limit_width,
    output wire         locked,
    output wire         t_valid,
    output wire [3:0]   t_table,
    output wire [11:0]  t_index,
    output wire [17:0]  t_data,
    output wire [810:0] emu
);

  wire        s_req, s_write, s_read_ack, s_write_ack, l_write;
  wire [7:0]  s_address, l_status;
  wire [31:0] s_data, s_value, l_data, l_value, l_bound, value, bound, place;
  wire [2:0]  l_index, hash_index;

  register_access u_access (
      .clk        (clk_registers),
      .rst_n      (rst_n),
      .start      (start),
      .opcode     (opcode),
      .words      (q_words),
      .word0      (word0),
      .word1      (word1),
      .done       (done),
      .status     (status),
      .value      (value),
      .bound      (bound),
      .place      (place),
      .reply_words(total),
      .q_address  (q_address),
      .q_data     (q_data),
      .w_write    (w_write),
      .w_address  (w_address),
      .w_data     (w_data),
      .s_req      (s_req),
      .s_write    (s_write),
      .s_address  (s_address),
      .s_data     (s_data),
      .s_read_ack (s_read_ack),
      .s_write_ack(s_write_ack),
      .s_value    (s_value),
      .l_write    (l_write),
      .l_index    (l_index),
      .l_data     (l_data),
      .l_value    (l_value),
      .l_status   (l_status),
      .l_bound    (l_bound),
      .t_valid    (t_valid),
      .t_table    (t_table),
      .t_index    (t_index),
      .t_data     (t_data)
  );

  limit_registers #(
      .CEILING_FORM_V (CEILINGS[15:0]),
      .CEILING_SET_V  (CEILINGS[31:16]),
      .CEILING_RESET_V(CEILINGS[47:32]),
      .CEILING_READ_V (CEILINGS[63:48]),
      .CEILING_GATE_V (CEILINGS[79:64]),
      .CEILING_WIDTH  (CEILINGS[111:80])
  ) u_limits (
      .clk          (clk_registers),
      .rst_n        (rst_n),
      .write        (l_write),
      .index        (opcode == `OP_ARM ? hash_index : l_index),
      .data         (l_data),
      .value        (l_value),
      .status       (l_status),
      .bound        (l_bound),
      .limit_voltage(limit_voltage),
      .limit_gate   (limit_gate),
      .limit_width  (limit_width),
      .locked       (locked)
  );

  limit_hash u_hash (
      .clk  (clk_registers),
      .rst_n(rst_n),
      .start(hash_start),
      .index(hash_index),
      .value(l_value),
      .done (hash_done),
      .hash (hash)
  );

  board_registers u_registers (
      .clk             (clk),
      .clk_time        (clk_time),
      .clk_registers   (clk_registers),
      .rst_n           (rst_n),
      .s_req           (s_req),
      .s_write         (s_write),
      .s_address       (s_address),
      .s_data          (s_data),
      .s_read_ack      (s_read_ack),
      .s_write_ack     (s_write_ack),
      .s_value         (s_value),
      .boot_id         (boot_id),
      .state           (state),
      .frames_received (frames_received),
      .crc_errors      (crc_errors),
      .gaps            (gaps),
      .duplicates      (duplicates),
      .watchdog_trips  (watchdog_trips),
      .reading         (reading),
      .given           (given),
      .given_cells     (given_cells),
      .pulses          (pulses),
      .control_safe    (control_safe),
      .clear_safe      (clear_safe),
      .watchdog_cycles (watchdog_cycles),
      .operation_cycles(operation_cycles),
      .emu             (emu)
  );

  assign words = {place, bound, value};

endmodule

`default_nettype wire
