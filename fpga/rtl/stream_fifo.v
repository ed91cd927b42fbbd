// SPDX-License-Identifier: BSD-3-Clause
// First-in first-out stream buffer on a block memory.
//
// A word taken into an empty buffer is offered two cycles later; after that one word a cycle goes in and
// one out. Holds DEPTH words in the memory and one in the output register. Words leave in the order
// they came, none lost, none twice.

`default_nettype none

module stream_fifo #(
    parameter WIDTH = 32,  // bits per word
    parameter DEPTH = 512  // words, a power of two, at least 2
) (
    input  wire             clk,
    input  wire             rst_n,

    // In
    input  wire             in_valid,
    output wire             in_ready,
    input  wire [WIDTH-1:0] in_data,

    // Out
    output wire             out_valid,
    input  wire             out_ready,
    output wire [WIDTH-1:0] out_data
);

  localparam AW = $clog2(DEPTH);
  localparam [AW:0] CAPACITY = DEPTH[AW:0];

  generate
    if (DEPTH < 2 || (DEPTH & (DEPTH - 1)) != 0) begin : g_bad
      DEPTH_must_be_a_power_of_two u_error ();
    end
  endgenerate

  // ---- State ----
  reg [WIDTH-1:0] memory [0:DEPTH-1];
  reg [WIDTH-1:0] out_q;
  reg [AW:0]      write_q, read_q;  // one bit more than an address: equal means empty
  reg             valid_q;

  // ---- Next state ----
  wire [AW:0] used  = write_q - read_q;
  wire        write = in_valid && in_ready;
  wire        read  = write_q != read_q && (!valid_q || out_ready);

  // ---- Registers ----
  always @(posedge clk) begin : words
    if (write) memory[write_q[AW-1:0]] <= in_data;
    if (read) out_q <= memory[read_q[AW-1:0]];
  end

  always @(posedge clk) begin : pointers
    if (!rst_n) begin
      write_q <= {(AW+1){1'b0}};
      read_q  <= {(AW+1){1'b0}};
      valid_q <= 1'b0;
    end else begin
      if (write) write_q <= write_q + 1'b1;
      if (read) read_q <= read_q + 1'b1;
      valid_q <= read || (valid_q && !out_ready);
    end
  end

  // ---- Outputs ----
  assign in_ready  = used != CAPACITY;
  assign out_valid = valid_q;
  assign out_data  = out_q;

  // ---- Properties ----
`ifdef FORMAL
  // Two marked words go in one after the other; they must come out so, each once. `ahead` counts the words
  // in front of the mark, so that induction needs no history.
  (* anyconst *) wire [WIDTH-1:0] f_first, f_second;
  reg        f_past = 1'b0;
  reg [1:0]  f_in;             // marked words taken so far
  reg [1:0]  f_out;            // marked words given so far
  reg [AW:0] f_first_at, f_second_at;  // their places
  wire [AW:0] f_head  = read_q - {{AW{1'b0}}, valid_q};  // place of the word now at the output, or next to be
  wire        f_leave = out_valid && out_ready;
  wire [AW:0] f_first_ahead  = f_first_at - f_head;
  wire [AW:0] f_second_ahead = f_second_at - f_head;
  wire [AW:0] f_held = write_q - f_head;
  reg  [AW:0] f_given;  // words given, modulo the pointers' range
  (* anyseq *) wire f_mark;

  always @(posedge clk) begin
    f_past <= 1'b1;
    if (!f_past) assume (!rst_n);
    if (!rst_n) begin
      f_in    <= 2'd0;
      f_out   <= 2'd0;
      f_given <= {(AW+1){1'b0}};
    end else begin
      if (f_leave) f_given <= f_given + 1'b1;
      if (f_in == 2'd0 && write && f_mark) begin
        assume (in_data == f_first);
        f_in       <= 2'd1;
        f_first_at <= write_q;
      end
      if (f_in == 2'd1 && write && f_mark) begin
        assume (in_data == f_second);
        f_in        <= 2'd2;
        f_second_at <= write_q;
      end
      if (f_leave && f_in != 2'd0 && f_out == 2'd0 && f_first_ahead == 0) f_out <= 2'd1;
      if (f_leave && f_in == 2'd2 && f_out == 2'd1 && f_second_ahead == 0) f_out <= 2'd2;
    end
  end

  always @* begin
    if (f_past && rst_n) begin
      // Never more than fits, never less than nothing.
      assert (used <= CAPACITY);
      assert (f_held <= CAPACITY + 1'b1);
      // The word at the output is the next one, never one given before.
      assert (f_head == f_given);
      // A marked word not yet given is held, at its place, with its value.
      if (f_in != 2'd0 && f_out == 2'd0) begin
        assert (f_first_ahead < f_held);
        if (valid_q && f_first_ahead == 0) assert (out_data == f_first);
        else assert (memory[f_first_at[AW-1:0]] == f_first);
      end
      if (f_in == 2'd2 && f_out != 2'd2) begin
        assert (f_second_ahead < f_held);
        if (valid_q && f_second_ahead == 0) assert (out_data == f_second);
        else assert (memory[f_second_at[AW-1:0]] == f_second);
      end
      // The second never overtakes the first, and neither leaves before it came.
      if (f_in == 2'd2 && f_out == 2'd0) assert (f_first_ahead < f_second_ahead);
      assert (f_out <= f_in);
    end
    cover (f_out == 2'd2 && used == CAPACITY);
  end
`endif

endmodule

`default_nettype wire
