// SPDX-License-Identifier: BSD-3-Clause
// Guard, safe state and watchdog as core_engine connects them; everything else that a board does is arbitrary.
//
// Proved in silent_host.sby: whatever state the engines are in, nothing is driven and no token is held for longer than the
// watchdog's time without a frame of the host; then the board is latched safe. One thing is assumed of the engines: what is driven is
// driven by an operation that runs (tests/safety looks at it in every cycle).

`default_nettype none

module silent_host #(
    parameter ROWS = 2,
    parameter COLS = 2,
    parameter W    = 3   // width of the watchdog's count, in bits
) (
    input wire            clk,
    input wire            rst_n,
    input wire            feed,            // a good frame of the host
    input wire            operation_runs,
    input wire            reading,

    // Causes of the safe state, and its release
    input wire            safe_seen,
    input wire            control_safe,
    input wire            break_seen,
    input wire            stop_pin,
    input wire            operation_timeout,
    input wire            fault,
    input wire            epoch_seen,
    input wire            clear_safe,

    // Limits, token, pulses, rows
    input wire [63:0]     limit_voltage,
    input wire [15:0]     limit_gate,
    input wire [31:0]     limit_width,
    input wire            arm,
    input wire            disarm,
    input wire [ROWS-1:0] arm_rows,
    input wire [COLS-1:0] arm_columns,
    input wire [7:0]      arm_operations,
    input wire [31:0]     arm_pulses,
    input wire [15:0]     arm_voltage,
    input wire [31:0]     arm_expiry,
    input wire            g_sweep,
    input wire            g_valid,
    input wire            g_dry,
    input wire [1:0]      g_kind,
    input wire [8:0]      g_row,
    input wire [COLS-1:0] g_mask,
    input wire [15:0]     g_voltage,
    input wire [15:0]     g_gate,
    input wire [31:0]     g_width,
    input wire            p_ready,
    input wire            p_done,
    input wire [15:0]     read_code,
    input wire [8:0]      x_line,
    input wire            x_valid_in,
    input wire            x_ready
);

  (* anyconst *) wire [W-1:0] limit;
  wire        kill, safe_event, safe_latched, watchdog_tripped, watchdog_trip, armed;
  wire        g_done, given, p_valid, p_drive, x_ready_in, x_valid;
  wire [31:0] trips, pulses_left, g_limit;
  wire [7:0]  g_status;
  wire [9:0]  given_cells;
  wire [1:0]  p_kind;
  wire [8:0]  p_row;
  wire [COLS-1:0] p_mask;
  wire [15:0] p_voltage, p_gate;

  limit_guard #(
      .ROWS       (ROWS),
      .COLS       (COLS),
      .SCAN_BITS  (2),
      .EXPIRY_LOG2(2)
  ) u_guard (
      .clk           (clk),
      .rst_n         (rst_n),
      .kill          (kill),
      .safe_latched  (safe_latched),
      .limit_voltage (limit_voltage),
      .limit_gate    (limit_gate),
      .limit_width   (limit_width),
      .arm           (arm),
      .disarm        (disarm),
      .arm_rows      (arm_rows),
      .arm_columns   (arm_columns),
      .arm_operations(arm_operations),
      .arm_pulses    (arm_pulses),
      .arm_voltage   (arm_voltage),
      .arm_expiry    (arm_expiry),
      .armed         (armed),
      .pulses_left   (pulses_left),
      .g_sweep       (g_sweep),
      .g_valid       (g_valid),
      .g_dry         (g_dry),
      .g_kind        (g_kind),
      .g_row         (g_row),
      .g_mask        (g_mask),
      .g_voltage     (g_voltage),
      .g_gate        (g_gate),
      .g_width       (g_width),
      .g_done        (g_done),
      .g_status      (g_status),
      .g_limit       (g_limit),
      .given         (given),
      .given_cells   (given_cells),
      .p_valid       (p_valid),
      .p_ready       (p_ready),
      .p_kind        (p_kind),
      .p_row         (p_row),
      .p_mask        (p_mask),
      .p_voltage     (p_voltage),
      .p_gate        (p_gate),
      .p_drive       (p_drive),
      .p_done        (p_done),
      .read_code     (read_code),
      .x_line        (x_line),
      .x_valid_in    (x_valid_in),
      .x_ready_in    (x_ready_in),
      .x_valid       (x_valid),
      .x_ready       (x_ready)
  );

  safety u_safety (
      .clk              (clk),
      .rst_n            (rst_n),
      .safe_seen        (safe_seen),
      .control_safe     (control_safe),
      .watchdog_trip    (watchdog_trip),
      .break_seen       (break_seen),
      .stop_pin         (stop_pin),
      .operation_timeout(operation_timeout),
      .fault            (fault),
      .epoch_seen       (epoch_seen),
      .clear_safe       (clear_safe),
      .kill             (kill),
      .safe_event       (safe_event),
      .safe_latched     (safe_latched),
      .watchdog_tripped (watchdog_tripped)
  );

  watchdog #(
      .W(W)
  ) u_watchdog (
      .clk     (clk),
      .clk_time(clk),
      .rst_n   (rst_n),
      .active  (armed || operation_runs),
      .feed    (feed),
      .limit   (limit),
      .trip    (watchdog_trip),
      .trips   (trips)
  );

  // ---- What drives, and how long without a frame ----
  wire read_active = reading && !kill && !safe_latched;
  wire driven      = p_valid || p_drive || x_valid || read_active;
  reg  f_past_q = 1'b0;
  reg [W:0] f_driven_q, f_armed_q; // cycles in a row without a frame
  reg       f_tripped_q;           // tripped, and nothing released the latch since

  always @(posedge clk) begin : counted
    f_past_q    <= 1'b1;
    f_driven_q  <= rst_n && driven && !feed ? f_driven_q + 1'b1 : {(W + 1) {1'b0}};
    f_armed_q   <= rst_n && armed && !feed ? f_armed_q + 1'b1 : {(W + 1) {1'b0}};
    f_tripped_q <= rst_n && (watchdog_trip || (f_tripped_q && !clear_safe && !epoch_seen));
  end

  always @(posedge clk) begin : promises
    if (!f_past_q) assume (!rst_n);
    assume (operation_runs || (!p_valid && !p_drive && !x_valid_in && !reading));
    if (f_past_q && rst_n) begin
      // Nothing is driven in the cycle in which the time is over, and no token is held after it.
      if (driven && !feed) assert (f_driven_q < {1'b0, limit});
      if (armed) assert (f_armed_q <= {1'b0, limit});
      if (watchdog_trip) assert (!driven);
      // Then it is latched safe, and no token is left, until the host comes back.
      if (f_tripped_q) assert (safe_latched && watchdog_tripped && !armed && !driven);
      cover (watchdog_trip && f_driven_q == 3 && f_armed_q > 3);
      cover (watchdog_trip && reading && !armed && f_driven_q == 3);
    end
  end

endmodule

`default_nettype wire
