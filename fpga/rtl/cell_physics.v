// SPDX-License-Identifier: BSD-3-Clause
// What one pulse, or time, leaves of one cell of its row: a cell every two cycles (docs/emulator.md, "Programming physics").
//
// `feed` takes a cell; its hashes, asked for outside, come four and five cycles later: kinds 0 and 1 for FORM, else the
// pulse's and kind 5 on `hash`; kind 4 and the pulse's of kind 6 on `fate`. 13 cycles after `feed`, `out_valid` gives its new code
// beside the old one. `emu_physics` holds the registers from EMU_PHYSICS on, a word each. Holds the tables
// BREAKDOWN and FORMED; cell_step has GAUSS.

`include "board_map.vh"
`default_nettype none

module cell_physics (
    input  wire               clk,
    input  wire               rst_n,

    // The pulse
    input  wire [1:0]         kind,
    input  wire [15:0]        voltage,
    input  wire [17:0]        gate_factor,
    input  wire signed [25:0] fall,
    input  wire [19:0]        fraction,
    input  wire [15:0]        level,
    input  wire               acts,
    input  wire               aging,        // ENV: time in place of a pulse
    input  wire               start,        // takes the row
    input  wire [15:0]        log_seconds,
    input  wire [31:0]        reads,
    input  wire [9:0]         emu_formed_floor,
    input  wire [15:0]        emu_reset_spread,
    input  wire [479:0]       emu_physics,

    // Cells
    input  wire               feed,
    input  wire               keep,
    input  wire [8:0]         column,
    input  wire [9:0]         g,
    input  wire [31:0]        hash,
    input  wire [31:0]        fate,
    output wire               out_valid,
    output wire               out_keep,
    output wire [8:0]         out_column,
    output wire [9:0]         out_old,
    output wire [9:0]         out_g,

    // Tables
    input  wire               t_valid,
    input  wire [3:0]         t_table,
    input  wire [11:0]        t_index,
    input  wire [17:0]        t_data
);

  localparam STAGES = 13;
  localparam W_I    = 20;

  reg [STAGES-1:0]     valid_q;  // stage s is bit s - 1
  reg [STAGES*W_I-1:0] info_q;   // keep, column, code
  wire                 en     = feed || valid_q != {STAGES{1'b0}};
  wire [9:0]           top    = emu_physics[1] ? 10'd1022 : 10'd1023;  // SHORTS

  always @(posedge clk) begin
    if (!rst_n)  valid_q <= {STAGES{1'b0}};
    else if (en) valid_q <= {valid_q[STAGES-2:0], feed};
    if (en) info_q <= {info_q[(STAGES-1)*W_I-1:0], keep, column, g};
  end

  // ---- Tables
  wire [7:0]  which = {4'd0, t_table};
  wire [17:0] breakdown, formed;

  table_memory #(.DEPTH(`TABLE_ENTRIES), .W(18), .W_A(10)) u_breakdown (
      .clk          (clk),
      .clk_write    (clk),
      .write        (t_valid && which == `TABLE_BREAKDOWN),
      .write_address(t_index[9:0]),
      .write_data   (t_data),
      .read         (valid_q[3]),
      .read_address (hash[9:0]),
      .read_data    (breakdown)
  );

  table_memory #(.DEPTH(`TABLE_ENTRIES), .W(18), .W_A(10)) u_formed (
      .clk          (clk),
      .clk_write    (clk),
      .write        (t_valid && which == `TABLE_FORMED),
      .write_address(t_index[9:0]),
      .write_data   (t_data),
      .read         (valid_q[4]),
      .read_address (hash[9:0]),
      .read_data    (formed)
  );

  // ---- FORM
  reg signed [26:0] threshold6_q;
  reg               breaks7_q;
  reg [35:0]        product7_q;
  reg [10:0]        result8_q, result9_q, result10_q, result11_q, result12_q;  // breaks, code
  wire [36:0]       rounded7 = {1'b0, product7_q} + 37'd524288;
  wire [16:0]       code7    = rounded7[36:20];
  wire [9:0]        raised7  = code7 > 17'd1023 ? 10'd1023 : code7[9:0];
  wire [9:0]        least7   = raised7 < emu_formed_floor ? emu_formed_floor : raised7;

  always @(posedge clk) begin
    if (en) begin
      threshold6_q <= $signed({9'd0, breakdown}) - $signed({fall[25], fall});
      breaks7_q    <= $signed({11'd0, voltage}) >= threshold6_q;
      product7_q   <= {18'd0, formed} * {18'd0, gate_factor};
      result8_q    <= {breaks7_q, least7 > top ? top : least7};
      result9_q    <= result8_q;
      result10_q   <= result9_q;
      result11_q   <= result10_q;
      result12_q   <= result11_q;
    end
  end

  // ---- SET and RESET
  wire [9:0]         code12, aged12;
  wire signed [18:0] normal5;

  cell_step u_step (
      .clk             (clk),
      .en              (en),
      .is_set          (kind == `PULSE_SET),
      .fraction        (fraction),
      .level           (level),
      .top             (top),
      .emu_formed_floor(emu_formed_floor),
      .emu_reset_spread(emu_reset_spread),
      .emu_physics     (emu_physics),
      .first           (valid_q[3]),
      .hash            (hash),
      .g9              (info_q[8*W_I +: 10]),
      .g11             (info_q[10*W_I +: 10]),
      .code            (code12),
      .normal          (normal5),
      .t_gauss         (t_valid && which == `TABLE_GAUSS),
      .t_index         (t_index[9:0]),
      .t_data          (t_data)
  );

  // ---- ENV
  cell_age u_age (
      .clk             (clk),
      .en              (en && aging),
      .start           (start && aging),
      .log_seconds     (log_seconds),
      .reads           (reads),
      .top             (top),
      .emu_formed_floor(emu_formed_floor),
      .emu_physics     (emu_physics),
      .hash            (hash),
      .normal          (normal5),
      .g8              (info_q[7*W_I +: 10]),
      .g9              (info_q[8*W_I +: 10]),
      .code            (aged12)
  );

  // ---- Stage 13: what the cell becomes
  cell_fate u_fate (
      .clk             (clk),
      .en              (en),
      .kind            (kind),
      .voltage         (voltage),
      .acts            (acts),
      .aging           (aging),
      .top             (top),
      .emu_formed_floor(emu_formed_floor),
      .emu_physics     (emu_physics),
      .hash            (fate),
      .keep            (info_q[11*W_I+19]),
      .g               (info_q[11*W_I +: 10]),
      .breaks          (result12_q[10]),
      .formed_code     (result12_q[9:0]),
      .step_code       (code12),
      .aged_code       (aged12),
      .out             (out_g)
  );

  assign out_valid = valid_q[STAGES-1];
  assign {out_keep, out_column, out_old} = info_q[(STAGES-1)*W_I +: W_I];

  wire unused_ok = &{1'b0, t_index, rounded7[19:0]};

endmodule

`default_nettype wire
