// SPDX-License-Identifier: BSD-3-Clause
// The generated register file with its counters; the limits are not in it (limit_registers).
//
// One access a request on `s_*`: `s_req` high until the acknowledge, which comes in the same cycle. `control_safe`, `clear_safe` are
// high for one cycle after CONTROL is written. `emu` gathers the EMU registers, in the order in which macro_sums takes them
// apart; from bit 331 on those from EMU_PHYSICS on, a word each.

`default_nettype none
`include "board_map.vh"

module board_registers (
    input  wire         clk,
    input  wire         clk_time,
    input  wire         clk_registers,
    input  wire         rst_n,

    // Access
    input  wire         s_req,
    input  wire         s_write,
    input  wire [7:0]   s_address,
    input  wire [31:0]  s_data,
    output wire         s_read_ack,
    output wire         s_write_ack,
    output wire [31:0]  s_value,

    // What is read
    input  wire [31:0]  boot_id,
    input  wire [6:0]   state,
    input  wire [31:0]  frames_received,
    input  wire [31:0]  crc_errors,
    input  wire [31:0]  gaps,
    input  wire [31:0]  duplicates,
    input  wire [31:0]  watchdog_trips,
    input  wire         reading,           // counted in BUSY_CYCLES
    input  wire         given,             // `given_cells` are added to PULSES_SINCE_BOOT
    input  wire [9:0]   given_cells,
    output wire [31:0]  pulses,

    // What is written
    output wire         control_safe,
    output wire         clear_safe,
    output wire [31:0]  watchdog_cycles,
    output wire [31:0]  operation_cycles,
    output wire [810:0] emu
);

  // ---- State ----
  reg [31:0] boot_q;
  reg [63:0] clock_q;
  reg [31:0] busy_q, pulses_q;
  wire       clear_counters;

  // ---- Registers ----
  always @(posedge clk) boot_q <= boot_id;

  always @(posedge clk_time) begin
    if (!rst_n) clock_q <= 64'd0;
    else clock_q <= clock_q + 64'd1;
    if (!rst_n || clear_counters) busy_q <= 32'd0;
    else if (reading) busy_q <= busy_q + 32'd1;
  end

  always @(posedge clk) begin
    if (!rst_n) pulses_q <= 32'd0;
    else if (given) pulses_q <= pulses_q + {22'd0, given_cells};
  end

  // What the file shows, in its own clock: nothing of it is evaluated while that rests. A count is one ahead, so that
  // it is the present one.
  reg [63:0] shown_clock_q;
  reg [31:0] shown_busy_q, shown_pulses_q;
  reg [6:0]  shown_state_q;
  always @(posedge clk_registers) begin
    shown_clock_q  <= rst_n ? clock_q + 64'd1 : 64'd0;
    shown_busy_q   <= busy_q;
    shown_pulses_q <= pulses_q;
    shown_state_q  <= state;
  end

  // ---- The file ----
  assign pulses = pulses_q;
  assign {emu[175:174], emu[167:166], emu[159:158], emu[151:150]} = 8'd0;
  assign {emu[426:421], emu[346:345], emu[338:333]} = 14'd0;

  board_regs u_file (
      .clk                              (clk_registers),
      .rst_n                            (rst_n),
      .s_cpuif_req                      (s_req),
      .s_cpuif_req_is_wr                (s_write),
      .s_cpuif_addr                     (s_address),
      .s_cpuif_wr_data                  (s_data),
      .s_cpuif_wr_biten                 (32'hFFFF_FFFF),
      .s_cpuif_req_stall_wr             (),
      .s_cpuif_req_stall_rd             (),
      .s_cpuif_rd_ack                   (s_read_ack),
      .s_cpuif_rd_err                   (),
      .s_cpuif_rd_data                  (s_value),
      .s_cpuif_wr_ack                   (s_write_ack),
      .s_cpuif_wr_err                   (),
      .hwif_in_map_hash_value           (`MAP_HASH),
      .hwif_in_boot_id_value            (boot_q),
      .hwif_out_control_safe            (control_safe),
      .hwif_out_control_clear_safe      (clear_safe),
      .hwif_out_control_clear_counters  (clear_counters),
      .hwif_in_state_armed              (shown_state_q[0]),
      .hwif_in_state_safe_latched       (shown_state_q[1]),
      .hwif_in_state_busy               (shown_state_q[2]),
      .hwif_in_state_locked             (shown_state_q[3]),
      .hwif_in_state_watchdog_tripped   (shown_state_q[4]),
      .hwif_in_state_epoch_open         (shown_state_q[5]),
      .hwif_in_state_driving            (shown_state_q[6]),
      .hwif_out_watchdog_cycles_value   (watchdog_cycles),
      .hwif_out_operation_cycles_value  (operation_cycles),
      .hwif_in_frames_received_value    (frames_received),
      .hwif_in_crc_errors_value         (crc_errors),
      .hwif_in_gaps_value               (gaps),
      .hwif_in_duplicates_value         (duplicates),
      .hwif_in_watchdog_trips_value     (watchdog_trips),
      .hwif_in_pulses_since_boot_value  (shown_pulses_q),
      .hwif_in_cycles_lo_value          (shown_clock_q[31:0]),
      .hwif_in_cycles_hi_value          (shown_clock_q[63:32]),
      .hwif_out_limit_form_v_req        (),
      .hwif_out_limit_form_v_req_is_wr  (),
      .hwif_in_limit_form_v_rd_ack      (1'b0),
      .hwif_in_limit_form_v_wr_ack      (1'b0),
      .hwif_in_limit_form_v_rd_data     (32'd0),
      .hwif_out_limit_form_v_wr_data    (),
      .hwif_out_limit_form_v_wr_biten   (),
      .hwif_out_limit_set_v_req         (),
      .hwif_out_limit_set_v_req_is_wr   (),
      .hwif_in_limit_set_v_rd_ack       (1'b0),
      .hwif_in_limit_set_v_wr_ack       (1'b0),
      .hwif_in_limit_set_v_rd_data      (32'd0),
      .hwif_out_limit_set_v_wr_data     (),
      .hwif_out_limit_set_v_wr_biten    (),
      .hwif_out_limit_reset_v_req       (),
      .hwif_out_limit_reset_v_req_is_wr (),
      .hwif_in_limit_reset_v_rd_ack     (1'b0),
      .hwif_in_limit_reset_v_wr_ack     (1'b0),
      .hwif_in_limit_reset_v_rd_data    (32'd0),
      .hwif_out_limit_reset_v_wr_data   (),
      .hwif_out_limit_reset_v_wr_biten  (),
      .hwif_out_limit_read_v_req        (),
      .hwif_out_limit_read_v_req_is_wr  (),
      .hwif_in_limit_read_v_rd_ack      (1'b0),
      .hwif_in_limit_read_v_wr_ack      (1'b0),
      .hwif_in_limit_read_v_rd_data     (32'd0),
      .hwif_out_limit_read_v_wr_data    (),
      .hwif_out_limit_read_v_wr_biten   (),
      .hwif_out_limit_gate_v_req        (),
      .hwif_out_limit_gate_v_req_is_wr  (),
      .hwif_in_limit_gate_v_rd_ack      (1'b0),
      .hwif_in_limit_gate_v_wr_ack      (1'b0),
      .hwif_in_limit_gate_v_rd_data     (32'd0),
      .hwif_out_limit_gate_v_wr_data    (),
      .hwif_out_limit_gate_v_wr_biten   (),
      .hwif_out_limit_width_req         (),
      .hwif_out_limit_width_req_is_wr   (),
      .hwif_in_limit_width_rd_ack       (1'b0),
      .hwif_in_limit_width_wr_ack       (1'b0),
      .hwif_in_limit_width_rd_data      (32'd0),
      .hwif_out_limit_width_wr_data     (),
      .hwif_out_limit_width_wr_biten    (),
      .hwif_out_limit_lock_req          (),
      .hwif_out_limit_lock_req_is_wr    (),
      .hwif_in_limit_lock_rd_ack        (1'b0),
      .hwif_in_limit_lock_wr_ack        (1'b0),
      .hwif_in_limit_lock_rd_data       (32'd0),
      .hwif_out_limit_lock_wr_data      (),
      .hwif_out_limit_lock_wr_biten     (),
      .hwif_in_busy_cycles_value        (shown_busy_q),
      .hwif_out_emu_chip_seed_value     (emu[31:0]),
      .hwif_out_emu_noise_seed_value    (emu[63:32]),
      .hwif_out_emu_read_noise_value    (emu[79:64]),
      .hwif_out_emu_adc_noise_value     (emu[95:80]),
      .hwif_out_emu_adc_min_value       (emu[119:96]),
      .hwif_out_emu_adc_max_value       (emu[143:120]),
      .hwif_out_emu_range_shift_range0  (emu[149:144]),
      .hwif_out_emu_range_shift_range1  (emu[157:152]),
      .hwif_out_emu_range_shift_range2  (emu[165:160]),
      .hwif_out_emu_range_shift_range3  (emu[173:168]),
      .hwif_out_emu_read_gain_value     (emu[207:176]),
      .hwif_out_emu_reference_unit_value(emu[223:208]),
      .hwif_out_emu_formed_floor_value  (emu[233:224]),
      .hwif_out_emu_stress_origin_value (emu[249:234]),
      .hwif_out_emu_stress_slope_value  (emu[265:250]),
      .hwif_out_emu_reset_onset_value   (emu[281:266]),
      .hwif_out_emu_reset_slope_v_value (emu[297:282]),
      .hwif_out_emu_reset_slope_w_value (emu[313:298]),
      .hwif_out_emu_reset_spread_value  (emu[329:314]),
      .hwif_out_emu_flags_row_position  (emu[330]),
      .hwif_out_emu_physics_dither      (emu[331]),
      .hwif_out_emu_physics_shorts      (emu[332]),
      .hwif_out_emu_physics_epoch       (emu[344:339]),
      .hwif_out_emu_physics_damage_reset(emu[362:347]),
      .hwif_out_emu_stuck_low           (emu[378:363]),
      .hwif_out_emu_stuck_high          (emu[394:379]),
      .hwif_out_emu_leaky_leaky         (emu[410:395]),
      .hwif_out_emu_leaky_leak          (emu[420:411]),
      .hwif_out_emu_set_drive_set_onset (emu[442:427]),
      .hwif_out_emu_set_drive_set_slope (emu[458:443]),
      .hwif_out_emu_set_step_set_slope_w(emu[474:459]),
      .hwif_out_emu_set_step_set_spread (emu[490:475]),
      .hwif_out_emu_set_level_level_onset(emu[506:491]),
      .hwif_out_emu_set_level_level_slope(emu[522:507]),
      .hwif_out_emu_level_spread_level_cell(emu[538:523]),
      .hwif_out_emu_level_spread_level_cycle(emu[554:539]),
      .hwif_out_emu_step_step_spread    (emu[570:555]),
      .hwif_out_emu_step_relaxation     (emu[586:571]),
      .hwif_out_emu_wear_value          (emu[618:587]),
      .hwif_out_emu_damage_damage_form  (emu[634:619]),
      .hwif_out_emu_damage_damage_set   (emu[650:635]),
      .hwif_out_emu_sweep_beta          (emu[666:651]),
      .hwif_out_emu_sweep_compliance    (emu[682:667]),
      .hwif_out_emu_disturb_half_select (emu[698:683]),
      .hwif_out_emu_disturb_read_disturb(emu[714:699]),
      .hwif_out_emu_drift_drift_slope   (emu[730:715]),
      .hwif_out_emu_drift_drift_spread  (emu[746:731]),
      .hwif_out_emu_rtn_rtn             (emu[762:747]),
      .hwif_out_emu_rtn_rtn_fraction    (emu[778:763]),
      .hwif_out_emu_wander_common       (emu[794:779]),
      .hwif_out_emu_wander_rtn_sum      (emu[810:795])
  );

endmodule

`default_nettype wire
