// SPDX-License-Identifier: BSD-3-Clause
// Converts for the serial macro, one conversion at a time: the words of serial_program on one multiplier and one adder.
//
// `start` begins a pass: 27 cycles for its keys, then the conversions that `column_known` and `rows_known` offer, until
// the one that came with `ends` has left. `take` takes the rows' sums, `keyed` says that the operation index has been used, `s_valid`
// is one sample. `column` and `plane` are read with `column_known`. Cycles: docs/emulator.md, "The serial macro".

`include "serial_words.vh"
`default_nettype none

module serial_convert #(
    parameter COLS  = 64,  // columns of the macro
    parameter W_SUM = 17   // of the rows' sum, signed
) (
    input  wire             clk,
    input  wire             rst_n,
    input  wire             clear,
    output wire             idle,

    // Configuration, EMU registers
    input  wire [1:0]       cfg_range,
    input  wire             cfg_reference,
    input  wire [15:0]      cfg_level,
    input  wire [15:0]      cfg_read_code,
    input  wire [31:0]      emu_noise_seed,
    input  wire [15:0]      emu_read_noise,
    input  wire [15:0]      emu_adc_noise,
    input  wire [23:0]      emu_adc_min,
    input  wire [23:0]      emu_adc_max,
    input  wire [31:0]      emu_range_shift,
    input  wire [31:0]      emu_read_gain,
    input  wire [15:0]      emu_reference_unit,

    // A pass
    input  wire             start,
    input  wire [63:0]      index,         // of the vector's first repetition
    input  wire [7:0]       pass,          // repetition
    output wire             keyed,

    // Sums of the rows
    input  wire             column_known,
    input  wire [8:0]       column,
    input  wire [2:0]       plane,
    input  wire             ends,
    input  wire             rows_known,
    input  wire [W_SUM-1:0] difference,
    input  wire [W_SUM-2:0] total,
    input  wire             one,
    output wire             take,

    // Samples
    output wire             s_valid,
    output wire [8:0]       s_column,
    output wire [2:0]       s_plane,
    output wire [23:0]      s_code,
    output wire             s_saturated,
    output wire             s_ends,

    // The square root, lent while nothing is converted
    input  wire             root_start,
    input  wire [19:0]      root_total,
    output wire [11:0]      root,

    // Tables
    input  wire             t_valid,
    input  wire [3:0]       t_table,
    input  wire [11:0]      t_index,
    input  wire [17:0]      t_data,
    input  wire             m_write,
    input  wire [8:0]       m_column,
    input  wire [11:0]      m_root
);

  // ---- Words
  reg         run_q;
  reg  [6:0]  pc_q;
  reg  [5:0]  count_q;  // bits to shift
  wire [23:0] word;
  wire [3:0]  x_sel, event_now;
  wire [4:0]  y_sel;
  wire [1:0]  product_op, gauss_op;
  wire [3:0]  sum_op;
  wire [2:0]  table_sel;

  assign {x_sel, y_sel, product_op, sum_op, table_sel, gauss_op, event_now} = word;

  wire looping = product_op == `R_LOOP && count_q != 6'd0;
  wire waits   = looping || (event_now == `E_COLUMN && !column_known) || (event_now == `E_TAKE && !rows_known);
  wire go      = run_q && !waits;
  wire leaves  = go && event_now == `E_SAMPLE && s_ends;

  always @(posedge clk) begin
    if (!rst_n || clear) run_q <= 1'b0;
    else                 run_q <= start || (run_q && !leaves);
    if (!rst_n || clear || leaves)         pc_q <= 7'd0;
    else if (!run_q)                       pc_q <= {6'd0, start};
    else if (go && event_now == `E_AGAIN)  pc_q <= `SERIAL_CONVERSION;
    else if (go)                           pc_q <= pc_q + 7'd1;
    count_q <= looping ? count_q - 6'd1 : emu_range_shift[{cfg_range, 3'd0} +: 6];
  end

  serial_program u_program (
      .clk    (clk),
      .read   (!run_q || go),
      .address(pc_q),
      .word   (word)
  );

  // ---- Multiplier; the bits that a shift drops stay known as one
  reg  [71:0] product_q;
  wire [71:0] product;

  always @(posedge clk) begin
    if (product_op == `R_LOAD) product_q <= product;
    else if (product_op == `R_SHIFT || looping)
      product_q <= {product_q[71], product_q[71:2], product_q[1] || product_q[0]};
  end

  // ---- Sum
  reg  [55:0] sum_q;
  reg         gauss_sign_q, carry_q;
  wire        subtract = sum_op == `S_LESS || sum_op == `S_PAST || (sum_op == `S_NOISE && gauss_sign_q);
  wire        half     = product_q[15];
  wire        limits   = (sum_op == `S_POS && !sum_q[55]) || (sum_op == `S_NEG && sum_q[55]);
  reg         carry;

  always @(*) begin
    case (sum_op)
      `S_ADD:   carry = carry_q;
      `S_ROUND: carry = half;
      `S_NOISE: carry = gauss_sign_q ? !(half && product_q[14:0] != 15'd0) : half;
      `S_LESS:  carry = 1'b1;
      `S_BACK:  carry = sum_q[55];
      default:  carry = 1'b0;
    endcase
  end

  always @(posedge clk) begin
    if (sum_op == `S_CLEAR || limits) sum_q <= 56'd0;
    else if (sum_op != `S_HOLD && sum_op != `S_POS && sum_op != `S_NEG)
      sum_q <= sum_q + (product_q[71:16] ^ {56{subtract}}) + {55'd0, carry};
  end

  // ---- What is kept
  reg  [31:0] key_q;
  reg  [21:0] key2_q;  // bits 26:16 and 10:0
  reg  [15:0] drive_q;
  reg  [18:0] gain_q;
  reg  [8:0]  column_q;
  reg  [2:0]  plane_q;
  reg         ends_q, saturated_q;
  wire        over = sum_q[32:16] != 17'd0;

  always @(posedge clk) begin
    if (event_now == `E_NO_KEY)   key_q <= 32'd0;
    else if (event_now == `E_KEY) key_q <= product_q[31:0];
    if (event_now == `E_KEY2) key2_q <= {product_q[26:16], product_q[10:0] ^ product_q[26:16]};
    if (!run_q || event_now == `E_KEY)  carry_q <= 1'b0;
    else if (event_now == `E_CARRY)     carry_q <= sum_q[32];
    if (event_now == `E_DRIVE) drive_q <= cfg_reference ? 16'd32768 : sum_q[15:0] | {16{over}};
    if (event_now == `E_GAIN)  gain_q  <= sum_q[18:0];
  end

  always @(posedge clk) begin
    if (event_now == `E_COLUMN) begin
      {column_q, plane_q, ends_q} <= {column, plane, ends};
      saturated_q <= 1'b0;
    end else if (event_now == `E_LIMIT && limits) saturated_q <= 1'b1;
  end

  // ---- Draws: bits 10:0 and 26:16 of the sample's hash
  wire [10:0] draw = gauss_op == `G_LATE ? product_q[26:16] ^ key2_q[21:11]
      : product_q[10:0] ^ product_q[26:16] ^ key2_q[10:0];

  always @(posedge clk) begin
    if (gauss_op != `G_NONE) gauss_sign_q <= draw[10];
  end

  // ---- Parts
  wire        single;
  wire [17:0] entry, gauss;
  wire        fits14 = sum_q[23:13] == {11{sum_q[13]}};
  wire [5:0]  bin    = fits14 ? {!sum_q[13], sum_q[12:8]} : {6{!sum_q[23]}};

  serial_root u_root (
      .clk   (clk),
      .start (take || root_start),
      .one   (one && !root_start),
      .total (root_start ? root_total : {{21 - W_SUM{1'b0}}, total}),
      .single(single),
      .root  (root)
  );

  serial_tables #(
      .COLS(COLS)
  ) u_tables (
      .clk          (clk),
      .table_sel    (table_sel),
      .range        (cfg_range),
      .column       (column_q),
      .bin          (bin),
      .entry        (entry),
      .gauss_read   (gauss_op != `G_NONE),
      .gauss_address(draw[9:0]),
      .gauss        (gauss),
      .t_valid      (t_valid),
      .t_table      (t_table),
      .t_index      (t_index),
      .t_data       (t_data),
      .m_write      (m_write),
      .m_column     (m_column),
      .m_root       (m_root)
  );

  serial_factors #(
      .W_SUM(W_SUM)
  ) u_factors (
      .clk(clk), .x_sel(x_sel),
      .y_sel(y_sel), .key(key_q),
      .last(product_q), .sum(sum_q[35:0]),
      .plane(plane_q), .column(column_q),
      .pass(pass), .drive(drive_q),
      .gain(gain_q), .rows(difference),
      .root(root), .one(single),
      .entry(entry), .gauss(gauss),
      .index(index), .level(cfg_reference ? cfg_level : 16'd0),
      .read_code(cfg_read_code), .emu_noise_seed(emu_noise_seed),
      .emu_read_noise(emu_read_noise), .emu_adc_noise(emu_adc_noise),
      .emu_adc_min(emu_adc_min), .emu_adc_max(emu_adc_max),
      .emu_read_gain(emu_read_gain), .emu_reference_unit(emu_reference_unit),
      .product(product)
  );

  // ---- Outputs
  assign idle        = !run_q;
  assign keyed       = go && event_now == `E_DRIVE;
  assign take        = go && event_now == `E_TAKE;
  assign s_valid     = go && event_now == `E_SAMPLE;
  assign s_column    = column_q;
  assign s_plane     = plane_q;
  assign s_code      = sum_q[23:0];
  assign s_saturated = saturated_q;
  assign s_ends     = ends_q;

endmodule

`default_nettype wire
