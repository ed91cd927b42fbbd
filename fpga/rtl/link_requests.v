// SPDX-License-Identifier: BSD-3-Clause
// The receiving half of the link engine: packets to verdicts and to the queue of accepted requests.
//
// Joins frame_receiver, sequence_gate and request_queue, and counts what they see. Verdicts are on the
// cycle after a packet's last word; `safe_seen`, `feed` and `below` one cycle later. A request's last word
// to `q_valid`: 4 cycles when the queue is empty.

`default_nettype none

module link_requests #(
    parameter REQUEST_WORDS     = 4096,  // words of the request queue, a power of two
    parameter MAX_PAYLOAD_WORDS = 1024   // words, largest payload of a frame
) (
    input  wire        clk,
    input  wire        rst_n,

    // Packets
    input  wire        rx_valid,
    input  wire [31:0] rx_data,
    input  wire        rx_last,
    input  wire        rx_bad,

    // Epoch
    input  wire        epoch_close,
    input  wire        open,
    input  wire [15:0] epoch,
    output wire        is_open,

    // Payload, as it arrives
    output wire        payload_valid,
    output wire [15:0] payload_index,
    output wire [31:0] payload_data,

    // Verdicts and what they are about
    output wire        hello,
    output wire        safe,
    output wire        heartbeat,
    output wire        gap,
    output wire        refuse_version,
    output wire        refuse_length,
    output wire        refuse_epoch,
    output wire        refuse_opcode,
    output wire        numbered,
    output wire [15:0] frame_sequence,
    output wire [15:0] frame_epoch,
    output wire [15:0] frame_acknowledge,
    output wire [15:0] expected,

    // One cycle after the verdict
    output wire        safe_seen,
    output wire        feed,
    output wire        below,
    output wire [15:0] below_number,

    // Head request
    input  wire        safe_event,
    output wire        q_valid,
    output wire [7:0]  q_opcode,
    output wire [15:0] q_words,
    output wire        q_dropped,
    input  wire [15:0] q_address,
    output wire [31:0] q_data,
    input  wire        q_done,

    // Counters
    output wire [31:0] frames_received,
    output wire [31:0] crc_errors,
    output wire [31:0] gaps
);

  wire        size_valid;
  wire [15:0] size_words;
  wire        frame_valid, frame_good, frame_reply, frame_urgent, frame_fits;
  wire [3:0]  frame_version;
  wire [7:0]  frame_opcode;
  wire [15:0] frame_words;
  wire        bad, accept, below_now, feed_now;

  // ---- State ----
  reg         safe_q, feed_q, below_q;
  reg [15:0]  below_number_q;
  reg [31:0]  frames_q, errors_q, gaps_q;

  // ---- Registers ----
  always @(posedge clk) begin : verdicts
    if (!rst_n) begin
      safe_q  <= 1'b0;
      feed_q  <= 1'b0;
      below_q <= 1'b0;
    end else begin
      safe_q  <= safe;
      feed_q  <= feed_now;
      below_q <= below_now;
    end
    if (below_now) below_number_q <= frame_sequence;
  end

  always @(posedge clk) begin : counters
    if (!rst_n) begin
      frames_q <= 32'd0;
      errors_q <= 32'd0;
      gaps_q   <= 32'd0;
    end else begin
      if (frame_valid && frame_good) frames_q <= frames_q + 32'd1;
      if (bad) errors_q <= errors_q + 32'd1;
      if (gap) gaps_q <= gaps_q + 32'd1;
    end
  end

  // ---- Outputs ----
  assign safe_seen       = safe_q;
  assign feed            = feed_q;
  assign below           = below_q;
  assign below_number    = below_number_q;
  assign frames_received = frames_q;
  assign crc_errors      = errors_q;
  assign gaps            = gaps_q;

  frame_receiver #(
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_receiver (
      .clk              (clk),
      .rst_n            (rst_n),
      .rx_valid         (rx_valid),
      .rx_data          (rx_data),
      .rx_last          (rx_last),
      .rx_bad           (rx_bad),
      .size_valid       (size_valid),
      .size_words       (size_words),
      .payload_valid    (payload_valid),
      .payload_index    (payload_index),
      .payload_data     (payload_data),
      .frame_valid      (frame_valid),
      .frame_good       (frame_good),
      .frame_version    (frame_version),
      .frame_reply      (frame_reply),
      .frame_urgent     (frame_urgent),
      .frame_opcode     (frame_opcode),
      .frame_sequence   (frame_sequence),
      .frame_epoch      (frame_epoch),
      .frame_words      (frame_words),
      .frame_acknowledge(frame_acknowledge)
  );

  sequence_gate u_gate (
      .clk           (clk),
      .rst_n         (rst_n),
      .close         (epoch_close),
      .open          (open),
      .open_epoch    (epoch),
      .is_open       (is_open),
      .frame_valid   (frame_valid),
      .frame_good    (frame_good),
      .frame_version (frame_version),
      .frame_reply   (frame_reply),
      .frame_urgent  (frame_urgent),
      .frame_opcode  (frame_opcode),
      .frame_sequence(frame_sequence),
      .frame_epoch   (frame_epoch),
      .frame_words   (frame_words),
      .frame_fits    (frame_fits),
      .bad           (bad),
      .refuse_version(refuse_version),
      .hello         (hello),
      .refuse_length (refuse_length),
      .refuse_epoch  (refuse_epoch),
      .heartbeat     (heartbeat),
      .safe          (safe),
      .refuse_opcode (refuse_opcode),
      .accept        (accept),
      .gap           (gap),
      .below         (below_now),
      .feed          (feed_now),
      .numbered      (numbered),
      .expected      (expected)
  );

  request_queue #(
      .REQUEST_WORDS(REQUEST_WORDS)
  ) u_queue (
      .clk          (clk),
      .rst_n        (rst_n),
      .clear        (open),
      .drop         (safe_event),
      .size_valid   (size_valid),
      .size_words   (size_words),
      .fits         (frame_fits),
      .payload_valid(payload_valid),
      .payload_data (payload_data),
      .commit       (accept),
      .commit_opcode(frame_opcode),
      .commit_words (frame_words),
      .q_valid      (q_valid),
      .q_opcode     (q_opcode),
      .q_words      (q_words),
      .q_dropped    (q_dropped),
      .q_address    (q_address),
      .q_data       (q_data),
      .q_done       (q_done)
  );

endmodule

`default_nettype wire
