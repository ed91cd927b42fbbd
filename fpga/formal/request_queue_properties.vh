// SPDX-License-Identifier: BSD-3-Clause
// Properties of request_queue, included at its foot by the proof.
//
  // The receiver's side is assumed: a size, at most that many words, then perhaps a commit that repeats the
  // size, whenever `clear` comes. One word is marked when it is written; once its frame is committed it stays until
  // the head passes it. For the induction each header's place and length are kept a second time, by slot.
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
  wire [16:0] f_used  = tail_q - head_q;
  wire [16:0] f_drop  = drop_q - head_q;

  // Where headers are, and their requests' lengths.
  reg [REQUEST_WORDS-1:0] f_starts;
  reg [AW-1:0]            f_lengths [0:REQUEST_WORDS-1];
  integer                 f_i;
  reg [AW-1:0]            f_slot, f_place;
  reg [AW+1:0]            f_end;

  always @(posedge clk) begin
    if (commit) begin
      for (f_i = 0; f_i < REQUEST_WORDS; f_i = f_i + 1) begin
        f_place = f_i[AW-1:0] - tail_q[AW-1:0];
        if ({{16-AW{1'b0}}, f_place} <= commit_words) f_starts[f_i] <= f_place == 0;
      end
      f_lengths[tail_q[AW-1:0]] <= commit_words[AW-1:0];
    end
  end

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
    end
  end

  always @* begin
    if (f_past && rst_n) begin
      assert (f_used <= CAPACITY);
      if (state_q != ST_EMPTY) assert (waiting);
      assert (state_q != 2'd3);
      // Every header that waits is in memory with its length, and its request ends where it says: inside the queue,
      // at the next header or at the tail, and not across the mark of `drop`. The head is at a header.
      if (waiting) assert (f_starts[head_q[AW-1:0]]);
      for (f_i = 0; f_i < REQUEST_WORDS; f_i = f_i + 1) begin
        f_place = f_i[AW-1:0] - head_q[AW-1:0];
        f_end   = {2'd0, f_place} + {2'd0, f_lengths[f_i]} + 1'b1;
        f_slot  = f_i[AW-1:0] + f_lengths[f_i] + 1'b1;
        if (f_place < f_used[AW:0] && f_starts[f_i]) begin
          assert (memory[f_i][15:0] == {{16-AW{1'b0}}, f_lengths[f_i]});
          assert (f_end <= f_used[AW:0]);
          if (f_end < f_used[AW:0]) assert (f_starts[f_slot]);
          if (dropping_q && f_place < f_drop[AW:0]) assert (f_end <= f_drop[AW:0]);
        end
      end
      if (state_q == ST_FETCH) assert (data_q[15:0] == {{16-AW{1'b0}}, f_lengths[head_q[AW-1:0]]});
      if (state_q == ST_READY) assert (words_q == {{16-AW{1'b0}}, f_lengths[head_q[AW-1:0]]});
      if (state_q == ST_READY) assert ({1'b0, words_q} < f_used);
      // The arriving frame stays inside the free words.
      if (f_frame) assert (f_got <= {1'b0, f_size});
      if (f_frame && fits_q) assert (write_q == tail_q + 17'd1 + f_got);
      if (f_frame && fits_q) assert (f_used + 17'd1 + {1'b0, f_size} <= CAPACITY);
      // The marked word is where it was put, with its value.
      if (f_mark == 2'd1) begin
        assert (!f_header && f_frame && fits_q && f_at - tail_q >= 17'd1 && f_at - tail_q <= f_got);
        assert (memory[f_at[AW-1:0]] == f_word);
      end
      if (f_live) begin
        assert (f_ahead < f_used);
        assert (memory[f_at[AW-1:0]] == f_word);
      end
      assert (f_mark != 2'd3);
      // A marked header is a header; at the head it is what is offered.
      if (f_live) assert (f_starts[f_at[AW-1:0]] == f_header);
      if (f_live && f_at == head_q && state_q == ST_FETCH) assert (data_q == f_word);
      if (f_live && f_at == head_q && q_valid) assert ({q_opcode, q_words} == f_word[23:0]);
      // The head never comes to lie between a marked word's header and its end without being there: it goes from
      // header to header.
      if (f_live && f_header) assert (f_next == f_at + 17'd1 + {1'b0, f_word[15:0]});
      if (f_live && f_header && f_at == head_q && pop) assert (head_d == f_next);
      // Dropped requests are those before the mark.
      if (q_dropped) assert (f_drop <= f_used);
      if (q_dropped && q_valid) assert ({1'b0, words_q} < f_drop);
      if (q_dropped) assert (drop_q != head_q || !waiting);
    end
    cover (f_past && rst_n && f_live && f_at == head_q && q_valid && q_words == 16'd1);
  end
