// SPDX-License-Identifier: BSD-3-Clause
// Takes packets apart: header fields, payload words, form and CRC.
//
// One word a cycle, always taken. `frame_valid` pulses on the cycle after a packet's last word, with the
// header fields and `frame_good` (form and CRC). Payload words pass straight through, on the cycle they
// arrive: `size_valid` with the payload's length in words first, then `payload_valid` once a word,
// before anyone knows whether the frame is good. A packet whose announced payload is above
// MAX_PAYLOAD_WORDS gives no payload words and is bad.

`default_nettype none

module frame_receiver #(
    parameter MAX_PAYLOAD_WORDS = 1024  // words
) (
    input  wire        clk,
    input  wire        rst_n,

    // Packets in
    input  wire        rx_valid,
    input  wire [31:0] rx_data,
    input  wire        rx_last,
    input  wire        rx_bad,

    // Payload, as it arrives
    output wire        size_valid,
    output wire [15:0] size_words,
    output wire        payload_valid,
    output wire [15:0] payload_index,
    output wire [31:0] payload_data,

    // Whole frame, one cycle
    output wire        frame_valid,
    output wire        frame_good,
    output wire [3:0]  frame_version,
    output wire        frame_reply,
    output wire        frame_urgent,
    output wire [7:0]  frame_opcode,
    output wire [15:0] frame_sequence,
    output wire [15:0] frame_epoch,
    output wire [15:0] frame_words,
    output wire [15:0] frame_acknowledge
);

  localparam [31:0] CRC_RESIDUE = 32'hDEBB20E3;
  localparam [15:0] MAX_WORDS   = MAX_PAYLOAD_WORDS[15:0];
  localparam [16:0] HEADER      = 17'd3;       // header words
  localparam [16:0] INDEX_TOP   = 17'h1FFFF;   // where the word counter stays

  // ---- State ----
  reg [16:0] index_q;  // words of this packet so far
  reg [31:0] word0_q, word1_q;
  reg [15:0] acknowledge_q;
  reg        fits_q;   // announced payload is within MAX_PAYLOAD_WORDS
  reg        end_q, form_q;

  // ---- Next state ----
  wire        first   = index_q == 17'd0;
  wire        is_size = rx_valid && index_q == 17'd1;
  wire [15:0] words   = word1_q[31:16];
  wire [16:0] offset  = index_q - HEADER;
  wire        payload = index_q >= HEADER && offset < {1'b0, words} && fits_q;
  wire        form    = rx_valid && index_q >= HEADER && offset == {1'b0, words} && fits_q && !rx_bad;
  wire [31:0] crc;

  // ---- Registers ----
  always @(posedge clk) begin : counting
    if (!rst_n) begin
      index_q <= 17'd0;
      end_q   <= 1'b0;
    end else begin
      end_q <= rx_last;
      if (rx_last) index_q <= 17'd0;
      else if (rx_valid && index_q != INDEX_TOP) index_q <= index_q + 17'd1;
    end
    if (rx_last) form_q <= form;
  end

  always @(posedge clk) begin : header
    if (rx_valid && first) word0_q <= rx_data;
    if (is_size) begin
      word1_q <= rx_data;
      fits_q  <= rx_data[31:16] <= MAX_WORDS;
    end
    if (rx_valid && index_q == 17'd2) acknowledge_q <= rx_data[15:0];
  end

  // ---- Outputs ----
  assign size_valid        = is_size;
  assign size_words        = rx_data[31:16];
  assign payload_valid     = rx_valid && payload;
  assign payload_index     = offset[15:0];
  assign payload_data      = rx_data;
  assign frame_valid       = end_q;
  assign frame_good        = form_q && crc == CRC_RESIDUE;
  assign frame_version     = word0_q[3:0];
  assign frame_reply       = word0_q[4];
  assign frame_urgent      = word0_q[5];
  assign frame_opcode      = word0_q[15:8];
  assign frame_sequence    = word0_q[31:16];
  assign frame_epoch       = word1_q[15:0];
  assign frame_words       = words;
  assign frame_acknowledge = acknowledge_q;

  crc32_word u_crc (
      .clk   (clk),
      .enable(rx_valid),
      .first (first),
      .data  (rx_data),
      .crc   (crc)
  );

  // Bits 7:6 of the first word are zero by the protocol and mean nothing.
  wire unused = &{1'b0, word0_q[7:6], offset[16]};

endmodule

`default_nettype wire
