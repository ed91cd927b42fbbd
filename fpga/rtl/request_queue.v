// SPDX-License-Identifier: BSD-3-Clause
// Keeps accepted requests in order until they are executed.
//
// A ring of words: per request a header word, then its payload. A frame's payload is written behind the
// tail while it arrives; `commit` makes it a request, and without it the next frame overwrites it. What
// does not fit is not written: `fits` says so from the cycle after `size_valid`. A request committed
// into an empty queue is at the head 3 cycles later; the head after a `q_done` 3 cycles after that.
// `drop` marks every request now in the queue, the head included.

`default_nettype none

module request_queue #(
    parameter REQUEST_WORDS = 4096  // words of the ring, a power of two, 8 to 65536
) (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        clear,          // forget everything
    input  wire        drop,

    // Frames as they arrive
    input  wire        size_valid,
    input  wire [15:0] size_words,
    output wire        fits,
    input  wire        payload_valid,
    input  wire [31:0] payload_data,
    input  wire        commit,
    input  wire [7:0]  commit_opcode,
    input  wire [15:0] commit_words,

    // Head
    output wire        q_valid,
    output wire [7:0]  q_opcode,
    output wire [15:0] q_words,
    output wire        q_dropped,
    input  wire [15:0] q_address,      // payload word; q_data is it one cycle later
    output wire [31:0] q_data,
    input  wire        q_done          // pops the head
);

  localparam AW = $clog2(REQUEST_WORDS);
  localparam [16:0] CAPACITY = REQUEST_WORDS[16:0];

  localparam [1:0] ST_EMPTY = 2'd0;
  localparam [1:0] ST_FETCH = 2'd1;
  localparam [1:0] ST_READY = 2'd2;

  generate
    if (REQUEST_WORDS < 8 || REQUEST_WORDS > 65536 || (REQUEST_WORDS & (REQUEST_WORDS - 1)) != 0) begin : g_bad
      REQUEST_WORDS_must_be_a_power_of_two_from_8_to_65536 u_error ();
    end
  endgenerate

  // ---- State ----
  reg [31:0] memory [0:REQUEST_WORDS-1];
  reg [31:0] data_q;
  reg [1:0]  state_q, state_d;
  reg [16:0] head_q, tail_q;  // wider than an address: equal means empty
  reg [16:0] write_q;         // next payload word of the arriving frame
  reg        fits_q;
  reg [7:0]  opcode_q;
  reg [15:0] words_q;
  reg        dropping_q;      // the head is before drop_q
  reg [16:0] drop_q;

  // ---- Next state ----
  wire [16:0] free    = CAPACITY - (tail_q - head_q);
  wire        waiting = head_q != tail_q;
  wire        pop     = q_done && state_q == ST_READY;
  wire [16:0] head_d  = pop ? head_q + 17'd1 + {1'b0, words_q} : head_q;
  wire [16:0] tail_d  = commit ? tail_q + 17'd1 + {1'b0, commit_words} : tail_q;
  wire [16:0] payload = head_q + 17'd1 + {1'b0, q_address};

  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      // Read the header of a waiting request.
      ST_EMPTY: if (waiting) state_d = ST_FETCH;

      // Its header is in data_q.
      ST_FETCH: state_d = ST_READY;

      // The request is offered; the read port is its payload's.
      ST_READY: if (pop) state_d = ST_EMPTY;

      default: state_d = ST_EMPTY;
    endcase
  end

  wire          write    = commit || (payload_valid && fits_q);
  wire [AW-1:0] write_at = commit ? tail_q[AW-1:0] : write_q[AW-1:0];
  wire [31:0]   written  = commit ? {8'd0, commit_opcode, commit_words} : payload_data;
  wire          read     = waiting;
  wire [AW-1:0] read_at  = state_q == ST_READY ? payload[AW-1:0] : head_q[AW-1:0];

  // ---- Registers ----
  always @(posedge clk) begin : words
    if (write) memory[write_at] <= written;
    if (read) data_q <= memory[read_at];
  end

  always @(posedge clk) begin : arriving
    // A frame that arrives while the queue is emptied lies behind the old tail: it has no room.
    if (size_valid || clear) fits_q <= !clear && {1'b0, size_words} < free;
    if (size_valid) begin
      write_q <= tail_q + 17'd1;
    end else if (payload_valid) begin
      write_q <= write_q + 17'd1;
    end
  end

  always @(posedge clk) begin : pointers
    if (!rst_n || clear) begin
      state_q    <= ST_EMPTY;
      head_q     <= 17'd0;
      tail_q     <= 17'd0;
      dropping_q <= 1'b0;
    end else begin
      state_q <= state_d;
      head_q  <= head_d;
      tail_q  <= tail_d;
      if (drop) dropping_q <= head_d != tail_d;
      else if (head_d == drop_q) dropping_q <= 1'b0;
    end
    if (drop) drop_q <= tail_d;
  end

  always @(posedge clk) begin : head
    if (state_q == ST_FETCH) begin
      opcode_q <= data_q[23:16];
      words_q  <= data_q[15:0];
    end
  end

  // ---- Outputs ----
  assign fits      = fits_q;
  assign q_valid   = state_q == ST_READY;
  assign q_opcode  = opcode_q;
  assign q_words   = words_q;
  assign q_dropped = dropping_q;
  assign q_data    = data_q;

  // A memory address is the low part of a pointer.
  wire unused = &{1'b0, payload[16:AW-1]};

  // ---- Properties ----
`ifdef FORMAL
`include "request_queue_properties.vh"
`endif

endmodule

`default_nettype wire
