// SPDX-License-Identifier: BSD-3-Clause
// What one pulse does to every cell of its row: fall of the breakdown voltage, fraction of the way of SET or RESET.
//
// `start` takes the pulse (whose fields stay stable); 9 cycles later `fall`, `fraction`, `level` and
// `acts` are valid (docs/emulator.md, "Cells", "Programming physics"). They hold until the next start.

`default_nettype none

module cell_stress (
    input  wire               clk,
    input  wire               rst_n,
    input  wire               start,
    input  wire [31:0]        elapsed,
    input  wire               is_set,    // else RESET
    input  wire [15:0]        voltage,
    input  wire [15:0]        gate,
    input  wire [15:0]        emu_stress_origin,
    input  wire [15:0]        emu_stress_slope,
    input  wire [15:0]        emu_reset_onset,
    input  wire [15:0]        emu_reset_slope_v,
    input  wire [15:0]        emu_reset_slope_w,
    input  wire [31:0]        emu_set_drive,
    input  wire [15:0]        emu_set_slope_w,
    input  wire [31:0]        emu_set_level,
    output wire signed [25:0] fall,      // DAC codes
    output wire [19:0]        fraction,  // f, of 65536
    output wire [15:0]        level,     // that a SET's gate permits, g codes in Q6
    output wire               acts       // voltage, and gate of a SET, are above their onsets
);

  reg [7:0]         step_q;
  reg [31:0]        shifted_q;
  reg [4:0]         exponent_q;
  reg signed [33:0] fall_wide_q, width_q;
  reg [31:0]        over_q, level_wide_q;
  reg signed [34:0] sum_q;
  reg signed [25:0] fall_q;
  reg [19:0]        fraction_q;
  reg [15:0]        level_q;
  reg               acts_q;

  wire [12:0]        log2   = {exponent_q, shifted_q[30:23]};
  wire signed [16:0] stress = $signed({4'd0, log2}) - $signed({1'b0, emu_stress_origin});
  wire [15:0]        onset   = is_set ? emu_set_drive[15:0] : emu_reset_onset;
  wire [15:0]        slope_v = is_set ? emu_set_drive[31:16] : emu_reset_slope_v;
  wire [15:0]        slope_w = is_set ? emu_set_slope_w : emu_reset_slope_w;
  wire [19:0]        most    = is_set ? 20'hFFFFF : 20'h0FFFF;
  wire [15:0]        over    = voltage - onset;
  wire               gated   = gate > emu_set_level[15:0];
  wire [15:0]        opened  = gated ? gate - emu_set_level[15:0] : 16'd0;
  wire signed [33:0] stress_wide = $signed({{17{stress[16]}}, stress});

  always @(posedge clk) begin
    if (!rst_n) step_q <= 8'd0;
    else        step_q <= {step_q[6:0], start};
  end

  // Leading one to bit 31 in five steps
  always @(posedge clk) begin
    if (start) begin
      shifted_q  <= elapsed;
      exponent_q <= 5'd31;
    end else if (step_q[0] && shifted_q[31:16] == 16'd0) begin
      shifted_q  <= shifted_q << 16;
      exponent_q <= exponent_q - 5'd16;
    end else if (step_q[1] && shifted_q[31:24] == 8'd0) begin
      shifted_q  <= shifted_q << 8;
      exponent_q <= exponent_q - 5'd8;
    end else if (step_q[2] && shifted_q[31:28] == 4'd0) begin
      shifted_q  <= shifted_q << 4;
      exponent_q <= exponent_q - 5'd4;
    end else if (step_q[3] && shifted_q[31:30] == 2'd0) begin
      shifted_q  <= shifted_q << 2;
      exponent_q <= exponent_q - 5'd2;
    end else if (step_q[4] && !shifted_q[31]) begin
      shifted_q  <= shifted_q << 1;
      exponent_q <= exponent_q - 5'd1;
    end
  end

  always @(posedge clk) begin
    if (step_q[5]) begin
      fall_wide_q <= stress_wide * $signed({18'd0, emu_stress_slope});
      width_q     <= stress_wide * $signed({18'd0, slope_w});
      over_q      <= {16'd0, over} * {16'd0, slope_v};
      acts_q      <= voltage > onset && (gated || !is_set);
      level_wide_q <= {16'd0, opened} * {16'd0, emu_set_level[31:16]};
    end
    if (step_q[6]) begin
      fall_q <= fall_wide_q[33:8];
      sum_q  <= $signed({width_q[33], width_q}) + $signed({3'd0, over_q});
    end
    if (step_q[7]) begin
      level_q <= level_wide_q[31:26] != 6'd0 ? 16'hFFFF : level_wide_q[25:10];
      if (sum_q[34])                                            fraction_q <= 20'd0;
      else if (sum_q[33:28] != 6'd0 || sum_q[27:8] > most) fraction_q <= most;
      else                                                      fraction_q <= sum_q[27:8];
    end
  end

  assign fall     = fall_q;
  assign fraction = fraction_q;
  assign level    = level_q;
  assign acts     = acts_q;

  wire unused_ok = &{1'b0, shifted_q[22:0], fall_wide_q[7:0], sum_q[7:0], level_wide_q[9:0]};

endmodule

`default_nettype wire
