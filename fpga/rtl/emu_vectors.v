// SPDX-License-Identifier: BSD-3-Clause
// Two buffers of row codes: one vector is loaded, a row a cycle, while the other is used.
//
// `full` says that the buffer in use holds a whole vector (the cycle after its `x_last`);
// `count`, `one` and `index` describe it. `row_line` and `row_code` follow `read` by one cycle.
// `free` frees the buffer in use: `x_ready` may rise in the next cycle. `one` has a bit a
// plane: exactly one row of the vector has it set. `clear` empties both buffers.

`default_nettype none

module emu_vectors (
    input  wire        clk,
    input  wire        clk_rows,
    input  wire        rst_n,
    input  wire        clear,
    output wire        idle,

    // Rows in
    input  wire        x_valid,
    output wire        x_ready,
    input  wire [8:0]  x_line,
    input  wire [8:0]  x_code,
    input  wire        x_last,
    input  wire [63:0] x_index,

    // The vector in use
    output wire        full,
    output wire        next_full,
    output wire [8:0]  count,       // rows, less one
    output wire [8:0]  next_count,
    output wire [7:0]  one,
    output wire [63:0] index,
    output wire [63:0] next_index,
    input  wire        free,

    // Rows out
    input  wire        read,
    input  wire [8:0]  read_row,
    output wire [8:0]  row_line,
    output wire [8:0]  row_code
);

  reg [1:0]  full_q;
  reg        load_q, use_q;
  reg [8:0]  position_q;
  reg [7:0]  any_q, many_q;
  reg [8:0]  count_q [0:1];
  reg [7:0]  one_q   [0:1];
  reg [63:0] index_q [0:1];

  wire       take = x_valid && x_ready;
  wire [7:0] any  = any_q | x_code[7:0];
  wire [7:0] many = many_q | (any_q & x_code[7:0]);

  assign x_ready    = !full_q[load_q];
  assign full       = full_q[use_q];
  assign next_full  = full_q[!use_q];
  assign count      = count_q[use_q];
  assign next_count = count_q[!use_q];
  assign one        = one_q[use_q];
  assign index      = index_q[use_q];
  assign next_index = index_q[!use_q];
  assign idle       = full_q == 2'b00 && position_q == 9'd0;

  always @(posedge clk) begin
    if (!rst_n || clear) begin
      full_q     <= 2'b00;
      load_q     <= 1'b0;
      use_q      <= 1'b0;
      position_q <= 9'd0;
      any_q      <= 8'd0;
      many_q     <= 8'd0;
    end else begin
      if (take) begin
        position_q <= x_last ? 9'd0 : position_q + 9'd1;
        any_q      <= x_last ? 8'd0 : any;
        many_q     <= x_last ? 8'd0 : many;
      end
      if (take && x_last) begin
        full_q[load_q] <= 1'b1;
        load_q         <= !load_q;
      end
      if (free) begin
        full_q[use_q] <= 1'b0;
        use_q         <= !use_q;
      end
    end
  end

  always @(posedge clk) begin
    if (take && x_last) begin
      count_q[load_q] <= position_q;
      one_q[load_q]   <= any & ~many;
      index_q[load_q] <= x_index;
    end
  end

  table_memory #(
      .DEPTH(1024),
      .W    (18),
      .W_A  (10)
  ) u_rows (
      .clk          (clk_rows),
      .clk_write    (clk_rows),
      .write        (take),
      .write_address({load_q, position_q}),
      .write_data   ({x_line, x_code}),
      .read         (read),
      .read_address ({use_q, read_row}),
      .read_data    ({row_line, row_code})
  );

endmodule

`default_nettype wire
