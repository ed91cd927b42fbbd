// SPDX-License-Identifier: BSD-3-Clause
// A DAC80508 as its data sheet (SLASEL1D) has it, VIO 2.7 V to 5.5 V, FSDO = 0: registers, LDAC, broadcast, read-back, and its rules.
//
// `out` are the codes at the outputs, `gain` the gain register. SDO is high where the part leaves it open (CS high, no power). With `power` low the part
// forgets everything. `broken` keeps, while `watch` is high, one bit a rule, what was done to the part that its data sheet forbids: 0 t_SCLKHIGH, 1 t_SCLKLOW,
// 2 f_SCLK, 3 t_SDIS, 4 t_SDIH, 5 t_CSS, 6 t_CSH, 7 t_CSHIGH, 8 fewer than 24 edges, 9 reserved bits set, 10 read faster than
// 18 MHz or 25 ns, 11 spoken to within T_POWER of power-up or reset. Limits are in picoseconds; T_POWER and ID are from memory of the family.

`default_nettype none

module part_dac80508 #(
    parameter        CLK_PS   = 16667,      // one clk cycle
    parameter [15:0] ID       = 16'h0815,
    parameter        T_HIGH   = 9000,
    parameter        T_LOW    = 9000,
    parameter        T_SCLK   = 20000,
    parameter        T_SDIS   = 5000,
    parameter        T_SDIH   = 10000,
    parameter        T_CSS    = 13000,
    parameter        T_CSH    = 10000,
    parameter        T_CSHIGH = 15000,
    parameter        T_READ_HALF = 25000,   // t_SCLKHIGH, t_SCLKLOW of a read
    parameter        T_READ_SCLK = 55555,   // 1 / 18 MHz
    parameter        T_READ_CSS  = 20000,
    parameter        T_POWER  = 250000000
) (
    input  wire         clk,
    input  wire         watch,  // judge
    input  wire         power,
    input  wire         cs_n,
    input  wire         sclk,
    input  wire         sdi,
    output wire         sdo,
    output wire [127:0] out,
    output wire [15:0]  gain,
    output wire [11:0]  broken
);

  function kept(input [16:0] age, input [31:0] limit);
    kept = {15'd0, age} * CLK_PS >= limit;
  endfunction

  // ---- State ----
  reg [15:0]  dac [0:7];      // buffers
  reg [127:0] out_q;
  reg [15:0]  sync_q, gain_q, config_q, brdcast_q;
  reg [23:0]  shift_q, answer_q;
  reg [5:0]   edges_q;
  reg         reading_q;      // this frame gives an answer
  reg         sdo_q;
  reg [31:0]  wake_q;         // cycles until it may be spoken to
  reg         slow_q;         // this frame kept the read limits
  reg [11:0]  broken_q;
  integer     i;

  initial begin
    broken_q = 12'd0;
    out_q    = 128'd0;
    wake_q   = T_POWER / CLK_PS;
    {edges_q, reading_q, sdo_q, slow_q} = 9'd1;
    {sync_q, gain_q, config_q, brdcast_q, shift_q, answer_q} = 112'd0;
  end

  // ---- Edges ----
  wire        cs, cs_rise, cs_fall, clock_rise, clock_fall, data_rise, data_fall, data, clock;
  wire [16:0] cs_rise_age, cs_fall_age, cs_was_rise, cs_was_fall;
  wire [16:0] rise_age, fall_age, was_rise, was_fall, data_rise_age, data_fall_age, data_was_rise, data_was_fall;

  part_edge #(
      .REST(1'b1)
  ) u_cs (
      .clk         (clk),
      .pin         (cs_n),
      .level       (cs),
      .rise        (cs_rise),
      .fall        (cs_fall),
      .rise_age    (cs_rise_age),
      .fall_age    (cs_fall_age),
      .was_rise_age(cs_was_rise),
      .was_fall_age(cs_was_fall)
  );

  part_edge u_sclk (
      .clk         (clk),
      .pin         (sclk),
      .level       (clock),
      .rise        (clock_rise),
      .fall        (clock_fall),
      .rise_age    (rise_age),
      .fall_age    (fall_age),
      .was_rise_age(was_rise),
      .was_fall_age(was_fall)
  );

  part_edge u_sdi (
      .clk         (clk),
      .pin         (sdi),
      .level       (data),
      .rise        (data_rise),
      .fall        (data_fall),
      .rise_age    (data_rise_age),
      .fall_age    (data_fall_age),
      .was_rise_age(data_was_rise),
      .was_fall_age(data_was_fall)
  );

  // ---- Rules ----
  wire        selected  = !cs && !cs_fall;
  wire [16:0] data_age  = data_rise_age < data_fall_age ? data_rise_age : data_fall_age;
  wire        first     = edges_q == 6'd0;
  wire        tick      = selected && clock_fall;
  wire        enough    = edges_q >= 6'd24;
  wire        half_slow = (!clock_fall || kept(was_rise, T_READ_HALF)) && (!clock_rise || first || kept(was_fall, T_READ_HALF));
  wire        slow      = half_slow && (!clock_fall || first || kept(was_fall, T_READ_SCLK)) && (!(clock_fall && first) || kept(cs_fall_age, T_READ_CSS));
  wire [11:0] seen;
  assign seen[0]  = tick && !kept(was_rise, T_HIGH);
  assign seen[1]  = selected && clock_rise && !first && !kept(was_fall, T_LOW);
  assign seen[2]  = tick && !first && !kept(was_fall, T_SCLK);
  assign seen[3]  = tick && !kept(data_age, T_SDIS);
  assign seen[4]  = selected && (data_rise || data_fall) && !first && !kept(fall_age, T_SDIH);
  assign seen[5]  = tick && first && !kept(cs_fall_age, T_CSS);
  assign seen[6]  = cs_rise && !kept(fall_age, T_CSH);
  assign seen[7]  = cs_fall && !kept(cs_was_rise, T_CSHIGH);
  assign seen[8]  = cs_rise && !enough;
  assign seen[9]  = cs_rise && enough && shift_q[22:20] != 3'd0;
  assign seen[10] = cs_rise && reading_q && !slow_q;
  assign seen[11] = cs_fall && wake_q != 32'd0;

  // ---- What it does ----
  wire        obey   = cs_rise && enough && wake_q == 32'd0;
  wire        write  = obey && !shift_q[23];
  wire [3:0]  where  = shift_q[19:16];
  wire [15:0] what   = shift_q[15:0];
  wire        reset  = write && where == 4'd5 && what[3:0] == 4'hA;
  wire        ldac   = write && where == 4'd5 && what[4];
  reg [15:0]  asked;
  always @(*) begin : register_read
    case (where)
      4'd1:    asked = ID;
      4'd2:    asked = sync_q;
      4'd3:    asked = config_q;
      4'd4:    asked = gain_q;
      4'd6:    asked = brdcast_q;
      default: asked = where[3] ? dac[where[2:0]] : 16'd0;
    endcase
  end

  always @(posedge clk) begin : registers
    if (!power || reset) begin
      {sync_q, gain_q, config_q, brdcast_q} <= {16'hFF00, 48'd0};
      wake_q <= T_POWER / CLK_PS;
      for (i = 0; i < 8; i = i + 1) dac[i] <= 16'd0;
    end else begin
      if (wake_q != 32'd0) wake_q <= wake_q - 32'd1;
      if (write && where == 4'd2) sync_q <= what;
      if (write && where == 4'd3) config_q <= what;
      if (write && where == 4'd4) gain_q <= what;
      if (write && where == 4'd6) brdcast_q <= what;
      for (i = 0; i < 8; i = i + 1) begin
        if (write && where == i[3:0] + 4'd8) dac[i] <= what;
        else if (write && where == 4'd6 && sync_q[8+i]) dac[i] <= what;
      end
    end
  end

  // Without SYNC a channel follows its buffer, with it only LDAC.
  always @(posedge clk) begin : outputs
    for (i = 0; i < 8; i = i + 1) begin
      if (!power || reset) out_q[16*i +: 16] <= 16'd0;
      else if (ldac || !sync_q[i]) out_q[16*i +: 16] <= dac[i];
    end
  end

  always @(posedge clk) begin : serial
    if (cs_fall) begin
      edges_q <= 6'd0;
      slow_q  <= 1'b1;
    end else if (selected) begin
      if (!slow) slow_q <= 1'b0;
      if (clock_fall) begin
        shift_q <= {shift_q[22:0], data};
        edges_q <= edges_q == 6'd63 ? 6'd63 : edges_q + 6'd1;
      end
      if (clock_rise) begin
        sdo_q    <= reading_q ? answer_q[23] : 1'b0;
        answer_q <= {answer_q[22:0], 1'b0};
      end
    end
    if (cs_rise) begin
      reading_q <= obey && shift_q[23];
      answer_q  <= {shift_q[23:16], asked};
    end
    if (!power) reading_q <= 1'b0;
    if (!watch) broken_q <= 12'd0;
    else if (power) broken_q <= broken_q | seen;
  end

  // ---- Outputs ----
  assign sdo    = cs || !power ? 1'b1 : sdo_q;
  assign out    = out_q;
  assign gain   = gain_q;
  assign broken = broken_q;

  wire unused = &{rise_age, cs_rise_age, cs_was_fall, clock, data_was_rise, data_was_fall};

endmodule

`default_nettype wire
