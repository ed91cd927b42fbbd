// SPDX-License-Identifier: BSD-3-Clause
// Fetches the points of SWEEP, two words each: one to work with, the next one ahead.
//
// `restart` fetches point 0; `ready` is high from 3 cycles later. `next` (only with `ready`) makes the fetched point the present
// one, whose fields are stable from the next cycle on, and fetches the one after it: after the last, point 0. `ready` is high again
// 3 cycles later.

`default_nettype none

module sweep_points (
    input  wire        clk,

    // Request
    input  wire [15:0] count,       // points, at least 1
    input  wire [15:0] place,       // first payload word of them
    input  wire [15:0] limit_read,  // DAC code above which a point is a pulse

    // Steps
    input  wire        restart,
    input  wire        next,
    output wire        ready,

    // Request memory: data one cycle after its address
    output wire [15:0] q_address,
    input  wire [31:0] q_data,

    // The present point
    output wire        last,
    output wire [15:0] word,        // its first payload word
    output wire [15:0] voltage,
    output wire [15:0] gate,
    output wire [27:0] dwell,       // clk cycles
    output wire [1:0]  kind,
    output wire        polarity,
    output wire        pulsed
);

  // ---- State
  reg [1:0]  step_q;    // 0, 1: a word is asked for; 1, 2: a word comes; 3: both are there
  reg [15:0] ahead_q;   // number of the point fetched
  reg [15:0] first_q;   // its first payload word
  reg [31:0] ahead0_q, ahead1_q, present0_q, present1_q;
  reg [15:0] word_q;
  reg        last_q;
  wire       ends = ahead_q + 16'd1 == count;

  // ---- Registers
  always @(posedge clk) begin
    if (restart || next)      step_q <= 2'd0;
    else if (step_q != 2'd3)  step_q <= step_q + 2'd1;
    if (restart) begin
      ahead_q <= 16'd0;
      first_q <= place;
    end else if (next) begin
      ahead_q <= ends ? 16'd0 : ahead_q + 16'd1;
      first_q <= ends ? place : first_q + 16'd2;
    end
    if (step_q == 2'd1) ahead0_q <= q_data;
    if (step_q == 2'd2) ahead1_q <= q_data;
  end

  always @(posedge clk) begin
    if (next) {last_q, word_q, present1_q, present0_q} <= {ends, first_q, ahead1_q, ahead0_q};
  end

  // ---- Outputs
  assign ready     = step_q == 2'd3;
  assign q_address = first_q + {15'd0, step_q != 2'd0};
  assign last      = last_q;
  assign word      = word_q;
  assign voltage   = present0_q[15:0];
  assign gate      = present0_q[31:16];
  assign dwell     = present1_q[27:0];
  assign kind      = present1_q[29:28];
  assign polarity  = present1_q[30];
  assign pulsed    = voltage > limit_read;

  wire unused_ok = &{1'b0, present1_q[31]};

endmodule

`default_nettype wire
