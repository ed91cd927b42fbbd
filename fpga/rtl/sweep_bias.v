// SPDX-License-Identifier: BSD-3-Clause
// How a point of SWEEP bends a conversion: drive, largest signal, coarser range (docs/emulator.md, "SWEEP").
//
// `start` is the beat of the point's row, its codes stable till the conversion is over. The drive is there 4 cycles later, the
// largest signal after 28: a conversion looks at them no sooner than 27 and 34 cycles after its beat. Both hold until the next start.
// With `sweeps` low what comes in goes out.

`default_nettype none

module sweep_bias (
    input  wire         clk,
    input  wire         sweeps,
    input  wire         start,

    // The point
    input  wire [15:0]  voltage,      // or the read code
    input  wire [15:0]  gate,
    input  wire [1:0]   range,

    // Registers
    input  wire [31:0]  emu_read_gain,
    input  wire [31:0]  emu_range_shift,
    input  wire [479:0] emu_physics,

    // What the reader takes
    output wire [15:0]  read_code,
    output wire [31:0]  read_gain,
    output wire [31:0]  range_shift,
    output wire [23:0]  cap           // there is one (23); Q6
);

  wire [15:0] beta        = emu_physics[335:320];
  wire [15:0] compliance  = emu_physics[351:336];
  wire [15:0] level_onset = emu_physics[175:160];
  wire [15:0] level_slope = emu_physics[191:176];

  // ---- State
  reg [3:0]  made_q;        // what was made in the last cycles
  reg [47:0] nominal_q;
  reg [31:0] square_q, opened_q, bend_q, scaled_q;
  reg [15:0] drive_q, level_q, bent_q;
  reg [40:0] wide_q;
  reg [4:0]  left_q;        // quotient bits to come
  reg        off_q;
  reg [16:0] rest_q;
  reg [22:0] low_q, quotient_q;

  // ---- The drive, bent; the product that the drive divides
  wire [47:0] rounded = nominal_q + 48'd524288;
  wire [15:0] above   = gate > level_onset ? gate - level_onset : 16'd0;
  wire [24:0] factor  = 25'd65536 + {1'b0, bend_q[31:8]};

  always @(posedge clk) begin
    made_q <= {made_q[2:0], sweeps && start};
    if (sweeps && start) begin
      nominal_q <= {32'd0, voltage} * {16'd0, emu_read_gain};
      square_q  <= {16'd0, voltage} * {16'd0, voltage};
      opened_q  <= {16'd0, above} * {16'd0, level_slope};
    end
    if (made_q[0]) begin
      drive_q <= rounded[47:36] != 12'd0 ? 16'hFFFF : rounded[35:20];
      bend_q  <= {16'd0, square_q[31:16]} * {16'd0, beta};
      level_q <= opened_q[31:26] != 6'd0 ? 16'hFFFF : opened_q[25:10];
    end
    if (made_q[1]) begin
      wide_q   <= {25'd0, drive_q} * {16'd0, factor};
      scaled_q <= {16'd0, level_q} * {16'd0, compliance};
    end
    if (made_q[2]) bent_q <= wide_q[40:32] != 9'd0 ? 16'hFFFF : wide_q[31:16];
  end

  // ---- Their quotient, 23 bits, the largest when it is more: no signal of one row is
  wire [17:0] trial = {rest_q, low_q[22]} - {2'd0, bent_q};
  wire        over  = {7'd0, scaled_q[31:23]} >= bent_q;

  always @(posedge clk) begin
    if (made_q[3]) begin
      off_q      <= compliance == 16'd0 || bent_q == 16'd0;
      rest_q     <= {8'd0, scaled_q[31:23]};
      low_q      <= scaled_q[22:0];
      quotient_q <= {23{over}};
      left_q     <= over ? 5'd0 : 5'd23;
    end else if (left_q != 5'd0) begin
      left_q     <= left_q - 5'd1;
      rest_q     <= trial[17] ? {rest_q[15:0], low_q[22]} : trial[16:0];
      low_q      <= {low_q[21:0], 1'b0};
      quotient_q <= {quotient_q[21:0], !trial[17]};
    end
  end

  // ---- Outputs: the nominal drive is the code times the gain in Q16
  wire [5:0] shift  = emu_range_shift[{range, 3'd0} +: 6];
  wire [5:0] coarse = shift < 6'd4 ? 6'd0 : shift - 6'd4;
  assign read_code   = sweeps ? bent_q : voltage;
  assign read_gain   = sweeps ? 32'd65536 : emu_read_gain;
  assign range_shift = sweeps ? {4{2'd0, coarse}} : emu_range_shift;
  assign cap         = {sweeps && !off_q, quotient_q};

  wire unused_ok = &{1'b0, emu_physics, rounded[19:0], square_q[15:0], opened_q[9:0], bend_q[7:0], wide_q[15:0]};

endmodule

`default_nettype wire
