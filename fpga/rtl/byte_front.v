// SPDX-License-Identifier: BSD-3-Clause
// Between a byte stream and the link engine's packets of words: stuffing and byte packing.
//
// Received: a word leaves when the byte after it, or the end of its frame, arrives: two cycles after that
// byte. A frame that is malformed or no multiple of four bytes ends with `rx_last` and `rx_bad` (with or
// without a word). Sent: four bytes a word, least significant first, one byte a cycle.

`default_nettype none

module byte_front (
    input  wire        clk,
    input  wire        rst_n,

    // Line in
    input  wire        in_valid,
    input  wire [7:0]  in_data,
    input  wire        in_bad,    // a byte was lost

    // Line out
    output wire        out_valid,
    input  wire        out_ready,
    output wire [7:0]  out_data,

    // Packets in, to the link engine
    output wire        rx_valid,
    output wire [31:0] rx_data,
    output wire        rx_last,
    output wire        rx_bad,

    // Packets out, from the link engine
    input  wire        tx_valid,
    output wire        tx_ready,
    input  wire [31:0] tx_data,
    input  wire        tx_last
);

  wire       byte_valid, frame_end, frame_bad;
  wire [7:0] byte_data;

  // ---- State ----
  reg [31:0] word_q;    // bytes shift in from the top
  reg [2:0]  bytes_q;   // bytes held, 0 to 4
  reg        valid_q, last_q, bad_q;
  reg [31:0] data_q;
  reg [1:0]  lane_q;    // byte of the word being sent

  // ---- Next state ----
  wire whole = bytes_q == 3'd4;
  wire emit  = whole && (byte_valid || frame_end);

  // ---- Registers ----
  always @(posedge clk) begin : packing
    if (!rst_n) bytes_q <= 3'd0;
    else if (frame_end) bytes_q <= 3'd0;
    else if (byte_valid) bytes_q <= whole ? 3'd1 : bytes_q + 3'd1;
    if (byte_valid) word_q <= {byte_data, word_q[31:8]};
  end

  always @(posedge clk) begin : received
    if (!rst_n) begin
      valid_q <= 1'b0;
      last_q  <= 1'b0;
      bad_q   <= 1'b0;
    end else begin
      valid_q <= emit;
      last_q  <= frame_end;
      bad_q   <= frame_end && (frame_bad || !whole);
    end
    if (emit) data_q <= word_q;
  end

  wire byte_taken;

  always @(posedge clk) begin : sending
    if (!rst_n) lane_q <= 2'd0;
    else if (byte_taken) lane_q <= lane_q + 2'd1;
  end

  // ---- Outputs ----
  assign rx_valid = valid_q;
  assign rx_data  = data_q;
  assign rx_last  = last_q;
  assign rx_bad   = bad_q;

  wire encoder_ready;
  assign byte_taken = tx_valid && encoder_ready;
  assign tx_ready   = encoder_ready && lane_q == 2'd3;

  cobs_decoder u_decoder (
      .clk      (clk),
      .rst_n    (rst_n),
      .in_valid (in_valid),
      .in_data  (in_data),
      .in_bad   (in_bad),
      .out_valid(byte_valid),
      .out_data (byte_data),
      .out_end  (frame_end),
      .out_bad  (frame_bad)
  );

  cobs_encoder u_encoder (
      .clk      (clk),
      .rst_n    (rst_n),
      .in_valid (tx_valid),
      .in_ready (encoder_ready),
      .in_data  (tx_data[{lane_q, 3'b000} +: 8]),
      .in_last  (tx_last && lane_q == 2'd3),
      .out_valid(out_valid),
      .out_ready(out_ready),
      .out_data (out_data)
  );

endmodule

`default_nettype wire
