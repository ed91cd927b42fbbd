// SPDX-License-Identifier: BSD-3-Clause
// A chain of SN74HC595 at VCC = 4.5 V over temperature, BITS outputs in all, and its rules.
//
// `q` are the storage registers (random at power-up, as the simulator gives them), whatever OE is. `broken` keeps, while `watch` is high, one bit a rule: 0 t_w SRCLK high, 1 t_w SRCLK low,
// 2 t_su SER before SRCLK, 3 t_w RCLK, 4 t_su SRCLK before RCLK, 5 t_w SRCLR low, 6 t_su SRCLR low before RCLK, 7 t_su SRCLR inactive before
// SRCLK (25 MHz at most follows from t_w). Limits in picoseconds, of SCLS041 from memory, remembered at their worst (-40 C to 85 C).

`default_nettype none

module part_hc595 #(
    parameter CLK_PS       = 16667,  // one clk cycle
    parameter BITS         = 64,
    parameter T_W          = 20000,
    parameter T_SU_SER     = 25000,
    parameter T_SU_RCLK    = 19000,
    parameter T_SU_CLEARED = 13000,
    parameter T_SU_SRCLR   = 12000
) (
    input  wire            clk,
    input  wire            watch,  // judge
    input  wire            ser,
    input  wire            srclk,
    input  wire            srclr_n,
    input  wire            rclk,
    output wire [BITS-1:0] q,
    output wire [7:0]      broken
);

  function kept(input [16:0] age, input [31:0] limit);
    kept = {15'd0, age} * CLK_PS >= limit;
  endfunction

  reg [BITS-1:0] shift_q, store_q;
  reg [7:0]      broken_q;

  initial broken_q = 8'd0;

  // ---- Edges ----
  wire        data, clock, clock_rise, clock_fall, clear, clear_rise, clear_fall, latch, latch_rise, latch_fall, data_rise, data_fall;
  wire [16:0] data_rise_age, data_fall_age, rise_age, fall_age, was_rise, was_fall, freed_age, cleared_age, latch_was_rise, latch_was_fall;
  wire [16:0] data_was_rise, data_was_fall, freed_was, cleared_was, latch_rise_age, latch_fall_age;

  part_edge u_ser (
      .clk         (clk),
      .pin         (ser),
      .level       (data),
      .rise        (data_rise),
      .fall        (data_fall),
      .rise_age    (data_rise_age),
      .fall_age    (data_fall_age),
      .was_rise_age(data_was_rise),
      .was_fall_age(data_was_fall)
  );

  part_edge u_srclk (
      .clk         (clk),
      .pin         (srclk),
      .level       (clock),
      .rise        (clock_rise),
      .fall        (clock_fall),
      .rise_age    (rise_age),
      .fall_age    (fall_age),
      .was_rise_age(was_rise),
      .was_fall_age(was_fall)
  );

  part_edge u_srclr (
      .clk         (clk),
      .pin         (srclr_n),
      .level       (clear),
      .rise        (clear_rise),
      .fall        (clear_fall),
      .rise_age    (freed_age),
      .fall_age    (cleared_age),
      .was_rise_age(freed_was),
      .was_fall_age(cleared_was)
  );

  part_edge u_rclk (
      .clk         (clk),
      .pin         (rclk),
      .level       (latch),
      .rise        (latch_rise),
      .fall        (latch_fall),
      .rise_age    (latch_rise_age),
      .fall_age    (latch_fall_age),
      .was_rise_age(latch_was_rise),
      .was_fall_age(latch_was_fall)
  );

  // ---- Rules ----
  wire [16:0] data_age = data_rise_age < data_fall_age ? data_rise_age : data_fall_age;
  wire [7:0]  seen;
  assign seen[0] = clock_fall && !kept(was_rise, T_W);
  assign seen[1] = clock_rise && !kept(was_fall, T_W);
  assign seen[2] = clock_rise && !kept(data_age, T_SU_SER);
  assign seen[3] = (latch_fall && !kept(latch_was_rise, T_W)) || (latch_rise && !kept(latch_was_fall, T_W));
  assign seen[4] = latch_rise && !kept(rise_age, T_SU_RCLK);
  assign seen[5] = clear_rise && !kept(cleared_was, T_W);
  assign seen[6] = latch_rise && !kept(cleared_age, T_SU_CLEARED);
  assign seen[7] = clock_rise && clear && !kept(freed_age, T_SU_SRCLR);

  // ---- What it does ----
  always @(posedge clk) begin
    if (!clear) shift_q <= {BITS{1'b0}};
    else if (clock_rise) shift_q <= {shift_q[BITS-2:0], data};
    if (latch_rise) store_q <= shift_q;
    broken_q <= watch ? broken_q | seen : 8'd0;
  end

  // ---- Outputs ----
  assign q      = store_q;
  assign broken = broken_q;

  wire unused = &{clock, latch, data_rise, data_fall, clear_fall, freed_was, fall_age, data_was_rise, data_was_fall, latch_rise_age, latch_fall_age};

endmodule

`default_nettype wire
