// SPDX-License-Identifier: BSD-3-Clause
// Executes FIRMWARE: words of an image into the core's memory, in order, while disarmed.
//
// `start` begins; `done` comes once, one cycle a word and a few later, with the status and the refusal's words, or how many words
// there are now. The image counts (`present`) when its last word has come and its CRC-32 is the one named; from its
// first word until then, and after another CRC, there is none. At configuration the built image is there.

`default_nettype none
`include "board_map.vh"
`include "core_bridge.vh"
`include "firmware_id.vh"

module core_loader (
    input  wire        clk,
    input  wire        rst_n,

    // Request
    input  wire        start,
    input  wire        stop,           // level, until `done`
    input  wire        armed,
    input  wire [31:0] first,
    input  wire [31:0] total,
    input  wire [31:0] checksum,
    input  wire [15:0] q_words,
    output wire        done,
    output wire [7:0]  status,
    output wire [95:0] words,          // value, bound, place from bit 0
    output wire [15:0] q_address,
    input  wire [31:0] q_data,

    // Memory
    output wire        load,
    output wire [12:0] load_address,
    output wire [31:0] load_data,

    // Image
    output wire        present,
    output wire [13:0] image_words,
    output wire [31:0] image_crc
);

  localparam [15:0] HEAD = 16'd3;
  localparam [31:0] MOST = `CORE_MEMORY_BYTES >> 2;
  localparam [2:0] ST_IDLE = 3'd0, ST_JUDGE = 3'd1, ST_LOAD = 3'd2, ST_SUM = 3'd3, ST_DONE = 3'd4;

  // ---- State ----
  reg [2:0]  state_q, state_d;
  reg        present_q;
  reg [13:0] image_q, next_q;
  reg [31:0] crc_q;
  reg [15:0] at_q;
  reg        coming_q, there_q;  // q_data, word_q is a word of the image
  reg [31:0] word_q;
  reg [7:0]  status_q;
  reg [95:0] words_q;

  initial {present_q, image_q, next_q, crc_q} = {1'b1, `FIRMWARE_WORDS, 14'd0, `FIRMWARE_CRC};

  // ---- Judgement ----
  wire [31:0] register;
  wire [15:0] coming  = q_words - HEAD;
  wire [31:0] after   = first + {16'd0, coming};
  wire        ordered = first == 32'd0 || first == {18'd0, next_q};
  wire        too_long   = total > MOST || total == 32'd0;
  wire        beyond  = after > total;
  wire        good    = !armed && !too_long && !beyond && ordered;
  wire        last    = at_q == q_words;
  wire        whole   = {18'd0, next_q} == total;

  // ---- Next state ----
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (start) state_d = ST_JUDGE;
      // Order and size.
      ST_JUDGE: state_d = stop || !good ? ST_DONE : ST_LOAD;
      // A word a cycle.
      ST_LOAD: if (stop) state_d = ST_DONE;
      else if (last && !coming_q && !there_q) state_d = ST_SUM;
      // The sum, when all words are there.
      ST_SUM: state_d = ST_DONE;
      ST_DONE: state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin : image
    coming_q <= rst_n && state_q == ST_LOAD && !last;
    there_q  <= coming_q;
    word_q   <= q_data;
    if (state_q == ST_JUDGE) at_q <= HEAD;
    else if (state_q == ST_LOAD && !last) at_q <= at_q + 16'd1;
    if (rst_n && state_q == ST_JUDGE && state_d == ST_LOAD) begin
      present_q <= 1'b0;
      next_q    <= first[13:0];
    end else if (load) next_q <= next_q + 14'd1;
    if (rst_n && state_q == ST_SUM && whole && ~register == checksum) begin
      present_q <= 1'b1;
      image_q   <= next_q;
      crc_q     <= checksum;
    end
  end

  always @(posedge clk) begin : outcome
    case (state_q)
      ST_JUDGE: begin
        status_q <= stop ? `STATUS_ABORTED : armed ? `STATUS_STILL_ARMED : good ? `STATUS_OK : `STATUS_BAD_FIELD;
        words_q  <= good || stop || armed ? 96'd0 : too_long ? {32'd1, total == 32'd0 ? 32'd1 : MOST, total}
            : beyond ? {32'd0, total, after} : {50'd0, next_q, first};
      end
      ST_LOAD: if (stop) {status_q, words_q} <= {`STATUS_ABORTED, 96'd0};
      ST_SUM: begin
        words_q[31:0] <= {18'd0, next_q};
        if (whole && ~register != checksum) {status_q, words_q} <= {`STATUS_BAD_IMAGE, 32'd2, ~register, checksum};
      end
      default: ;
    endcase
  end

  crc32_word u_crc (
      .clk   (clk),
      .enable(there_q),
      .first (next_q == 14'd0),
      .data  (word_q),
      .crc   (register)
  );

  // ---- Outputs ----
  assign done         = state_q == ST_DONE;
  assign status       = status_q;
  assign words        = words_q;
  assign q_address    = at_q;
  assign load         = there_q && rst_n;  // nothing is written before reset
  assign load_address = next_q[12:0];
  assign load_data    = word_q;
  assign present      = present_q;
  assign image_words  = image_q;
  assign image_crc    = present_q ? crc_q : 32'd0;

endmodule

`default_nettype wire
