// SPDX-License-Identifier: BSD-3-Clause
// Puts frames on the wire: header, payload, CRC.
//
// Answers outside the numbers go before replies; a frame once begun is finished. While `tx_ready` is high
// a frame is one word a cycle without a gap. A waiting answer's first word is offered 2 cycles after the
// last word of the frame before it was taken, a waiting reply's 4 cycles after. `acknowledge` and
// `state` are those of the moment the second word was taken.

`include "board_map.vh"

`default_nettype none

module frame_sender (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        hold,            // begin no reply
    output wire        reply_idle,      // no reply is being sent

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
    output wire        answer_read,     // payload word `index` is in answer_data one cycle later
    input  wire [31:0] answer_data,

    // Replies
    input  wire        reply_valid,
    input  wire [7:0]  reply_opcode,
    input  wire [7:0]  reply_status,
    input  wire [15:0] reply_sequence,
    input  wire [15:0] reply_words,
    output wire        reply_read,
    input  wire [31:0] reply_data,
    output wire        reply_done,      // one cycle: the reply's last word was taken
    output wire [15:0] index,

    // Packets out
    output wire        tx_valid,
    input  wire        tx_ready,
    output wire [31:0] tx_data,
    output wire        tx_last
);

  localparam [3:0] VERSION = `PROTOCOL_VERSION;

  localparam [2:0] ST_IDLE    = 3'd0;
  localparam [2:0] ST_WORD0   = 3'd1;
  localparam [2:0] ST_WORD1   = 3'd2;
  localparam [2:0] ST_WORD2   = 3'd3;
  localparam [2:0] ST_PAYLOAD = 3'd4;
  localparam [2:0] ST_CRC     = 3'd5;

  // ---- State ----
  reg [2:0]  state_q, state_d;
  reg        urgent_q;   // an answer is being sent, not a reply
  reg [7:0]  opcode_q, status_q;
  reg [15:0] sequence_q, epoch_q, words_q;
  reg [15:0] index_q;    // next payload word to read
  reg        over_q;     // all were read a word ago
  reg [31:0] payload_q;  // the payload word being sent
  reg [23:0] live_q;     // state and acknowledge of the third word

  // ---- Next state ----
  wire        idle     = state_q == ST_IDLE;
  wire        take     = idle && answer_valid;
  wire        begin_reply = idle && !answer_valid && reply_valid && !hold;
  wire        step     = !idle && tx_ready;
  wire        all_read = index_q == words_q;
  wire        read     = step && (state_q == ST_WORD1 || state_q == ST_WORD2 || state_q == ST_PAYLOAD) && !all_read;

  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      // Choose what to send and keep its header.
      ST_IDLE: if (take || begin_reply) state_d = ST_WORD0;

      ST_WORD0: if (step) state_d = ST_WORD1;

      ST_WORD1: if (step) state_d = ST_WORD2;

      // The first payload word was read while the second header word left.
      ST_WORD2: if (step) state_d = words_q == 16'd0 ? ST_CRC : ST_PAYLOAD;

      // Each word leaves while the one after the next is read.
      ST_PAYLOAD: if (step && over_q) state_d = ST_CRC;

      default: if (step) state_d = ST_IDLE;
    endcase
  end

  // ---- Registers ----
  always @(posedge clk) begin : control
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
    if (idle) index_q <= 16'd0;
    else if (read) index_q <= index_q + 16'd1;
    if (step) begin
      over_q    <= all_read;
      payload_q <= urgent_q ? answer_data : reply_data;
    end
  end

  always @(posedge clk) begin : header
    if (idle) begin
      urgent_q   <= answer_valid;
      opcode_q   <= answer_valid ? answer_opcode : reply_opcode;
      status_q   <= answer_valid ? answer_status : reply_status;
      sequence_q <= answer_valid ? answer_sequence : reply_sequence;
      epoch_q    <= answer_valid ? answer_epoch : epoch;
      words_q    <= answer_valid ? answer_words : reply_words;
    end
    if (state_q == ST_WORD1 && step) live_q <= {state, expected};
  end

  // ---- Outputs ----
  wire [31:0] crc;
  reg  [31:0] data;

  always @(*) begin : word
    case (state_q)
      ST_WORD0:   data = {sequence_q, opcode_q, 2'b00, urgent_q, 1'b1, VERSION};
      ST_WORD1:   data = {words_q, epoch_q};
      ST_WORD2:   data = {live_q[23:16], status_q, live_q[15:0]};
      ST_PAYLOAD: data = payload_q;
      default:    data = ~crc;
    endcase
  end

  assign reply_idle  = idle || urgent_q;
  assign answer_take = take;
  assign answer_read = read && urgent_q;
  assign reply_read  = read && !urgent_q;
  assign reply_done  = state_q == ST_CRC && step && !urgent_q;
  assign index       = index_q;
  assign tx_valid    = !idle;
  assign tx_data     = data;
  assign tx_last     = state_q == ST_CRC;

  crc32_word u_crc (
      .clk   (clk),
      .enable(step),
      .first (state_q == ST_WORD0),
      .data  (data),
      .crc   (crc)
  );

endmodule

`default_nettype wire
