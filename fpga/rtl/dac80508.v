// SPDX-License-Identifier: BSD-3-Clause
// PARTS octal 16-bit DAC80508 side by side: found by their device id, written together, stepped together.
//
// A frame goes to all parts at once, and each answers on its own SDO. So channel c of each steps in the same instant. A command is taken while `ready`:
// BRINGUP waits T_RESET, resets the parts, waits T_RESET again, asks for the ids, sets GAIN and lets every channel wait for LDAC; CHECK
// asks for the ids alone; LOAD writes the channels of `channels`, lowest first, steps them by LDAC, and asks every part for what it has in
// channel READBACK; ZERO broadcasts zero and steps. `done` comes with `present`, every part gave the answer wanted: the lowest that did not
// stays in `missing`. `halt` ends a command after the frame on the wire (a read after its answer), without `done`; a frame is never cut.

`default_nettype none

module dac80508 #(
    parameter        PARTS    = 1,         // parts, 1 to 8
    parameter        LEAD     = 1,         // t_CSS less half an SCLK period, in clk cycles, at least 1
    parameter        T_WRITE  = 1,         // t_SCLKHIGH and t_SCLKLOW of a write, in clk cycles
    parameter        T_READ   = 4,         // t_SCLKHIGH and t_SCLKLOW of a read, in clk cycles
    parameter        T_CSH    = 1,         // SCLK falling edge to CS high, in clk cycles
    parameter        T_CSHIGH = 1,         // CS high, in clk cycles
    parameter        T_RESET  = 15000,     // after power-up or reset, in clk cycles
    parameter [15:0] ID       = 16'h0800,  // DEVICE ID: 16 bits, 8 channels, zero scale at power-up
    parameter [15:0] ID_MASK  = 16'h7F80,  // its bits that count
    parameter [15:0] GAIN     = 16'h00FF,  // GAIN register: every output 0 to 2 x VREF
    parameter [2:0]  READBACK = 3'd2       // channel that a LOAD reads back
) (
    input  wire             clk,
    input  wire             rst_n,

    // Commands
    input  wire             halt,
    input  wire             start,
    input  wire [1:0]       command,   // 0 BRINGUP, 1 CHECK, 2 LOAD, 3 ZERO
    input  wire [7:0]       channels,  // LOAD: which; stable until `done`
    input  wire [127:0]     codes,     // LOAD: channel 0 in the lowest bits; stable until `done`
    output wire             ready,
    output wire             done,
    output wire             present,
    output wire [2:0]       missing,

    // Pins
    output wire [PARTS-1:0] cs_n,
    output wire             sclk,
    output wire             sdi,
    input  wire [PARTS-1:0] sdo
);

  localparam [1:0] BRINGUP = 2'd0, LOAD = 2'd2;
  localparam [3:0] ST_IDLE = 4'd0, ST_SOFT = 4'd1, ST_WAIT = 4'd2, ST_ASK = 4'd3, ST_HEAR = 4'd4, ST_GAIN = 4'd5, ST_SYNC = 4'd6,
      ST_WRITE = 4'd7, ST_CLEAR = 4'd8, ST_LDAC = 4'd9, ST_DONE = 4'd10, ST_POWER = 4'd11;
  localparam [31:0] RESET_1 = T_RESET - 1;
  localparam [3:0]  REG_ID = 4'd1, REG_SYNC = 4'd2, REG_GAIN = 4'd4, REG_TRIGGER = 4'd5, REG_BROADCAST = 4'd6;

  // ---- State ----
  reg [3:0]  state_q, state_d;
  reg [1:0]  command_q;
  reg [7:0]  left_q;       // LOAD: channels still to write
  reg        sent_q;       // the frame of this state is on the wire
  reg        stopped_q;
  reg        present_q;
  reg [2:0]  missing_q;
  reg [31:0] timer_q;

  // ---- The frame of each state ----
  wire [7:0]  one    = left_q & (~left_q + 8'd1);
  wire [2:0]  channel = {|one[7:4], |(one & 8'hCC), |(one & 8'hAA)};
  reg  [23:0] word;
  reg         sends;
  always @(*) begin : frame
    sends = 1'b1;
    case (state_q)
      ST_SOFT:  word = {4'd0, REG_TRIGGER, 16'h000A};
      ST_ASK:   word = {4'd8, command_q == LOAD ? {1'b1, READBACK} : REG_ID, 16'd0};
      ST_HEAR:  word = 24'd0;
      ST_GAIN:  word = {4'd0, REG_GAIN, GAIN};
      ST_SYNC:  word = {4'd0, REG_SYNC, 16'hFFFF};
      ST_WRITE: word = {5'd1, channel, codes[{channel, 4'd0} +: 16]};
      ST_CLEAR: word = {4'd0, REG_BROADCAST, 16'd0};
      ST_LDAC:  word = {4'd0, REG_TRIGGER, 16'h0010};
      default: begin
        word  = 24'd0;
        sends = 1'b0;
      end
    endcase
  end

  // ---- The answers ----
  wire                f_busy, f_done;
  wire [PARTS*16-1:0] f_data;
  wire [15:0]         written = codes[{READBACK, 4'd0} +: 16];
  reg                 known;   // all are as wanted
  reg  [2:0]          absent;  // the lowest that is not
  integer             i;
  always @(*) begin : answers
    known  = 1'b1;
    absent = 3'd0;
    for (i = PARTS - 1; i >= 0; i = i - 1) begin
      if (command_q == LOAD ? channels[READBACK] && f_data[i*16 +: 16] != written : (f_data[i*16 +: 16] & ID_MASK) != ID) begin
        known  = 1'b0;
        absent = i[2:0];
      end
    end
  end

  // ---- Next state ----
  wire        ended   = sent_q && f_done;
  wire        asking  = state_q == ST_ASK || state_q == ST_HEAR;
  wire        settled = timer_q == 32'd0;
  wire        stop    = halt || stopped_q;
  wire        reads   = (state_q == ST_ASK && sent_q) || (state_q == ST_HEAR && !ended);  // a read runs to its end
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (start && !halt && settled) case (command)
        2'd0:    state_d = ST_POWER;
        2'd1:    state_d = ST_ASK;
        2'd2:    state_d = channels == 8'd0 ? ST_LDAC : ST_WRITE;
        default: state_d = ST_CLEAR;
      endcase
      // The supplies may just have come up.
      ST_POWER: if (settled) state_d = ST_SOFT;
      ST_SOFT: if (ended) state_d = ST_WAIT;
      // The parts come out of reset.
      ST_WAIT: if (settled) state_d = ST_ASK;
      // A register is asked for in one frame and comes in the next.
      ST_ASK: if (ended) state_d = ST_HEAR;
      ST_HEAR: if (ended) state_d = command_q == BRINGUP && known ? ST_GAIN : ST_DONE;
      ST_GAIN: if (ended) state_d = ST_SYNC;
      ST_SYNC: if (ended) state_d = ST_CLEAR;
      ST_WRITE: if (ended) state_d = left_q == one ? ST_LDAC : ST_WRITE;
      ST_CLEAR: if (ended) state_d = ST_LDAC;
      ST_LDAC: if (ended) state_d = command_q == LOAD ? ST_ASK : ST_DONE;
      ST_DONE: state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
    if (stop && !reads && state_q != ST_IDLE && (ended || !f_busy)) state_d = ST_IDLE;
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) begin
      state_q   <= ST_IDLE;
      sent_q    <= 1'b0;
      stopped_q <= 1'b0;
    end else begin
      state_q   <= state_d;
      sent_q    <= sends && !ended && !(stop && !reads && !f_busy);
      stopped_q <= state_d != ST_IDLE && stop;
    end
  end

  always @(posedge clk) begin
    // Runs on when a bring-up is cut short: nobody speaks to parts that come out of reset.
    if (!rst_n) timer_q <= 32'd0;
    else if (state_q == ST_SOFT || (state_q == ST_IDLE && state_d == ST_POWER)) timer_q <= RESET_1;
    else if (!settled) timer_q <= timer_q - 32'd1;
    if (state_q == ST_IDLE) begin
      command_q <= command;
      left_q    <= channels;
      present_q <= 1'b1;
      missing_q <= 3'd0;
    end else begin
      if (state_q == ST_WRITE && ended) left_q <= left_q & ~one;
      if (state_q == ST_HEAR && ended) begin
        present_q <= known;
        missing_q <= absent;
      end
    end
  end

  spi_frame #(
      .PARTS   (PARTS),
      .LEAD    (LEAD),
      .T_WRITE (T_WRITE),
      .T_READ  (T_READ),
      .T_CSH   (T_CSH),
      .T_CSHIGH(T_CSHIGH)
  ) u_frame (
      .clk   (clk),
      .rst_n (rst_n),
      .start (sends && !sent_q && (!stop || state_q == ST_HEAR)),
      .word  (word),
      .select({PARTS{1'b1}}),
      .slow  (asking),
      .busy  (f_busy),
      .done  (f_done),
      .data  (f_data),
      .cs_n  (cs_n),
      .sclk  (sclk),
      .sdi   (sdi),
      .sdo   (sdo)
  );

  // ---- Outputs ----
  assign ready   = state_q == ST_IDLE && settled;
  assign done    = state_q == ST_DONE && !stop;
  assign present = present_q;
  assign missing = missing_q;

endmodule

`default_nettype wire
