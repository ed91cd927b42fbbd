// SPDX-License-Identifier: BSD-3-Clause
// Finds the first point of SWEEP with a field outside its range (docs/protocol.md, "Refusals"): a pulse of no kind or of no time. On an
// analog front end every point is only read: a reading lasts longer than a pulse may, so that a point above LIMIT_READ_V is refused, and a gate
// above LIMIT_GATE_V or above what the front end reaches.
//
// `start` begins, `done` comes once, 4 cycles a point later or at the first bad one, with what was found: bad (96), the value asked, its
// bound, its payload word. Whether a point is a pulse, LIMIT_READ_V decides, which no request changes meanwhile.

`default_nettype none

module point_check #(
    parameter [15:0] COMMON = 16'd0  // ground of reads, on which the gate stands, DAC code; 0: no analog front end
) (
    input  wire        clk,
    input  wire        rst_n,

    input  wire        start,
    input  wire [15:0] count,
    input  wire [15:0] place,
    input  wire [15:0] limit_read,
    input  wire [15:0] limit_gate,
    output wire        done,
    output wire [96:0] found,

    // Request memory: data one cycle after its address
    output wire [15:0] q_address,
    input  wire [31:0] q_data
);

  reg         run_q, look_q;  // busy; the present point is to be judged
  wire        ready, last, pulsed;
  wire [1:0]  kind;
  wire [15:0] word, voltage, gate;
  wire [27:0] dwell;
  wire        no_kind = pulsed && kind == 2'd3;
  wire        no_time = pulsed && dwell == 28'd0;
  wire        analog  = COMMON != 16'd0;
  wire        no_read = analog && pulsed;
  wire [15:0] highest = limit_gate < ~COMMON ? limit_gate : ~COMMON;
  wire        no_gate = analog && gate > highest;
  wire        advance = run_q && !look_q && ready;

  sweep_points u_points (
      .clk       (clk),
      .count     (count),
      .place     (place),
      .limit_read(limit_read),
      .restart   (start),
      .next      (advance),
      .ready     (ready),
      .q_address (q_address),
      .q_data    (q_data),
      .last      (last),
      .word      (word),
      .voltage   (voltage),
      .gate      (gate),
      .dwell     (dwell),
      .kind      (kind),
      .polarity  (),
      .pulsed    (pulsed)
  );

  always @(posedge clk) begin
    if (!rst_n) {run_q, look_q} <= 2'b00;
    else begin
      run_q  <= start || (run_q && !done);
      look_q <= advance;
    end
  end

  // ---- Outputs
  wire [31:0] word1 = {16'd0, word} + 32'd1;
  assign done  = look_q && (no_read || no_gate || no_kind || no_time || last);
  assign found = no_read ? {1'b1, 16'd0, voltage, 16'd0, limit_read, 16'd0, word}
      : no_gate ? {1'b1, 16'd0, gate, 16'd0, highest, 16'd0, word} : no_kind ? {1'b1, 32'd3, 32'd2, word1} : {no_time, 32'd0, 32'd1, word1};

endmodule

`default_nettype wire
