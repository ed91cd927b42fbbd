// SPDX-License-Identifier: BSD-3-Clause
// Keeps replies as sent until they are acknowledged, and offers them to the sender in order.
//
// Payloads lie in a ring of words; a second, small memory keeps each reply's start, length, status and
// opcode by its number, so that any kept reply is found at once: to send it again, or to free all
// before it. `r_room` is never more than what fits now. A reply is offered 3 cycles after `r_done` when
// the sender is idle. A reply asked for again goes before new ones; a second one asked for meanwhile
// widens the range from the first to the last. Nothing is freed while an old reply is being sent again.

`default_nettype none

module reply_ring #(
    parameter REPLY_WORDS = 4096  // words of the ring, a power of two, 32 to 65536
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        clear,           // forget everything

    // Present reply
    output wire        r_ready,         // one more reply can be kept
    output wire [15:0] r_room,          // payload words that fit
    input  wire        r_write,
    input  wire [15:0] r_address,
    input  wire [31:0] r_data,
    input  wire        r_done,
    input  wire [7:0]  r_opcode,
    input  wire [7:0]  r_status,
    input  wire [15:0] r_words,

    // From the host
    input  wire        ack_valid,
    input  wire [15:0] ack_number,      // all replies below have arrived
    input  wire        again_valid,
    input  wire [15:0] again_number,    // this reply has not
    output wire        again_taken,     // it is kept: it will be sent again

    // To the sender
    output wire        s_valid,
    output wire [15:0] s_sequence,
    output wire [7:0]  s_opcode,
    output wire [7:0]  s_status,
    output wire [15:0] s_words,
    input  wire        s_read,          // payload word s_index is in s_data one cycle later
    input  wire [15:0] s_index,
    output wire [31:0] s_data,
    input  wire        s_done
);

  localparam AW = $clog2(REPLY_WORDS);
  localparam DEPTH = REPLY_WORDS / 4;  // a reply costs its host at least four words of credit
  localparam DW = AW - 2;
  localparam [16:0] CAPACITY = REPLY_WORDS[16:0];

  localparam [1:0] ST_IDLE  = 2'd0;
  localparam [1:0] ST_FETCH = 2'd1;
  localparam [1:0] ST_OFFER = 2'd2;

  generate
    if (REPLY_WORDS < 32 || REPLY_WORDS > 65536 || (REPLY_WORDS & (REPLY_WORDS - 1)) != 0) begin : g_bad
      REPLY_WORDS_must_be_a_power_of_two_from_32_to_65536 u_error ();
    end
  endgenerate

  // ---- State ----
  reg [31:0]      memory [0:REPLY_WORDS-1];
  reg [31:0]      data_q;
  reg [48:0]      entries [0:DEPTH-1];  // start, words, status, opcode
  reg [48:0]      entry_q;
  reg [16:0]      write_q, free_q;      // wider than an address: start of the present reply, of the oldest kept one
  reg [15:0]      produced_q, sent_q, acked_q, freed_q;  // numbers: freed <= acked <= sent <= produced
  reg [1:0]       state_q, state_d;
  reg [16:0]      start_q;              // the offered reply's entry
  reg [31:0]      about_q;
  reg             repeat_q;             // the offered reply is sent again
  reg [15:0]      number_q;             // of the offered reply
  reg             again_q;              // replies next_q to last_q are to be sent again
  reg [15:0]      next_q, last_q;
  reg             look_q;               // entry_q holds the start of reply look_number_q, to free up to it
  reg [15:0]      look_number_q;

  // ---- Next state: what to send ----
  wire [15:0] kept      = sent_q - acked_q;
  wire        start     = state_q == ST_IDLE;
  wire        stale     = last_q - acked_q >= kept;   // the whole range was acknowledged meanwhile
  wire        wanted    = start && again_q && !stale;
  wire        repeating = wanted && next_q - acked_q < kept;
  wire        issue     = repeating || (start && !again_q && sent_q != produced_q);
  wire [15:0] pick      = again_q ? next_q : sent_q;

  // ---- Next state: what is asked for again ----
  wire        taken       = again_valid && again_number - acked_q < kept;
  wire        range       = again_q && !stale && !(wanted && next_q == last_q);  // something is left of it
  wire [15:0] next        = wanted ? next_q + 16'd1 : next_q;
  wire        sooner      = again_number - acked_q < next - acked_q;
  wire        later       = again_number - acked_q > last_q - acked_q;

  // ---- Next state: acknowledged and freed ----
  wire [15:0] ack_ahead  = ack_number - acked_q;
  wire        ack_all    = ack_ahead > kept;  // beyond what was sent
  wire        busy_again = again_q || (repeat_q && !start);
  wire        to_free    = freed_q != acked_q && !look_q && !busy_again;
  wire        free_all   = to_free && acked_q == produced_q;
  wire        look       = to_free && acked_q != produced_q && !issue;

  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      // Read the entry of the next reply.
      ST_IDLE: if (issue) state_d = ST_FETCH;

      // It is in entry_q.
      ST_FETCH: state_d = ST_OFFER;

      // The reply is offered until the sender has sent it.
      ST_OFFER: if (s_done) state_d = ST_IDLE;

      default: state_d = ST_IDLE;
    endcase
  end

  // ---- Registers: memories ----
  wire [16:0] write_at = write_q + {1'b0, r_address};
  wire [16:0] read_at  = start_q + {1'b0, s_index};
  wire [15:0] entry_at = issue ? pick : acked_q;

  always @(posedge clk) begin : words
    if (r_write) memory[write_at[AW-1:0]] <= r_data;
    if (s_read) data_q <= memory[read_at[AW-1:0]];
  end

  always @(posedge clk) begin : entry
    if (r_done) entries[produced_q[DW-1:0]] <= {write_q, r_words, r_status, r_opcode};
    if (issue || look) entry_q <= entries[entry_at[DW-1:0]];
    if (state_q == ST_FETCH) {start_q, about_q} <= entry_q;
  end

  // ---- Registers: numbers ----
  always @(posedge clk) begin : numbers
    if (!rst_n || clear) begin
      state_q    <= ST_IDLE;
      write_q    <= 17'd0;
      produced_q <= 16'd0;
      sent_q     <= 16'd0;
      acked_q    <= 16'd0;
    end else begin
      state_q <= state_d;
      if (r_done) write_q <= write_q + {1'b0, r_words};
      if (r_done) produced_q <= produced_q + 16'd1;
      if (state_q == ST_OFFER && s_done && !repeat_q) sent_q <= sent_q + 16'd1;
      if (ack_valid && !ack_ahead[15]) acked_q <= ack_all ? sent_q : ack_number;
    end
    if (issue) begin
      number_q <= pick;
      repeat_q <= again_q;
    end
  end

  always @(posedge clk) begin : freeing
    if (!rst_n || clear) begin
      free_q  <= 17'd0;
      freed_q <= 16'd0;
      look_q  <= 1'b0;
    end else begin
      look_q <= look;
      if (look_q) begin
        free_q  <= entry_q[48:32];
        freed_q <= look_number_q;
      end else if (free_all) begin
        free_q  <= write_q;
        freed_q <= acked_q;
      end
    end
    if (look) look_number_q <= acked_q;
  end

  always @(posedge clk) begin : again
    if (!rst_n || clear) again_q <= 1'b0;
    else again_q <= range || taken;
    next_q <= taken && (!range || sooner) ? again_number : next;
    if (taken && (!range || later)) last_q <= again_number;
  end

  // ---- Outputs ----
  wire [16:0] room = CAPACITY - (write_q - free_q);
  assign r_ready     = produced_q - freed_q != DEPTH[15:0];
  assign r_room      = room[16] ? 16'hFFFF : room[15:0];
  assign again_taken = taken;
  assign s_valid     = state_q == ST_OFFER;
  assign s_sequence  = number_q;
  assign s_words     = about_q[31:16];
  assign s_status    = about_q[15:8];
  assign s_opcode    = about_q[7:0];
  assign s_data      = data_q;

  // A memory address is the low part of a pointer.
  wire unused = &{1'b0, write_at[16:AW-1], read_at[16:AW-1], entry_at[15:DW-1]};

  // ---- Properties ----
`ifdef FORMAL
`include "reply_ring_properties.vh"
`endif

endmodule

`default_nettype wire
