// SPDX-License-Identifier: BSD-3-Clause
// Converts what `emu_drain` chooses: plane sums in, ADC_LANES codes a cycle out.
//
// `s_*` come 18 cycles after `convert`, one beat a conversion, in order. All stages rest while none is
// in flight. Configuration must be stable from the first row of a request to its last sample.

`default_nettype none

module emu_convert #(
    parameter COLS      = 512,
    parameter LANES     = 64,
    parameter ADC_LANES = 4
) (
    input  wire                     clk,
    input  wire                     clk_tables,
    input  wire                     rst_n,
    input  wire                     clear,
    output wire                     idle,

    // Configuration
    input  wire                     cfg_signed,
    input  wire                     cfg_polarity,
    input  wire                     cfg_reference,
    input  wire                     cfg_cells,
    input  wire [1:0]               cfg_range,
    input  wire [15:0]              cfg_level,
    input  wire [15:0]              cfg_read_code,
    input  wire [23:0]              cfg_cap,       // largest signal: there is one (23); Q6
    input  wire [15:0]              emu_read_noise,
    input  wire [15:0]              emu_adc_noise,
    input  wire [23:0]              emu_adc_min,
    input  wire [23:0]              emu_adc_max,
    input  wire [31:0]              emu_range_shift,
    input  wire [31:0]              emu_read_gain,
    input  wire [15:0]              emu_reference_unit,
    input  wire [479:0]             emu_physics,
    input  wire                     wandering,     // slow effects of reading

    // Plane sums in
    input  wire                     move,
    input  wire                     move_minus,
    input  wire [1:0]               move_slot,
    input  wire [5:0]               move_quad,
    input  wire [ADC_LANES*171-1:0] sums,

    // Conversion
    input  wire                     convert,
    input  wire [1:0]               slot,
    input  wire [5:0]               quad,
    input  wire [5:0]               group,
    input  wire [2:0]               plane,
    input  wire [ADC_LANES-1:0]     keep,
    input  wire                     one,
    input  wire                     first,
    input  wire                     last,
    input  wire [31:0]              key,
    input  wire [31:0]              key2,
    input  wire [31:0]              slow_key,
    input  wire [31:0]              row_key,
    input  wire [3:0]               row_age,

    // Marks of the row pulsed last
    output wire [5:0]               marks_group,
    input  wire [LANES-1:0]         fresh,
    input  wire [LANES-1:0]         was_reset,

    // Samples
    output wire                     s_valid,
    output wire [8:0]               s_column,
    output wire [2:0]               s_plane,
    output wire [ADC_LANES-1:0]     s_keep,
    output wire [ADC_LANES*24-1:0]  s_code,
    output wire [ADC_LANES-1:0]     s_saturated,
    output wire                     s_first,
    output wire                     s_last,

    // Tables
    input  wire                     t_valid,
    input  wire [3:0]               t_table,
    input  wire [11:0]              t_index,
    input  wire [17:0]              t_data,
    input  wire                     m_write,
    input  wire [8:0]               m_column,
    input  wire [11:0]              m_root
);

  localparam STAGES = 18;
  localparam QUADS  = LANES / ADC_LANES;
  localparam W_QUAD = QUADS > 1 ? $clog2(QUADS) : 1;
  localparam W_I    = 9 + 3 + ADC_LANES + 2;
  localparam W_BASE = 9;
  localparam W_LANE = LANES > 1 ? $clog2(LANES) : 1;
  localparam [31:0] LANES_N = LANES, ADC_N = ADC_LANES;

  // ---- Shared pipeline: stage s is bits (s-1)*W_I of info_q
  reg [STAGES-1:0]     valid_q;
  reg [STAGES*W_I-1:0] info_q;
  reg [6:0]            one_q;     // stages 1 to 7
  reg [31:0]           key1_q, hash2_q;
  reg [6*32-1:0]       second_q;  // key2 of stages 1 to 6

  wire       en     = convert || valid_q != {STAGES{1'b0}};
  wire [8:0] column = {3'd0, group} * LANES_N[W_BASE-1:0] + {3'd0, quad} * ADC_N[W_BASE-1:0];

  always @(posedge clk) begin
    if (!rst_n || clear) valid_q <= {STAGES{1'b0}};
    else if (en)         valid_q <= {valid_q[STAGES-2:0], convert};
  end

  always @(posedge clk) begin
    if (en) begin
      info_q   <= {info_q[(STAGES-1)*W_I-1:0], column, plane, keep, first, last};
      one_q    <= {one_q[5:0], one};
      second_q <= {second_q[5*32-1:0], key2};
      key1_q   <= key;
      hash2_q  <= key1_q ^ {20'd0, stage1_plane, stage1_column};
    end
  end

  wire [2:0] stage1_plane   = info_q[2+ADC_LANES +: 3];
  wire [8:0] stage1_column  = info_q[5+ADC_LANES +: 9];
  wire [8:0] stage5_column  = info_q[4*W_I+5+ADC_LANES +: 9];
  wire [8:0] stage6_column  = info_q[5*W_I+5+ADC_LANES +: 9];
  wire [8:0] stage6_group   = stage6_column / LANES_N[8:0];
  wire [8:0] stage7_column  = info_q[6*W_I+5+ADC_LANES +: 9];
  wire [8:0] stage14_column = info_q[13*W_I+5+ADC_LANES +: 9];

  assign s_valid     = valid_q[STAGES-1];
  assign marks_group = stage6_group[5:0];
  assign {s_column, s_plane, s_keep, s_first, s_last} = info_q[(STAGES-1)*W_I +: W_I];

  // ---- What follows from the configuration
  reg signed [32:0] reference_q;
  reg [47:0]        drive_wide_q;
  reg [15:0]        drive_q;
  reg [5:0]         shift_q;
  reg [63:0]        half_q;
  wire [47:0]       drive_rounded = drive_wide_q + 48'd32768;

  always @(posedge clk) begin
    if (en) begin
      reference_q  <= cfg_reference
          ? $signed({{17{cfg_level[15]}}, cfg_level}) * $signed({17'd0, emu_reference_unit}) : 33'sd0;
      drive_wide_q <= {32'd0, cfg_read_code} * {16'd0, emu_read_gain};
      if (cfg_reference) drive_q <= 16'd32768;
      else drive_q <= drive_rounded[47:32] != 16'd0 ? 16'd65535 : drive_rounded[31:16];
      shift_q <= emu_range_shift[{cfg_range, 3'd0} +: 6];
      half_q  <= shift_q == 6'd0 ? 64'd0 : 64'd1 << (shift_q - 6'd1);
    end
  end

  // ---- Slow effects: the entry of GAIN is read a stage sooner; cell reads bring the age of their row
  wire [8:0] gain_column = wandering ? stage6_column : stage7_column;
  reg [26:0] age_q;  // stages 1 to 7

  always @(posedge clk) begin
    if (en && wandering && cfg_cells) age_q <= {age_q[22:0], row_age};
  end

  // ---- Lanes
  genvar l;
  generate
    for (l = 0; l < ADC_LANES; l = l + 1) begin : g_lane
      wire [18:0] plus, minus;
      localparam [31:0] L = l;  // a lane's column differs from the beat's in its low bits only
      reg [31:0] slow1_q, cell1_q;
      reg        fresh7_q, reset7_q;
      wire [8:0] mark = stage6_column % LANES_N[8:0] ^ L[8:0];  // its place in the lane group
      wire unused_place = &{1'b0, mark};

      always @(posedge clk) begin
        if (en && wandering) begin
          slow1_q  <= slow_key ^ {23'd0, column} ^ L;
          cell1_q  <= row_key ^ {23'd4, column} ^ L;
          fresh7_q <= fresh[mark[W_LANE-1:0]] && !age_q[23];
          reset7_q <= was_reset[mark[W_LANE-1:0]];
        end
      end

      emu_partial #(
          .W_QUAD(W_QUAD)
      ) u_partial (
          .clk        (clk),
          .cfg_signed (cfg_signed),
          .write      (move),
          .write_minus(move_minus),
          .write_slot (move_slot),
          .write_quad (move_quad[W_QUAD-1:0]),
          .write_sums (sums[l*171 +: 171]),
          .read       (convert),
          .read_slot  (slot),
          .read_quad  (quad[W_QUAD-1:0]),
          .read_plane (plane),
          .plus       (plus),
          .minus      (minus)
      );

      adc_lane #(
          .COLS     (COLS),
          .ADC_LANES(ADC_LANES),
          .LANE     (l)
      ) u_adc (
          .clk           (clk),
          .clk_tables    (clk_tables),
          .en            (en),
          .cfg_polarity  (cfg_polarity),
          .cfg_reference (cfg_reference),
          .cfg_range     (cfg_range),
          .emu_read_noise(emu_read_noise),
          .emu_adc_noise (emu_adc_noise),
          .emu_adc_min   (emu_adc_min),
          .emu_adc_max   (emu_adc_max),
          .reference_in  (reference_q),
          .drive         (drive_q),
          .cap           (cfg_cap),
          .shift         (shift_q),
          .half          (half_q),
          .wandering     (wandering),
          .cfg_cells     (cfg_cells),
          .emu_physics   (emu_physics),
          .plus          (plus),
          .minus         (minus),
          .stage1_slow   (slow1_q),
          .stage1_cell   (cell1_q),
          .stage1_column (stage1_column),
          .stage2_hash   (hash2_q ^ L),
          .stage5_column (stage5_column),
          .stage6_key2   (second_q[5*32 +: 32]),
          .stage7_one    (one_q[6]),
          .stage7_fresh  (fresh7_q),
          .stage7_reset  (reset7_q),
          .stage7_age    (age_q[26:24]),
          .gain_column   (gain_column),
          .stage14_column(stage14_column),
          .code          (s_code[l*24 +: 24]),
          .saturated     (s_saturated[l]),
          .t_valid       (t_valid),
          .t_table       (t_table),
          .t_index       (t_index),
          .t_data        (t_data),
          .m_write       (m_write),
          .m_column      (m_column),
          .m_root        (m_root)
      );
    end
  endgenerate

  assign idle = !en;

  wire unused_ok = &{1'b0, move_quad, quad, stage6_group, drive_rounded[15:0]};

endmodule

`default_nettype wire
