// SPDX-License-Identifier: BSD-3-Clause
// Consistent-overhead byte stuffing: frames to a zero, the stuffed bytes, a zero.
//
// The finished line is built in a ring of 512 bytes: a block's first byte is left open, filled in with
// the block's length when the block closes, and only then does the output see the block. Each byte of
// the line is written once, one a cycle, so the output runs at one byte a cycle while frames follow
// each other: the input waits only for the bytes that stuffing adds. The first byte of a block is
// offered two cycles after the block closed.

`default_nettype none

module cobs_encoder (
    input  wire       clk,
    input  wire       rst_n,

    // Frames
    input  wire       in_valid,
    output wire       in_ready,
    input  wire [7:0] in_data,
    input  wire       in_last,   // last byte of the frame

    // Line
    output wire       out_valid,
    input  wire       out_ready,
    output wire [7:0] out_data
);

  localparam AW = 9;  // two blocks
  localparam [7:0] FULL_CODE = 8'hFF;  // a full block: 254 bytes, no zero after them

  localparam [1:0] ST_START = 2'd0;
  localparam [1:0] ST_BLOCK = 2'd1;
  localparam [1:0] ST_CLOSE = 2'd2;
  localparam [1:0] ST_END   = 2'd3;

  // ---- State ----
  reg [1:0]    state_q, state_d;
  reg [AW:0]   open_q, open_d;    // place of the present block's code byte; all before it is finished
  reg [7:0]    code_q, code_d;    // 1 + bytes in the present block
  reg          last_q, last_d;    // the frame ends with the present block
  reg [AW:0]   read_q;
  reg          valid_q;
  reg [7:0]    out_q;
  reg [7:0]    line [0:(1<<AW)-1];

  // ---- Next state ----
  wire [AW:0] place = open_q + {{(AW-7){1'b0}}, code_q};  // of the next data byte
  wire        room  = (place - read_q) < 10'd512;
  wire        is_zero = in_data == 8'd0;

  reg          write;
  reg [AW-1:0] write_at;
  reg [7:0]    write_data;
  reg          ready;

  // Ends the present block with its code byte and opens the next behind it.
  task close_block;
    begin
      write    = 1'b1;
      write_at = open_q[AW-1:0];
      write_data = code_q;
      open_d   = place;
      code_d   = 8'd1;
    end
  endtask

  always @(*) begin : next_state
    state_d    = state_q;
    open_d     = open_q;
    code_d     = code_q;
    last_d     = last_q;
    write      = 1'b0;
    write_at   = place[AW-1:0];
    write_data = in_data;
    ready      = 1'b0;
    case (state_q)
      // The zero before a frame.
      ST_START: if (in_valid && room) begin
        write      = 1'b1;
        write_at   = open_q[AW-1:0];
        write_data = 8'd0;
        open_d     = open_q + 1'b1;
        last_d     = 1'b0;
        state_d    = ST_BLOCK;
      end

      // Take bytes; a zero closes the block, and one at the end of the frame leaves an empty last block.
      ST_BLOCK: if (in_valid && room) begin
        ready  = 1'b1;
        last_d = in_last;
        if (is_zero) begin
          close_block;
          if (in_last) state_d = ST_CLOSE;
        end else begin
          write  = 1'b1;
          code_d = code_q + 8'd1;
          if (in_last || code_q == FULL_CODE - 8'd1) state_d = ST_CLOSE;
        end
      end

      // Close a full or a last block.
      ST_CLOSE: if (room) begin
        close_block;
        state_d = last_q ? ST_END : ST_BLOCK;
      end

      // The zero after a frame.
      default: if (room) begin
        write      = 1'b1;
        write_at   = open_q[AW-1:0];
        write_data = 8'd0;
        open_d     = open_q + 1'b1;
        state_d    = ST_START;
      end
    endcase
  end

  wire read = read_q != open_q && (!valid_q || out_ready);

  // ---- Registers ----
  always @(posedge clk) begin : bytes
    if (write) line[write_at] <= write_data;
    if (read) out_q <= line[read_q[AW-1:0]];
  end

  always @(posedge clk) begin : control
    if (!rst_n) begin
      state_q <= ST_START;
      open_q  <= {(AW+1){1'b0}};
      code_q  <= 8'd1;
      last_q  <= 1'b0;
      read_q  <= {(AW+1){1'b0}};
      valid_q <= 1'b0;
    end else begin
      state_q <= state_d;
      open_q  <= open_d;
      code_q  <= code_d;
      last_q  <= last_d;
      if (read) read_q <= read_q + 1'b1;
      valid_q <= read || (valid_q && !out_ready);
    end
  end

  // ---- Outputs ----
  assign in_ready  = ready;
  assign out_valid = valid_q;
  assign out_data  = out_q;

endmodule

`default_nettype wire
