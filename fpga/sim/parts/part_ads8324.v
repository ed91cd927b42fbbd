// SPDX-License-Identifier: BSD-3-Clause
// An ADS8324 as its data sheet (SBAS172A) has it: sampling, null bit, 14 bits, slow output, and its rules.
//
// `level` is the input in codes, taken at the fifth falling edge of DCLOCK after CS fell. DOUT follows a falling edge t_dDO later, at its slowest, and is high
// where the part leaves it open. `broken` keeps, while `watch` is high, one bit a rule: 0 DCLOCK high 200 ns, 1 low 200 ns, 2 faster than 1.2 MHz,
// 3 slower than 24 kHz, 4 t_SUCS, 5 t_CSD (DCLOCK low when CS falls), 6 CS high before t_SMPL + t_CONV, 7 t_CYC. Limits in picoseconds.

`default_nettype none

module part_ads8324 #(
    parameter CLK_PS    = 16667,     // one clk cycle
    parameter T_HALF    = 200000,
    parameter T_DCLOCK  = 833333,    // 1 / 1.2 MHz
    parameter T_SLOWEST = 41666666,  // 1 / 24 kHz
    parameter T_SUCS    = 50000,
    parameter T_DDO     = 250000,
    parameter T_CYC     = 20000000   // 1 / 50 kHz
) (
    input  wire        clk,
    input  wire        watch,  // judge
    input  wire        cs_n,
    input  wire        dclock,
    input  wire [13:0] level,
    output wire        dout,
    output wire        sampled,  // one cycle, when the input was taken
    output wire [7:0]  broken
);

  localparam [5:0]  SAMPLE = 6'd5, CONVERTED = 6'd21;  // t_SMPL at most 5, t_CONV 16 periods
  localparam        DELAY  = T_DDO / CLK_PS + 1;

  function kept(input [16:0] age, input [31:0] limit);
    kept = {15'd0, age} * CLK_PS >= limit;
  endfunction

  reg [5:0]       falls_q;
  reg [14:0]      word_q;    // null bit, then the code
  reg [DELAY-1:0] slow_q;    // the output on its way
  reg [7:0]       broken_q;
  reg             sampled_q;

  initial broken_q = 8'd0;

  // ---- Edges ----
  wire        cs, cs_rise, cs_fall, clock, rise, fall;
  wire [16:0] rise_age, fall_age, was_rise, was_fall, selected_age, was_selected, cs_rise_age, cs_was_rise;

  part_edge #(
      .REST(1'b1)
  ) u_cs (
      .clk         (clk),
      .pin         (cs_n),
      .level       (cs),
      .rise        (cs_rise),
      .fall        (cs_fall),
      .rise_age    (cs_rise_age),
      .fall_age    (selected_age),
      .was_rise_age(cs_was_rise),
      .was_fall_age(was_selected)
  );

  part_edge u_dclock (
      .clk         (clk),
      .pin         (dclock),
      .level       (clock),
      .rise        (rise),
      .fall        (fall),
      .rise_age    (rise_age),
      .fall_age    (fall_age),
      .was_rise_age(was_rise),
      .was_fall_age(was_fall)
  );

  // ---- Rules ----
  wire       first = falls_q == 6'd0;
  wire       on    = !cs;
  wire [7:0] seen;
  assign seen[0] = on && fall && !kept(was_rise, T_HALF);
  assign seen[1] = on && rise && !first && !kept(was_fall, T_HALF);
  assign seen[2] = on && rise && !first && !kept(was_rise, T_DCLOCK);
  assign seen[3] = on && rise && !first && falls_q < CONVERTED && kept(was_rise, T_SLOWEST);
  assign seen[4] = on && rise && first && !kept(selected_age, T_SUCS);
  assign seen[5] = cs_fall && clock;
  assign seen[6] = cs_rise && falls_q < CONVERTED;
  assign seen[7] = cs_fall && !kept(was_selected, T_CYC);

  // ---- What it does ----
  always @(posedge clk) begin
    sampled_q <= on && fall && falls_q + 6'd1 == SAMPLE;
    if (cs_fall) falls_q <= 6'd0;
    else if (on && fall && falls_q != 6'd63) falls_q <= falls_q + 6'd1;
    if (on && fall) word_q <= falls_q + 6'd1 == SAMPLE ? {1'b0, level} : {word_q[13:0], 1'b0};
    slow_q   <= {slow_q[DELAY-2:0], falls_q >= SAMPLE ? word_q[14] : 1'b1};
    broken_q <= watch ? broken_q | seen : 8'd0;
  end

  // ---- Outputs ----
  assign dout    = cs || slow_q[DELAY-1];
  assign sampled = sampled_q;
  assign broken  = broken_q;

  wire unused = &{fall_age, rise_age, cs_rise_age, cs_was_rise};

endmodule

`default_nettype wire
