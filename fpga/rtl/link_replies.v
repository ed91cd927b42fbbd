// SPDX-License-Identifier: BSD-3-Clause
// The sending half of the link engine: replies kept until acknowledged, and frames put on the wire.
//
// Joins reply_ring and frame_sender. From `r_done` to the reply's first word: 4 cycles when nothing else
// is sent; an answer's first word is offered 2 cycles after `answer_valid` at the earliest.

`default_nettype none

module link_replies #(
    parameter REPLY_WORDS = 4096  // words of the reply ring, a power of two
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        clear,           // forget everything
    input  wire        hold,            // begin no reply
    output wire        reply_idle,      // no reply is being sent

    // Present reply
    output wire        r_ready,
    output wire [15:0] r_room,
    input  wire        r_write,
    input  wire [15:0] r_address,
    input  wire [31:0] r_data,
    input  wire        r_done,
    input  wire [7:0]  r_opcode,
    input  wire [7:0]  r_status,
    input  wire [15:0] r_words,

    // From the host
    input  wire        ack_valid,
    input  wire [15:0] ack_number,
    input  wire        again_valid,
    input  wire [15:0] again_number,
    output wire [31:0] duplicates,      // replies sent again on request

    // Live fields
    input  wire [15:0] epoch,
    input  wire [15:0] expected,
    input  wire [7:0]  state,

    // Answers
    input  wire        answer_valid,
    input  wire [7:0]  answer_opcode,
    input  wire [7:0]  answer_status,
    input  wire [15:0] answer_sequence,
    input  wire [15:0] answer_epoch,
    input  wire [15:0] answer_words,
    output wire        answer_take,
    output wire        answer_read,
    output wire [15:0] answer_index,
    input  wire [31:0] answer_data,

    // Packets
    output wire        tx_valid,
    input  wire        tx_ready,
    output wire [31:0] tx_data,
    output wire        tx_last
);

  wire        reply_valid, reply_read, reply_done, again_taken;
  wire [7:0]  reply_opcode, reply_status;
  wire [15:0] reply_sequence, reply_words, index;
  wire [31:0] reply_data;

  // ---- State ----
  reg [31:0] duplicates_q;

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) duplicates_q <= 32'd0;
    else if (again_taken) duplicates_q <= duplicates_q + 32'd1;
  end

  // ---- Outputs ----
  assign answer_index = index;
  assign duplicates   = duplicates_q;

  reply_ring #(
      .REPLY_WORDS(REPLY_WORDS)
  ) u_ring (
      .clk         (clk),
      .rst_n       (rst_n),
      .clear       (clear),
      .r_ready     (r_ready),
      .r_room      (r_room),
      .r_write     (r_write),
      .r_address   (r_address),
      .r_data      (r_data),
      .r_done      (r_done),
      .r_opcode    (r_opcode),
      .r_status    (r_status),
      .r_words     (r_words),
      .ack_valid   (ack_valid),
      .ack_number  (ack_number),
      .again_valid (again_valid),
      .again_number(again_number),
      .again_taken (again_taken),
      .s_valid     (reply_valid),
      .s_sequence  (reply_sequence),
      .s_opcode    (reply_opcode),
      .s_status    (reply_status),
      .s_words     (reply_words),
      .s_read      (reply_read),
      .s_index     (index),
      .s_data      (reply_data),
      .s_done      (reply_done)
  );

  frame_sender u_sender (
      .clk            (clk),
      .rst_n          (rst_n),
      .hold           (hold),
      .reply_idle     (reply_idle),
      .epoch          (epoch),
      .expected       (expected),
      .state          (state),
      .answer_valid   (answer_valid),
      .answer_opcode  (answer_opcode),
      .answer_status  (answer_status),
      .answer_sequence(answer_sequence),
      .answer_epoch   (answer_epoch),
      .answer_words   (answer_words),
      .answer_take    (answer_take),
      .answer_read    (answer_read),
      .answer_data    (answer_data),
      .reply_valid    (reply_valid),
      .reply_opcode   (reply_opcode),
      .reply_status   (reply_status),
      .reply_sequence (reply_sequence),
      .reply_words    (reply_words),
      .reply_read     (reply_read),
      .reply_data     (reply_data),
      .reply_done     (reply_done),
      .index          (index),
      .tx_valid       (tx_valid),
      .tx_ready       (tx_ready),
      .tx_data        (tx_data),
      .tx_last        (tx_last)
  );

endmodule

`default_nettype wire
