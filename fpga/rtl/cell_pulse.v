// SPDX-License-Identifier: BSD-3-Clause
// One pulse on a row, or time: its keys, its stress, and what it leaves of each cell fed.
//
// `start` takes the pulse, or with `aging` the row that ENV has reached, whose fields stay stable; `ready` is high from 17 cycles later until the next start.
// Then a cell may be fed every second cycle; `column` must stay for the cycle after `feed` too. `out_*` come
// 13 cycles after `feed`. One hash unit makes the keys, then two hashes a cell; a second one the two that tell its fate.
// Holds the table GATE.

`include "board_map.vh"
`default_nettype none

module cell_pulse (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [7:0]  cfg_macro,

    // The pulse
    input  wire [1:0]  p_kind,
    input  wire [15:0] p_voltage,
    input  wire [15:0] p_gate,
    input  wire [31:0] p_elapsed,
    input  wire [63:0] p_index,
    input  wire        aging,
    input  wire [15:0] log_seconds,
    input  wire [31:0] reads,
    input  wire [8:0]  row,
    input  wire        start,
    output wire        ready,

    // Cells
    input  wire        feed,
    input  wire        keep,
    input  wire [8:0]  column,
    input  wire [9:0]  g,
    output wire        out_valid,
    output wire        out_keep,
    output wire [8:0]  out_column,
    output wire [9:0]  out_old,
    output wire [9:0]  out_g,

    // Tables and registers
    input  wire        t_valid,
    input  wire [3:0]  t_table,
    input  wire [11:0] t_index,
    input  wire [17:0] t_data,
    input  wire [31:0] emu_chip_seed,
    input  wire [9:0]  emu_formed_floor,
    input  wire [15:0] emu_stress_origin,
    input  wire [15:0] emu_stress_slope,
    input  wire [15:0] emu_reset_onset,
    input  wire [15:0] emu_reset_slope_v,
    input  wire [15:0] emu_reset_slope_w,
    input  wire [15:0] emu_reset_spread,
    input  wire [479:0] emu_physics
);

  // ---- Keys: seed, row, pulse index low and high, four cycles each
  reg         run_q, second_q, form_q;
  reg  [4:0]  step_q;
  reg  [31:0] row_key_q, pulse_key_q;
  reg  [31:0] x;
  wire [31:0] y, fate;
  wire        form  = p_kind == `PULSE_FORM && !aging;
  wire        keyed = step_q == 5'd16;

  always @(posedge clk) begin
    if (!rst_n)      run_q <= 1'b0;
    else if (start)  run_q <= 1'b1;
    else if (keyed)  run_q <= 1'b0;
    if (start)       step_q <= 5'd0;
    else if (run_q)  step_q <= step_q + 5'd1;
    second_q <= rst_n && feed;
    form_q   <= form;  // the same from the cycle after `start` on
    if (run_q && step_q == 5'd8) row_key_q   <= y;
    if (run_q && keyed)          pulse_key_q <= y;
  end

  always @(*) begin
    if (second_q)    x = row_key_q ^ {form_q ? 23'd1 : 23'd5, column};
    else if (!run_q) x = form_q ? row_key_q ^ {23'd0, column} : pulse_key_q ^ {23'd2, column};
    else case (step_q[3:2])
      2'd0:    x = emu_chip_seed + 32'h9E3779B9;
      2'd1:    x = y ^ {15'd0, cfg_macro, row};
      2'd2:    x = y ^ p_index[31:0];
      default: x = y ^ p_index[63:32];
    endcase
  end

  // The unit also runs while cells are on their way
  reg [5:0] busy_q;

  always @(posedge clk) begin
    if (!rst_n) busy_q <= 6'd0;
    else        busy_q <= {busy_q[4:0], feed};
  end

  mix32_pipe u_mix (
      .clk(clk),
      .en (run_q || feed || busy_q != 6'd0),
      .x  (x),
      .y  (y)
  );

  mix32_pipe u_fate (
      .clk(clk),
      .en (feed || busy_q != 6'd0),
      .x  (second_q ? pulse_key_q ^ {23'd6, column} : row_key_q ^ {23'd4, column}),
      .y  (fate)
  );

  // ---- Physics
  wire signed [25:0] fall;
  wire [19:0]        fraction;
  wire [15:0]        level;
  wire               acts;
  wire [17:0]        gate_factor;

  cell_stress u_stress (
      .clk              (clk),
      .rst_n            (rst_n),
      .start            (start),
      .elapsed          (p_elapsed),
      .is_set           (p_kind == `PULSE_SET),
      .voltage          (p_voltage),
      .gate             (p_gate),
      .emu_stress_origin(emu_stress_origin),
      .emu_stress_slope (emu_stress_slope),
      .emu_reset_onset  (emu_reset_onset),
      .emu_reset_slope_v(emu_reset_slope_v),
      .emu_reset_slope_w(emu_reset_slope_w),
      .emu_set_drive    (emu_physics[127:96]),
      .emu_set_slope_w  (emu_physics[143:128]),
      .emu_set_level    (emu_physics[191:160]),
      .fall             (fall),
      .fraction         (fraction),
      .level            (level),
      .acts             (acts)
  );

  table_memory #(.DEPTH(`GATE_ENTRIES), .W(18), .W_A(8)) u_gate (
      .clk          (clk),
      .clk_write    (clk),
      .write        (t_valid && {4'd0, t_table} == `TABLE_GATE),
      .write_address(t_index[7:0]),
      .write_data   (t_data),
      .read         (start),
      .read_address (p_gate[15:8]),
      .read_data    (gate_factor)
  );

  cell_physics u_physics (
      .clk             (clk),
      .rst_n           (rst_n),
      .kind            (p_kind),
      .voltage         (p_voltage),
      .gate_factor     (gate_factor),
      .fall            (fall),
      .fraction        (fraction),
      .level           (level),
      .acts            (acts),
      .aging           (aging),
      .start           (start),
      .log_seconds     (log_seconds),
      .reads           (reads),
      .emu_formed_floor(emu_formed_floor),
      .emu_reset_spread(emu_reset_spread),
      .emu_physics     (emu_physics),
      .feed            (feed),
      .keep            (keep),
      .column          (column),
      .g               (g),
      .hash            (y),
      .fate            (fate),
      .out_valid       (out_valid),
      .out_keep        (out_keep),
      .out_column      (out_column),
      .out_old         (out_old),
      .out_g           (out_g),
      .t_valid         (t_valid),
      .t_table         (t_table),
      .t_index         (t_index),
      .t_data          (t_data)
  );

  assign ready = !run_q || keyed;

endmodule

`default_nettype wire
