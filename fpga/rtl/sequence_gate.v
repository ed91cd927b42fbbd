// SPDX-License-Identifier: BSD-3-Clause
// Decides what a received frame is: the rules of "What the receiver does with a frame".
//
// Verdicts are combinational, for the one cycle of `frame_valid`, and at most one of them is high.
// `accept` is the only one that executes a numbered request. It is given to a CRC-good frame of the open
// epoch whose number is the expected one, to nothing else, and the expected number moves with it (and
// with a new epoch) alone. No memories, so that induction proves this.

`include "board_map.vh"

`default_nettype none

module sequence_gate (
    input  wire        clk,
    input  wire        rst_n,

    // Epoch
    input  wire        close,          // the epoch ends
    input  wire        open,           // the epoch `open_epoch` begins, nothing received in it
    input  wire [15:0] open_epoch,
    output wire        is_open,

    // Frame, one cycle
    input  wire        frame_valid,
    input  wire        frame_good,     // form and CRC
    input  wire [3:0]  frame_version,
    input  wire        frame_reply,
    input  wire        frame_urgent,
    input  wire [7:0]  frame_opcode,
    input  wire [15:0] frame_sequence,
    input  wire [15:0] frame_epoch,
    input  wire [15:0] frame_words,
    input  wire        frame_fits,     // there is room in the request queue

    // Verdict
    output wire        bad,            // rule 1: counted
    output wire        refuse_version, // rule 3
    output wire        hello,          // rule 4
    output wire        refuse_length,  // rule 4: a HELLO of another length
    output wire        refuse_epoch,   // rule 5
    output wire        heartbeat,      // rule 6
    output wire        safe,           // rule 6
    output wire        refuse_opcode,  // rule 6
    output wire        accept,         // rule 7
    output wire        gap,            // rules 1 and 8: the first of a gap
    output wire        below,          // rule 9

    // Beside the verdict
    output wire        feed,           // a good frame of the epoch
    output wire        numbered,       // a good numbered frame of the epoch
    output wire [15:0] expected
);

  localparam [3:0]  VERSION     = `PROTOCOL_VERSION;
  localparam [15:0] HELLO_WORDS = 16'd5;

  // ---- State ----
  reg        open_q;
  reg [15:0] epoch_q;
  reg [15:0] expected_q;
  reg        gap_q;  // the NAK of the present gap has been sent

  // ---- Next state ----
  wire        spoken   = frame_valid && frame_good && !frame_reply;
  wire        ours     = spoken && frame_version == VERSION;
  wire        is_hello = frame_urgent && frame_opcode == `OP_HELLO;
  wire        current  = ours && open_q && frame_epoch == epoch_q;
  wire        urgent   = current && frame_urgent && !is_hello;
  wire [15:0] ahead    = frame_sequence - expected_q;
  wire        missing  = (bad && open_q) || (numbered && !ahead[15] && !accept);

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) begin
      open_q     <= 1'b0;
      epoch_q    <= 16'd0;
      expected_q <= 16'd0;
      gap_q      <= 1'b0;
    end else if (open) begin
      open_q     <= 1'b1;
      epoch_q    <= open_epoch;
      expected_q <= 16'd0;
      gap_q      <= 1'b0;
    end else begin
      if (close) open_q <= 1'b0;
      if (accept) expected_q <= expected_q + 16'd1;
      if (accept) gap_q <= 1'b0;
      else if (missing) gap_q <= 1'b1;
    end
  end

  // ---- Outputs ----
  assign is_open        = open_q;
  assign bad            = frame_valid && !frame_good;
  assign refuse_version = spoken && frame_version != VERSION;
  assign hello          = ours && is_hello && frame_words == HELLO_WORDS;
  assign refuse_length  = ours && is_hello && frame_words != HELLO_WORDS;
  assign refuse_epoch   = ours && !is_hello && !current;
  assign heartbeat      = urgent && frame_opcode == `OP_HEARTBEAT;
  assign safe           = urgent && frame_opcode == `OP_SAFE;
  assign refuse_opcode  = urgent && !heartbeat && !safe;
  assign accept         = numbered && ahead == 16'd0 && frame_fits;
  assign gap            = missing && !gap_q;
  assign below          = numbered && ahead[15];
  assign feed           = current;
  assign numbered       = current && !frame_urgent;
  assign expected       = expected_q;

  // ---- Properties ----
`ifdef FORMAL
  // A marked number: once executed, it is not executed again before 65535 others were, or in a new epoch.
  (* anyconst *) wire [15:0] f_number;
  reg        f_past = 1'b0;
  reg        f_executed;
  reg [15:0] f_since;  // executions since then
  reg [15:0] f_count;  // executions in this epoch

  always @(posedge clk) begin
    f_past <= 1'b1;
    if (!f_past) assume (!rst_n);
    if (!rst_n || open) begin
      f_executed <= 1'b0;
      f_count    <= 16'd0;
    end else if (accept) begin
      f_count <= f_count + 16'd1;
      f_since <= f_since + 16'd1;
      if (frame_sequence == f_number) begin
        f_executed <= 1'b1;
        f_since    <= 16'd0;
      end
    end
  end

  always @(posedge clk) if (f_past && rst_n) begin
    // An execution has a good frame, the open epoch, the expected number.
    if (accept) begin
      assert (frame_valid && frame_good && !frame_reply && !frame_urgent && frame_fits);
      assert (frame_version == VERSION && open_q && frame_epoch == epoch_q);
      assert (frame_sequence == expected_q);
    end
    // The expected number counts the executions of the epoch, so it moves with nothing else.
    assert (expected_q == f_count);
    if (f_executed) assert (expected_q == f_number + 16'd1 + f_since);
    if (accept && f_executed && frame_sequence == f_number) assert (f_since == 16'hFFFF);
    if ($past(rst_n) && expected_q != $past(expected_q)) assert ($past(accept) || $past(open));
    if ($past(rst_n) && open_q && !$past(open_q)) assert ($past(open) && epoch_q == $past(open_epoch));
    // One verdict a frame; none without a frame; silence only for replies, later frames of a gap.
    assert (bad + refuse_version + hello + refuse_length + refuse_epoch + heartbeat + safe + refuse_opcode
            + accept + below + (gap && !bad) <= 1);
    if (!frame_valid) assert (!bad && !refuse_version && !hello && !refuse_epoch && !feed && !gap && !numbered);
    if (safe || heartbeat || numbered) assert (feed);
    // After a NAK there is no second one before an execution or a new epoch.
    if ($past(rst_n) && $past(gap) && !$past(open)) assert (gap_q);
    if (gap) assert (!gap_q && open_q);
  end

  always @(posedge clk) begin
    cover (f_past && rst_n && accept && expected_q == 16'd3);
    cover (f_past && rst_n && accept && gap_q);
  end
`endif

endmodule

`default_nettype wire
