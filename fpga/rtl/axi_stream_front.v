// SPDX-License-Identifier: BSD-3-Clause
// Between two AXI-Streams of words, such as a DMA's, and the link engine's packets.
//
// In: frames stand one behind the other in a packet, as many as the sender likes; a frame's own length ends it, and TLAST ends
// both. A word in part (TKEEP) makes its frame bad. A word is always taken, and is on `rx_*` one cycle later.
// Out: a packet holds every frame that waits: it ends when no frame has come for GAP cycles after the last, or when the longest
// frame might not fit into PACKET_WORDS any more. A word that is taken is on `m_axis_*` two cycles later (a frame's last word
// when it is known whether a frame follows), a word a cycle from there on; what is offered stays until it is taken.
// `clear` (one cycle) forgets the half of a frame that came in (`rx_bad`), the words that wait to go out and the rest of their
// frame; it is for a DMA that was reset, and may withdraw what is offered.

`default_nettype none

module axi_stream_front #(
    parameter PACKET_WORDS      = 4096,  // most words of a packet out
    parameter MAX_PAYLOAD_WORDS = 1024,  // largest payload of a frame, in words
    parameter GAP               = 16     // clk cycles without a word that end a packet out
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        clear,

    // Stream in
    input  wire        s_axis_tvalid,
    output wire        s_axis_tready,
    input  wire [31:0] s_axis_tdata,
    input  wire [3:0]  s_axis_tkeep,
    input  wire        s_axis_tlast,

    // Stream out
    output wire        m_axis_tvalid,
    input  wire        m_axis_tready,
    output wire [31:0] m_axis_tdata,
    output wire [3:0]  m_axis_tkeep,
    output wire        m_axis_tlast,

    // Packets in, to the link engine
    output wire        rx_valid,
    output wire [31:0] rx_data,
    output wire        rx_last,
    output wire        rx_bad,

    // Packets out, from the link engine
    input  wire        tx_valid,
    output wire        tx_ready,
    input  wire [31:0] tx_data,
    input  wire        tx_last,

    // How the streams stand
    output wire        in_frame,   // the first words of a frame have come
    output wire        in_packet,  // the first words of a packet have gone
    output wire        cut         // one cycle: a frame ended before its length, or in part of a word
);

  localparam FRAME_WORDS = MAX_PAYLOAD_WORDS + 4;  // header, payload, CRC

  localparam [31:0] GAP_32 = GAP, ROOM_32 = PACKET_WORDS - FRAME_WORDS;

  generate
    if (PACKET_WORDS < FRAME_WORDS || PACKET_WORDS > 65535) begin : g_bad_packet
      PACKET_WORDS_must_hold_one_frame_and_be_below_65536 u_error ();
    end
    if (GAP < 8 || GAP > 255) begin : g_bad_gap
      GAP_must_be_8_to_255 u_error ();
    end
  endgenerate

  // ---- State ----
  reg        inside_q;               // a frame has begun
  reg        second_q;               // its word with the length comes next
  reg [16:0] left_q;                 // words after that one
  reg        rx_valid_q, rx_last_q, rx_bad_q;
  reg [31:0] rx_data_q;
  reg        cut_q;

  reg        held_q, held_last_q;    // a word that waits to know whether a frame follows
  reg [31:0] held_data_q;
  reg        out_q, out_last_q;      // the word that is offered
  reg [31:0] out_data_q;
  reg [15:0] words_q;                // words of this packet, the offered one included
  reg [7:0]  quiet_q;                // cycles in which no frame followed
  reg        drop_q, begun_q;        // the rest of a frame is dropped; a frame has begun to come

  // ---- Next state ----
  wire whole     = &s_axis_tkeep;
  wire ended     = inside_q && !second_q && left_q == 17'd1;
  wire frame_end = s_axis_tvalid && (ended || s_axis_tlast);
  wire wrong     = s_axis_tvalid && (!whole || (s_axis_tlast && !ended));

  wire room      = {16'd0, words_q} < ROOM_32;
  wire follows   = tx_valid && room;
  wire settled   = !held_last_q || follows || !room || quiet_q == GAP_32[7:0];
  wire out_free  = !out_q || m_axis_tready;
  wire move      = held_q && out_free && settled;
  wire take      = tx_valid && tx_ready;

  // ---- Registers ----
  always @(posedge clk) begin : receiving
    if (!rst_n || clear) begin
      inside_q <= 1'b0;
      second_q <= 1'b0;
    end else if (s_axis_tvalid) begin
      inside_q <= !frame_end;
      second_q <= !inside_q && !frame_end;
    end
    if (s_axis_tvalid) begin
      if (second_q) left_q <= {1'b0, s_axis_tdata[31:16]} + 17'd2;
      else if (left_q != 17'd0) left_q <= left_q - 17'd1;
    end
  end

  always @(posedge clk) begin : received
    rx_valid_q <= rst_n && s_axis_tvalid && !clear;
    rx_last_q  <= rst_n && (clear ? inside_q : frame_end);
    rx_bad_q   <= rst_n && (clear ? inside_q : s_axis_tvalid && !whole);
    cut_q      <= rst_n && (clear ? inside_q : wrong);
    rx_data_q  <= s_axis_tdata;
  end

  always @(posedge clk) begin : holding
    if (!rst_n || clear) held_q <= 1'b0;
    else if (take && !drop_q) held_q <= 1'b1;
    else if (move) held_q <= 1'b0;
    if (take) begin
      held_data_q <= tx_data;
      held_last_q <= tx_last;
    end
    quiet_q <= tx_valid || !held_q ? 8'd0 : quiet_q + {7'd0, quiet_q != GAP_32[7:0]};
  end

  always @(posedge clk) begin : offering
    if (!rst_n || clear) out_q <= 1'b0;
    else if (move) out_q <= 1'b1;
    else if (m_axis_tready) out_q <= 1'b0;
    if (move) begin
      out_data_q <= held_data_q;
      out_last_q <= held_last_q && !follows;
    end
    if (!rst_n || clear) words_q <= 16'd0;
    else if (move) words_q <= out_q && out_last_q || !in_packet && !out_q ? 16'd1 : words_q + 16'd1;
  end

  always @(posedge clk) begin : dropping
    if (!rst_n) begin
      begun_q <= 1'b0;
      drop_q  <= 1'b0;
    end else begin
      if (take) begun_q <= !tx_last;
      if (clear) drop_q <= take ? !tx_last : begun_q;
      else if (take && tx_last) drop_q <= 1'b0;
    end
  end

  reg gone_q;  // the last word that was taken did not end its packet
  always @(posedge clk) begin : packets
    if (!rst_n || clear) gone_q <= 1'b0;
    else if (out_q && m_axis_tready) gone_q <= !out_last_q;
  end

  // ---- Outputs ----
  assign s_axis_tready = 1'b1;
  assign rx_valid      = rx_valid_q;
  assign rx_data       = rx_data_q;
  assign rx_last       = rx_last_q;
  assign rx_bad        = rx_bad_q;
  assign tx_ready      = drop_q || !held_q || move;
  assign m_axis_tvalid = out_q;
  assign m_axis_tdata  = out_data_q;
  assign m_axis_tkeep  = 4'hF;
  assign m_axis_tlast  = out_last_q;
  assign in_frame      = inside_q;
  assign in_packet     = gone_q;
  assign cut           = cut_q;

endmodule

`default_nettype wire
