// SPDX-License-Identifier: BSD-3-Clause
// Properties of reply_ring, included at its foot by the proof.
//
  // The core is assumed to keep to r_ready and r_room, the sender to end only what is offered; the host may
  // acknowledge and ask for anything. One reply is marked when it is done, with one of its words; until the
  // host has acknowledged it, its entry and its word stay as they were written.
  reg         f_past = 1'b0;
  reg         f_live, f_word_live;
  reg [15:0]  f_number;
  reg [48:0]  f_entry;
  reg         f_written;        // a word of the present reply is marked
  reg [16:0]  f_at;
  reg [31:0]  f_word;
  (* anyseq *) wire f_choose;
  wire [15:0] f_kept  = produced_q - freed_q;
  wire [15:0] f_place = f_number - freed_q;
  wire [16:0] f_used  = write_q - free_q;

  always @(posedge clk) begin
    f_past <= 1'b1;
    if (!f_past) assume (!rst_n);
    assume (!r_done || (r_ready && {1'b0, r_words} <= room));
    assume (!r_write || {1'b0, r_address} < room);
    assume (!s_done || s_valid);
    assume (!(clear && (r_done || r_write)));
    // Replies lie one behind the other, so an earlier one starts at or before a later one.
    if (look_q && f_live && look_number_q - freed_q <= f_place)
      assume (entry_q[48:32] - free_q <= f_entry[48:32] - free_q);
    // What lies before the acknowledged reply is no more than is kept.
    if (look_q) assume (entry_q[48:32] - free_q <= f_used);
    if (!rst_n || clear) begin
      f_live      <= 1'b0;
      f_word_live <= 1'b0;
      f_written   <= 1'b0;
    end else begin
      if (f_live && f_place < (look_q ? look_number_q : free_all ? acked_q : freed_q) - freed_q) begin
        f_live      <= 1'b0;
        f_word_live <= 1'b0;
      end
      if (r_done) f_written <= 1'b0;
      if (!f_live && r_write && f_choose) begin
        f_written <= !r_done;
        f_at      <= write_at;
        f_word    <= r_data;
      end else if (!f_live && r_write && write_at[AW-1:0] == f_at[AW-1:0]) f_written <= 1'b0;
      if (!f_live && r_done && f_choose) begin
        f_live      <= 1'b1;
        f_number    <= produced_q;
        f_entry     <= {write_q, r_words, r_status, r_opcode};
        f_word_live <= r_write ? r_address < r_words : f_written && f_at - write_q < {1'b0, r_words};
      end
    end
  end

  always @* begin
    if (f_past && rst_n) begin
      // freed <= acknowledged <= sent <= produced, never more than there are entries, never more words than fit.
      assert (f_kept <= DEPTH[15:0]);
      assert (sent_q - freed_q <= f_kept);
      assert (acked_q - freed_q <= sent_q - freed_q);
      assert (f_used <= CAPACITY);
      assert (state_q != 2'd3);
      if (look_q) assert (look_number_q - freed_q <= acked_q - freed_q);
      // What is offered is kept: a new one is the next to be sent, an old one was sent and is not freed.
      if (state_q != ST_IDLE && !repeat_q) assert (number_q == sent_q && sent_q != produced_q);
      if (state_q != ST_IDLE && repeat_q) assert (number_q - freed_q < sent_q - freed_q && !look_q);
      // The marked reply.
      if (f_live) begin
        assert (f_place < f_kept);
        assert (entries[f_number[DW-1:0]] == f_entry);
        assert (f_entry[48:32] - free_q <= f_used);
        if (state_q == ST_FETCH && number_q == f_number) assert (entry_q == f_entry);
        if (s_valid && number_q == f_number)
          assert ({start_q, about_q} == f_entry && s_sequence == f_number);
      end
      if (f_word_live) begin
        assert (f_live && f_at - free_q < f_used && f_at - f_entry[48:32] < 17'd65536);
        assert (f_at - free_q >= f_entry[48:32] - free_q);
        assert (memory[f_at[AW-1:0]] == f_word);
      end
      if (f_written) begin
        assert (!f_live && f_at - write_q < room);
        assert (memory[f_at[AW-1:0]] == f_word);
      end
    end
    cover (f_past && rst_n && f_word_live && s_valid && repeat_q && number_q == f_number);
  end
