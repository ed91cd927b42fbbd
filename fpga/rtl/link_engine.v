// SPDX-License-Identifier: BSD-3-Clause
// Turns packets of words into requests executed once each, and replies into packets.
//
// docs/link_port.md lists the ports, docs/protocol.md the rules. From a request's last word to `q_valid`: 4
// cycles when the queue is empty. From `q_done` to the reply's first word: 4 cycles when nothing else is
// sent. `safe_seen` and `epoch_seen` come 2 cycles after the frame's last word, `feed` too; an urgent
// frame's answer is offered 3 cycles after it when nothing is being sent.

`default_nettype none
`include "board_map.vh"

module link_engine #(
    parameter REQUEST_WORDS     = 4096,  // words of the request queue, a power of two
    parameter REPLY_WORDS       = 4096,  // words of the reply ring, a power of two
    parameter MAX_PAYLOAD_WORDS = 1024,  // words, largest payload of a frame
    parameter CLK_HZ            = `CLK_HZ  // clk, in hertz, told in HELLO
) (
    input  wire        clk,
    input  wire        rst_n,

    // Packets
    input  wire        rx_valid,
    input  wire [31:0] rx_data,
    input  wire        rx_last,
    input  wire        rx_bad,
    output wire        tx_valid,
    input  wire        tx_ready,
    output wire [31:0] tx_data,
    output wire        tx_last,

    // Head request
    output wire        q_valid,
    output wire [7:0]  q_opcode,
    output wire [15:0] q_words,
    output wire        q_dropped,
    input  wire [15:0] q_address,
    output wire [31:0] q_data,
    input  wire        q_done,

    // Its reply
    output wire [15:0] r_room,
    input  wire        r_write,
    input  wire [15:0] r_address,
    input  wire [31:0] r_data,
    input  wire [7:0]  r_status,
    input  wire [15:0] r_words,

    // Safety
    output wire        safe_seen,
    output wire        epoch_seen,
    input  wire        safe_event,
    input  wire        core_idle,
    output wire        epoch_clear,
    output wire        epoch_open,
    output wire        feed,
    input  wire [7:0]  state,

    // Identity
    input  wire [15:0] id_flags,
    input  wire [31:0] id_build,
    input  wire [31:0] id_firmware,
    input  wire [63:0] id_uid,
    input  wire [31:0] id_boot,
    input  wire [31:0] id_pulses,
    input  wire [7:0]  id_macros,
    input  wire [63:0] id_geometry,

    // Counters
    output wire [31:0] frames_received,
    output wire [31:0] crc_errors,
    output wire [31:0] gaps,
    output wire [31:0] duplicates
);

  generate
    if (MAX_PAYLOAD_WORDS < 32 || MAX_PAYLOAD_WORDS >= REQUEST_WORDS || MAX_PAYLOAD_WORDS > REPLY_WORDS) begin : g_bad
      MAX_PAYLOAD_WORDS_must_be_at_least_32_and_fit_both_rings u_error ();
    end
  endgenerate

  wire        payload_valid;
  wire [15:0] payload_index;
  wire [31:0] payload_data;

  wire        hello, safe, heartbeat, gap, refuse_version, refuse_length, refuse_epoch, refuse_opcode;
  wire        numbered, below, epoch_close, opened;
  wire [15:0] frame_sequence, frame_epoch, frame_acknowledge, below_number, expected, epoch;

  wire        answer_valid, answer_take, answer_read, reply_idle;
  wire [7:0]  answer_opcode, answer_status;
  wire [15:0] answer_sequence, answer_epoch, answer_words, answer_index;
  wire [31:0] answer_data;

  // A request is offered when its reply can be kept, and not while an epoch begins.
  wire waiting, keepable;
  wire done = q_done && q_valid;
  assign q_valid = waiting && keepable && !epoch_clear;

  link_requests #(
      .REQUEST_WORDS    (REQUEST_WORDS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_requests (
      .clk              (clk),
      .rst_n            (rst_n),
      .rx_valid         (rx_valid),
      .rx_data          (rx_data),
      .rx_last          (rx_last),
      .rx_bad           (rx_bad),
      .epoch_close      (epoch_close),
      .open             (opened),
      .epoch            (epoch),
      .is_open          (epoch_open),
      .payload_valid    (payload_valid),
      .payload_index    (payload_index),
      .payload_data     (payload_data),
      .hello            (hello),
      .safe             (safe),
      .heartbeat        (heartbeat),
      .gap              (gap),
      .refuse_version   (refuse_version),
      .refuse_length    (refuse_length),
      .refuse_epoch     (refuse_epoch),
      .refuse_opcode    (refuse_opcode),
      .numbered         (numbered),
      .frame_sequence   (frame_sequence),
      .frame_epoch      (frame_epoch),
      .frame_acknowledge(frame_acknowledge),
      .expected         (expected),
      .safe_seen        (safe_seen),
      .feed             (feed),
      .below            (below),
      .below_number     (below_number),
      .safe_event       (safe_event),
      .q_valid          (waiting),
      .q_opcode         (q_opcode),
      .q_words          (q_words),
      .q_dropped        (q_dropped),
      .q_address        (q_address),
      .q_data           (q_data),
      .q_done           (done),
      .frames_received  (frames_received),
      .crc_errors       (crc_errors),
      .gaps             (gaps)
  );

  urgent_unit #(
      .REQUEST_WORDS    (REQUEST_WORDS),
      .REPLY_WORDS      (REPLY_WORDS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS),
      .CLK_HZ           (CLK_HZ)
  ) u_urgent (
      .clk            (clk),
      .rst_n          (rst_n),
      .payload_valid  (payload_valid),
      .payload_index  (payload_index),
      .payload_data   (payload_data),
      .hello          (hello),
      .safe           (safe),
      .heartbeat      (heartbeat),
      .gap            (gap),
      .refuse_version (refuse_version),
      .refuse_length  (refuse_length),
      .refuse_epoch   (refuse_epoch),
      .refuse_opcode  (refuse_opcode),
      .frame_sequence (frame_sequence),
      .frame_epoch    (frame_epoch),
      .expected       (expected),
      .is_open        (epoch_open),
      .core_idle      (core_idle),
      .sender_idle    (reply_idle),
      .epoch_close    (epoch_close),
      .epoch_seen     (epoch_seen),
      .epoch_clear    (epoch_clear),
      .epoch_open     (opened),
      .epoch          (epoch),
      .id_flags       (id_flags),
      .id_build       (id_build),
      .id_firmware    (id_firmware),
      .id_uid         (id_uid),
      .id_boot        (id_boot),
      .id_pulses      (id_pulses),
      .id_macros      (id_macros),
      .id_geometry    (id_geometry),
      .answer_valid   (answer_valid),
      .answer_opcode  (answer_opcode),
      .answer_status  (answer_status),
      .answer_sequence(answer_sequence),
      .answer_epoch   (answer_epoch),
      .answer_words   (answer_words),
      .answer_take    (answer_take),
      .answer_read    (answer_read),
      .answer_index   (answer_index),
      .answer_data    (answer_data)
  );

  link_replies #(
      .REPLY_WORDS(REPLY_WORDS)
  ) u_replies (
      .clk            (clk),
      .rst_n          (rst_n),
      .clear          (opened),
      .hold           (epoch_clear),
      .reply_idle     (reply_idle),
      .r_ready        (keepable),
      .r_room         (r_room),
      .r_write        (r_write && q_valid),
      .r_address      (r_address),
      .r_data         (r_data),
      .r_done         (done),
      .r_opcode       (q_opcode),
      .r_status       (r_status),
      .r_words        (r_words),
      .ack_valid      (numbered),
      .ack_number     (frame_acknowledge),
      .again_valid    (below),
      .again_number   (below_number),
      .duplicates     (duplicates),
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
      .answer_index   (answer_index),
      .answer_data    (answer_data),
      .tx_valid       (tx_valid),
      .tx_ready       (tx_ready),
      .tx_data        (tx_data),
      .tx_last        (tx_last)
  );

endmodule

`default_nettype wire
