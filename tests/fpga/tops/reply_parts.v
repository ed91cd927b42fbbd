// SPDX-License-Identifier: BSD-3-Clause
// What replies and their limits are counted with, side by side: reply_ring of 32 words, reply_size, limit_hash.

`default_nettype none

module reply_parts (
    input  wire         clk,
    input  wire         rst_n,

    // reply_ring
    input  wire         clear,
    output wire         r_ready,
    output wire [15:0]  r_room,
    input  wire         r_write,
    input  wire [15:0]  r_address,
    input  wire [31:0]  r_data,
    input  wire         r_done,
    input  wire [7:0]   r_opcode,
    input  wire [7:0]   r_status,
    input  wire [15:0]  r_words,
    input  wire         ack_valid,
    input  wire [15:0]  ack_number,
    input  wire         again_valid,
    input  wire [15:0]  again_number,
    output wire         again_taken,
    output wire         s_valid,
    output wire [15:0]  s_sequence,
    output wire [7:0]   s_opcode,
    output wire [7:0]   s_status,
    output wire [15:0]  s_words,
    input  wire         s_read,
    input  wire [15:0]  s_index,
    output wire [31:0]  s_data,
    input  wire         s_done,

    // reply_size
    input  wire         size_start,
    input  wire [7:0]   size_opcode,
    input  wire [15:0]  size_words,
    input  wire [15:0]  size_count,
    input  wire [3:0]   size_bits,
    input  wire [1:0]   size_width,
    input  wire         size_pairs,
    input  wire [9:0]   size_rows,
    input  wire [9:0]   size_columns,
    output wire         size_done,
    output wire [19:0]  size_vectors,
    output wire [31:0]  size_largest,
    output wire         size_too_large,
    output wire [31:0]  size_cell_pulses,

    // limit_hash
    input  wire         hash_start,
    input  wire [191:0] limits,
    output wire         hash_done,
    output wire [31:0]  hash
);

  wire [2:0] index;

  reply_ring #(
      .REPLY_WORDS(32)
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
      .s_valid     (s_valid),
      .s_sequence  (s_sequence),
      .s_opcode    (s_opcode),
      .s_status    (s_status),
      .s_words     (s_words),
      .s_read      (s_read),
      .s_index     (s_index),
      .s_data      (s_data),
      .s_done      (s_done)
  );

  reply_size #(
      .MAX_PAYLOAD_WORDS(1024)
  ) u_size (
      .clk        (clk),
      .rst_n      (rst_n),
      .start      (size_start),
      .opcode     (size_opcode),
      .words      (size_words),
      .count      (size_count),
      .bits       (size_bits),
      .width      (size_width),
      .pairs      (size_pairs),
      .rows       (size_rows),
      .columns    (size_columns),
      .done       (size_done),
      .vectors    (size_vectors),
      .largest    (size_largest),
      .too_large  (size_too_large),
      .cell_pulses(size_cell_pulses)
  );

  limit_hash u_hash (
      .clk  (clk),
      .rst_n(rst_n),
      .start(hash_start),
      .index(index),
      .value(limits[index*32 +: 32]),
      .done (hash_done),
      .hash (hash)
  );

endmodule

`default_nettype wire
