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
  // The receiver's side is assumed: a size, at most that many words, then perhaps a commit that repeats the
  // size, whenever `clear` comes. One word is marked when it is written; once its frame is committed it stays until
  // the head passes it.
  reg        f_past = 1'b0;
  reg        f_frame;          // a size has come, no commit since
  reg [15:0] f_size;           // of that frame
  reg [16:0] f_got;            // its words so far
  reg [1:0]  f_mark;           // 1: marked in the arriving frame, 2: committed
  reg [16:0] f_at;
  reg [31:0] f_word;
  reg        f_header;         // it is a header
  reg [16:0] f_next;           // where the request behind it begins
  (* anyseq *) wire f_choose;
  wire f_live = f_mark == 2'd2;
  wire [16:0] f_ahead = f_at - head_q;

  always @(posedge clk) begin
    f_past <= 1'b1;
    if (!f_past) assume (!rst_n);
    assume (!(size_valid && payload_valid) && !(commit && (size_valid || payload_valid)));
    assume (!payload_valid || (f_frame && f_got < {1'b0, f_size}));
    assume (!commit || (f_frame && f_got == {1'b0, f_size} && fits_q && commit_words == f_size));
    assume (!(clear && commit));  // the gate accepts nothing in the cycle in which an epoch opens
    if (!rst_n) f_frame <= 1'b0;
    else begin
      if (size_valid) begin
        f_frame <= 1'b1;
        f_size  <= size_words;
        f_got   <= 17'd0;
      end
      if (payload_valid) f_got <= f_got + 17'd1;
      if (commit) f_frame <= 1'b0;
    end
    if (!rst_n || clear) f_mark <= 2'd0;
    else begin
      if (f_mark == 2'd1 && size_valid) f_mark <= 2'd0;
      if (f_mark == 2'd1 && commit) f_mark <= 2'd2;
      if (f_live && pop && f_ahead <= {1'b0, words_q}) f_mark <= 2'd0;
      if (f_mark == 2'd0 && f_choose && payload_valid && fits_q) begin
        f_mark   <= 2'd1;
        f_at     <= write_q;
        f_word   <= payload_data;
        f_header <= 1'b0;
      end
      if (f_mark == 2'd0 && f_choose && commit) begin
        f_mark   <= 2'd2;
        f_at     <= tail_q;
        f_word   <= {8'd0, commit_opcode, commit_words};
        f_header <= 1'b1;
        f_next   <= tail_d;
      end
      // What the head takes is whole: its header told its own length (the chain of headers).
      if (state_q == ST_FETCH) assume ({1'b0, data_q[15:0]} < tail_q - head_q);
      if (state_q == ST_FETCH && dropping_q) assume ({1'b0, data_q[15:0]} < drop_q - head_q);
    end
  end

  always @* begin
    if (f_past && rst_n) begin
      assert (tail_q - head_q <= CAPACITY);
      if (state_q != ST_EMPTY) assert (waiting);
      assert (state_q != 2'd3);
      if (state_q == ST_READY) assert ({1'b0, words_q} < tail_q - head_q);
      // The arriving frame stays inside the free words.
      if (f_frame) assert (f_got <= {1'b0, f_size});
      if (f_frame && fits_q) assert (write_q == tail_q + 17'd1 + f_got);
      if (f_frame && fits_q) assert (tail_q - head_q + 17'd1 + {1'b0, f_size} <= CAPACITY);
      // The marked word is where it was put, with its value.
      if (f_mark == 2'd1) begin
        assert (!f_header && f_frame && fits_q && f_at - tail_q >= 17'd1 && f_at - tail_q <= f_got);
        assert (memory[f_at[AW-1:0]] == f_word);
      end
      if (f_live) begin
        assert (f_ahead < tail_q - head_q);
        assert (memory[f_at[AW-1:0]] == f_word);
      end
      assert (f_mark != 2'd3);
      // A marked header at the head is what is offered.
      if (f_live && f_at == head_q && state_q == ST_FETCH) assert (data_q == f_word);
      if (f_live && f_at == head_q && q_valid) assert ({q_opcode, q_words} == f_word[23:0]);
      // From it the head goes to the request behind it.
      if (f_live && f_header) assert (f_next == f_at + 17'd1 + {1'b0, f_word[15:0]});
      if (f_live && f_header && f_at == head_q && pop) assert (head_d == f_next);
      // Dropped requests are those before the mark.
      if (q_dropped) assert (drop_q - head_q <= tail_q - head_q);
      if (q_dropped && q_valid) assert ({1'b0, words_q} < drop_q - head_q);
      if (q_dropped) assert (drop_q != head_q || !waiting);
    end
    cover (f_past && rst_n && f_live && f_at == head_q && q_valid && q_words == 16'd1);
  end
`endif

endmodule

`default_nettype wire
