// SPDX-License-Identifier: BSD-3-Clause
// The small modules of the core, side by side: one build for all their tests. The bench sets the registers.

`default_nettype none

module core_parts;

  reg clk = 1'b0;
  reg rst_n;

  // axis_lines, axis
  reg          axis_load;
  reg  [8:0]   axis_start;
  reg  [9:0]   axis_count;
  reg  [8:0]   axis_stride;
  reg          axis_bitmap;
  reg          axis_w_valid;
  wire         axis_w_ready;
  reg  [31:0]  axis_w_data;
  wire         axis_loaded;
  wire [9:0]   axis_bits_set;
  wire [8:0]   axis_first_line;
  wire [8:0]   axis_last_line;
  reg          axis_restart;
  reg          axis_next;
  wire [8:0]   axis_line;
  wire         axis_last;

  // line_mask, wide
  reg          wide_load;
  reg  [8:0]   wide_start;
  reg  [9:0]   wide_count;
  reg  [8:0]   wide_stride;
  reg          wide_bitmap;
  reg          wide_w_valid;
  reg  [31:0]  wide_w_data;
  wire         wide_done;
  wire [511:0] wide_mask;

  // line_mask, narrow
  reg          narrow_load;
  reg  [8:0]   narrow_start;
  reg  [9:0]   narrow_count;
  reg  [8:0]   narrow_stride;
  reg          narrow_bitmap;
  reg          narrow_w_valid;
  reg  [31:0]  narrow_w_data;
  wire         narrow_done;
  wire [39:0]  narrow_mask;

  // bit_unpack, unpack
  reg          unpack_start;
  reg          unpack_stop;
  reg  [15:0]  unpack_first;
  reg  [3:0]   unpack_width;
  wire [15:0]  unpack_q_address;
  reg  [31:0]  unpack_q_data;
  wire         unpack_f_valid;
  reg          unpack_f_ready;
  wire [8:0]   unpack_f_data;
  reg          unpack_end_vector;

  // result_pack, pack
  reg          pack_clear;
  reg  [1:0]   pack_width;
  reg          pack_r_valid;
  reg  [31:0]  pack_r_data;
  reg          pack_r_saturated;
  reg          pack_r_last;
  wire         pack_idle;
  wire [31:0]  pack_saturated;
  reg          pack_flush;
  wire         pack_flushed;
  wire         pack_w_write;
  wire [15:0]  pack_w_address;
  wire [31:0]  pack_w_data;
  wire [15:0]  pack_words;

  // watchdog, dog
  reg          dog_active;
  reg          dog_feed;
  reg  [7:0]   dog_limit;
  wire         dog_trip;
  wire [31:0]  dog_trips;

  // limit_guard, guard
  reg          guard_kill;
  reg          guard_safe_latched;
  reg  [63:0]  guard_limit_voltage;
  reg  [15:0]  guard_limit_gate;
  reg  [31:0]  guard_limit_width;
  reg          guard_arm;
  reg          guard_disarm;
  reg  [7:0]   guard_arm_rows;
  reg  [39:0]  guard_arm_columns;
  reg  [7:0]   guard_arm_operations;
  reg  [31:0]  guard_arm_pulses;
  reg  [15:0]  guard_arm_voltage;
  reg  [31:0]  guard_arm_expiry;
  wire         guard_armed;
  wire [31:0]  guard_pulses_left;
  reg          guard_g_sweep;
  reg          guard_g_valid;
  reg          guard_g_dry;
  reg  [1:0]   guard_g_kind;
  reg  [8:0]   guard_g_row;
  reg  [39:0]  guard_g_mask;
  reg  [15:0]  guard_g_voltage;
  reg  [15:0]  guard_g_gate;
  reg  [31:0]  guard_g_width;
  wire         guard_g_done;
  wire [7:0]   guard_g_status;
  wire [31:0]  guard_g_limit;
  wire         guard_given;
  wire [9:0]   guard_given_cells;
  wire         guard_p_valid;
  reg          guard_p_ready;
  wire [1:0]   guard_p_kind;
  wire [8:0]   guard_p_row;
  wire [39:0]  guard_p_mask;
  wire [15:0]  guard_p_voltage;
  wire [15:0]  guard_p_gate;
  wire         guard_p_drive;
  reg          guard_p_done;
  reg  [15:0]  guard_read_code;
  reg  [8:0]   guard_x_line;
  reg          guard_x_valid_in;
  wire         guard_x_ready_in;
  wire         guard_x_valid;
  reg          guard_x_ready;

  axis_lines u_axis (
      .clk       (clk),
      .rst_n     (rst_n),
      .load      (axis_load),
      .start     (axis_start),
      .count     (axis_count),
      .stride    (axis_stride),
      .bitmap    (axis_bitmap),
      .w_valid   (axis_w_valid),
      .w_ready   (axis_w_ready),
      .w_data    (axis_w_data),
      .loaded    (axis_loaded),
      .bits_set  (axis_bits_set),
      .first_line(axis_first_line),
      .last_line (axis_last_line),
      .restart   (axis_restart),
      .next      (axis_next),
      .line      (axis_line),
      .last      (axis_last)
  );

  line_mask #(
      .LINES(512)
  ) u_wide (
      .clk    (clk),
      .rst_n  (rst_n),
      .load   (wide_load),
      .start  (wide_start),
      .count  (wide_count),
      .stride (wide_stride),
      .bitmap (wide_bitmap),
      .w_valid(wide_w_valid),
      .w_data (wide_w_data),
      .done   (wide_done),
      .mask   (wide_mask)
  );

  line_mask #(
      .LINES(40)
  ) u_narrow (
      .clk    (clk),
      .rst_n  (rst_n),
      .load   (narrow_load),
      .start  (narrow_start),
      .count  (narrow_count),
      .stride (narrow_stride),
      .bitmap (narrow_bitmap),
      .w_valid(narrow_w_valid),
      .w_data (narrow_w_data),
      .done   (narrow_done),
      .mask   (narrow_mask)
  );

  bit_unpack u_unpack (
      .clk       (clk),
      .rst_n     (rst_n),
      .start     (unpack_start),
      .stop      (unpack_stop),
      .first     (unpack_first),
      .width     (unpack_width),
      .q_address (unpack_q_address),
      .q_data    (unpack_q_data),
      .f_valid   (unpack_f_valid),
      .f_ready   (unpack_f_ready),
      .f_data    (unpack_f_data),
      .end_vector(unpack_end_vector)
  );

  result_pack #(
      .MAX_PAYLOAD_WORDS(64)
  ) u_pack (
      .clk        (clk),
      .rst_n      (rst_n),
      .clear      (pack_clear),
      .width      (pack_width),
      .r_valid    (pack_r_valid),
      .r_data     (pack_r_data),
      .r_saturated(pack_r_saturated),
      .r_last     (pack_r_last),
      .idle       (pack_idle),
      .saturated  (pack_saturated),
      .flush      (pack_flush),
      .flushed    (pack_flushed),
      .w_write    (pack_w_write),
      .w_address  (pack_w_address),
      .w_data     (pack_w_data),
      .words      (pack_words)
  );

  watchdog #(
      .W(8)
  ) u_dog (
      .clk     (clk),
      .clk_time(clk),
      .rst_n   (rst_n),
      .active  (dog_active),
      .feed    (dog_feed),
      .limit   (dog_limit),
      .trip    (dog_trip),
      .trips   (dog_trips)
  );

  limit_guard #(
      .ROWS(8),
      .COLS(40),
      .EXPIRY_LOG2(4)
  ) u_guard (
      .clk           (clk),
      .rst_n         (rst_n),
      .kill          (guard_kill),
      .safe_latched  (guard_safe_latched),
      .limit_voltage (guard_limit_voltage),
      .limit_gate    (guard_limit_gate),
      .limit_width   (guard_limit_width),
      .arm           (guard_arm),
      .disarm        (guard_disarm),
      .arm_rows      (guard_arm_rows),
      .arm_columns   (guard_arm_columns),
      .arm_operations(guard_arm_operations),
      .arm_pulses    (guard_arm_pulses),
      .arm_voltage   (guard_arm_voltage),
      .arm_expiry    (guard_arm_expiry),
      .armed         (guard_armed),
      .pulses_left   (guard_pulses_left),
      .g_sweep       (guard_g_sweep),
      .g_valid       (guard_g_valid),
      .g_dry         (guard_g_dry),
      .g_kind        (guard_g_kind),
      .g_row         (guard_g_row),
      .g_mask        (guard_g_mask),
      .g_voltage     (guard_g_voltage),
      .g_gate        (guard_g_gate),
      .g_width       (guard_g_width),
      .g_done        (guard_g_done),
      .g_status      (guard_g_status),
      .g_limit       (guard_g_limit),
      .given         (guard_given),
      .given_cells   (guard_given_cells),
      .p_valid       (guard_p_valid),
      .p_ready       (guard_p_ready),
      .p_kind        (guard_p_kind),
      .p_row         (guard_p_row),
      .p_mask        (guard_p_mask),
      .p_voltage     (guard_p_voltage),
      .p_gate        (guard_p_gate),
      .p_drive       (guard_p_drive),
      .p_done        (guard_p_done),
      .read_code     (guard_read_code),
      .x_line        (guard_x_line),
      .x_valid_in    (guard_x_valid_in),
      .x_ready_in    (guard_x_ready_in),
      .x_valid       (guard_x_valid),
      .x_ready       (guard_x_ready)
  );

endmodule

`default_nettype wire
