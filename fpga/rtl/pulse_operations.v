// SPDX-License-Identifier: BSD-3-Clause
// Executes what goes through the guard: PULSE (pulse_sequencer) and SWEEP (sweep_sequencer, sweep_points).
//
// `start` begins one of them, `done` comes once; only one ever runs. `fields` are the words of what is driven, laid out as those of
// PULSE, or while `reads` as those of a reading: of SWEEP made from the present point, else the request's own. The reply
// to a SWEEP that went well is vector_engine's, which `go`, `open` and `halt` lead.

`default_nettype none
`include "board_map.vh"

module pulse_operations (
    input  wire         clk,
    input  wire         rst_n,

    // Request
    input  wire         start,
    input  wire         stop,        // level, until `done`
    input  wire         is_sweep,
    input  wire [191:0] fixed,
    input  wire [5:0]   data_place,
    input  wire [9:0]   columns,
    input  wire [31:0]  cell_pulses,
    input  wire [15:0]  limit_read,
    input  wire [31:0]  cycles,
    output wire         done,
    output wire [7:0]   status,
    output wire [95:0]  words,
    output wire         counting,
    output wire [191:0] fields,
    output wire [15:0]  q_address,
    input  wire [31:0]  q_data,

    // Rows of the window
    output wire         row_restart,
    output wire         row_next,
    input  wire [8:0]   row,
    input  wire         row_last,

    // Guard
    output wire         g_valid,
    output wire         g_dry,
    input  wire         g_done,
    input  wire [7:0]   g_status,
    input  wire [31:0]  g_limit,
    input  wire         given,
    input  wire [9:0]   given_cells,
    input  wire [31:0]  pulses_left,

    // Readings of SWEEP, macro
    output wire         reads,
    output wire         go,
    output wire         open,
    output wire         halt,
    input  wire         beat,
    input  wire         read_end,
    input  wire         read_done,
    input  wire [63:0]  read_index,  // operation index of the next reading
    output wire [31:0]  p_elapsed,
    output wire [63:0]  p_index,
    input  wire         macro_idle,
    output wire         refresh,
    input  wire         refresh_done
);

  // ---- PULSE
  wire        pulse_done, pulse_restart, pulse_next, pulse_valid, pulse_dry, pulse_refresh;
  wire [7:0]  pulse_status;
  wire [31:0] value, bound, place, rows_done, pulses_given, pulse_elapsed;
  wire [63:0] pulse_index;
  wire [95:0] pulse_words = pulse_status == `STATUS_OK ? {pulses_given, rows_done, cycles}
      : pulse_status == `STATUS_ABORTED ? {pulses_given, rows_done, 31'd0, pulses_given != 32'd0}
      : {place, bound, value};

  pulse_sequencer u_pulses (
      .clk         (clk),
      .rst_n       (rst_n),
      .start       (start && !is_sweep),
      .stop        (stop),
      .kind        (fixed[9:8]),
      .voltage     (fixed[47:32]),
      .gate        (fixed[63:48]),
      .width       (fixed[95:64]),
      .index       (fixed[159:96]),
      .pulses      (fixed[175:160]),
      .cell_pulses (cell_pulses),
      .done        (pulse_done),
      .status      (pulse_status),
      .value       (value),
      .bound       (bound),
      .place       (place),
      .rows_done   (rows_done),
      .pulses_given(pulses_given),
      .row_restart (pulse_restart),
      .row_next    (pulse_next),
      .row         (row),
      .row_last    (row_last),
      .g_valid     (pulse_valid),
      .g_dry       (pulse_dry),
      .g_done      (g_done),
      .g_status    (g_status),
      .g_limit     (g_limit),
      .given       (given),
      .given_cells (given_cells),
      .pulses_left (pulses_left),
      .p_elapsed   (pulse_elapsed),
      .p_index     (pulse_index),
      .macro_idle  (macro_idle),
      .refresh     (pulse_refresh),
      .refresh_done(refresh_done)
  );

  // ---- SWEEP
  wire        sweep_done, sweep_counting, sweep_restart, sweep_next, sweep_valid, sweep_dry, sweep_refresh;
  wire        points_restart, points_next, points_ready, last, polarity, pulsed;
  wire [1:0]  kind;
  wire [7:0]  sweep_status;
  wire [15:0] word, voltage, gate;
  wire [27:0] dwell;
  wire [95:0] sweep_words;

  sweep_points u_points (
      .clk       (clk),
      .count     (fixed[47:32]),
      .place     ({10'd0, data_place}),
      .limit_read(limit_read),
      .restart   (points_restart),
      .next      (points_next),
      .ready     (points_ready),
      .q_address (q_address),
      .q_data    (q_data),
      .last      (last),
      .word      (word),
      .voltage   (voltage),
      .gate      (gate),
      .dwell     (dwell),
      .kind      (kind),
      .polarity  (polarity),
      .pulsed    (pulsed)
  );

  sweep_sequencer u_sweep (
      .clk           (clk),
      .rst_n         (rst_n),
      .start         (start && is_sweep),
      .stop          (stop),
      .columns       (columns),
      .done          (sweep_done),
      .status        (sweep_status),
      .words         (sweep_words),
      .counting      (sweep_counting),
      .points_restart(points_restart),
      .points_next   (points_next),
      .points_ready  (points_ready),
      .last          (last),
      .word          (word),
      .voltage       (voltage),
      .gate          (gate),
      .dwell         (dwell),
      .kind          (kind),
      .pulsed        (pulsed),
      .reads         (reads),
      .row_restart   (sweep_restart),
      .row_next      (sweep_next),
      .row           (row),
      .row_last      (row_last),
      .g_valid       (sweep_valid),
      .g_dry         (sweep_dry),
      .g_done        (g_done),
      .g_status      (g_status),
      .g_limit       (g_limit),
      .given         (given),
      .given_cells   (given_cells),
      .pulses_left   (pulses_left),
      .go            (go),
      .open          (open),
      .halt          (halt),
      .beat          (beat),
      .read_end      (read_end),
      .read_done     (read_done),
      .macro_idle    (macro_idle),
      .refresh       (sweep_refresh),
      .refresh_done  (refresh_done)
  );

  // ---- Outputs: word 0 of a reading is that of READ_CELLS without the array's own corrections
  wire [31:0] word0 = reads ? {5'd0, fixed[26:25], polarity, 2'd0, fixed[21:20], 4'd1, 4'd0, fixed[11:8], 8'd0}
      : {19'd0, fixed[26:25], polarity, kind, 8'd0};
  assign done        = pulse_done || sweep_done;
  assign status      = is_sweep ? sweep_status : pulse_status;
  assign words       = is_sweep ? sweep_words : pulse_words;
  assign counting    = !is_sweep || sweep_counting;
  assign fields      = is_sweep ? {fixed[191:96], 4'd0, dwell, gate, voltage, word0} : fixed;
  assign row_restart = pulse_restart || sweep_restart;
  assign row_next    = pulse_next || sweep_next;
  assign {g_valid, g_dry} = is_sweep ? {sweep_valid, sweep_dry} : {pulse_valid, pulse_dry};
  assign p_elapsed   = is_sweep ? {4'd0, dwell} : pulse_elapsed;
  assign p_index     = is_sweep ? read_index : pulse_index;
  assign refresh     = pulse_refresh || sweep_refresh;

endmodule

`default_nettype wire
