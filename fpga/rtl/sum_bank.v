// SPDX-License-Identifier: BSD-3-Clause
// Sums of one ADC lane: (code - DARK) << plane, added up by column in four banks; a conversion a cycle.
//
// A beat taken with `valid` is in memory from the fifth cycle on; `clear` starts the column's sum anew.
// `sum` and `saturated` follow `read` by one cycle. `raw` adds codes as they are. Sums keep 40
// bits: 255 planes' weights times 128 repetitions of 25 bits fit. Holds the lane's share of DARK.

`default_nettype none

module sum_bank #(
    parameter W_Q = 7  // bits of a quad number
) (
    input  wire               clk,
    input  wire               clk_tables,
    input  wire               rst_n,
    input  wire               empty,
    input  wire               raw,
    input  wire [1:0]         range,

    // Conversions
    input  wire               valid,
    input  wire               clear,
    input  wire [1:0]         bank,
    input  wire [W_Q-1:0]     quad,
    input  wire [2:0]         plane,
    input  wire [23:0]        code,
    input  wire               code_saturated,

    // Sums
    input  wire               read,
    input  wire [1:0]         read_bank,
    input  wire [W_Q-1:0]     read_quad,
    output wire signed [39:0] sum,
    output wire               saturated,

    // Table
    input  wire               t_write,
    input  wire [W_Q+1:0]     t_address,
    input  wire [17:0]        t_data
);

  // ---- Stage 1: dark code; stage 2: difference; stage 3: weight
  reg [3:0]         valid_q;  // stages 1 to 4
  reg [W_Q+1:0]     address1_q, address2_q, address3_q, address4_q, address5_q;
  reg               clear1_q, clear2_q, clear3_q, hit1_q, hit2_q, hit3_q, known5_q;
  reg [2:0]         plane1_q, plane2_q;
  reg signed [24:0] code1_q, difference2_q;
  reg signed [39:0] weighted3_q;
  reg [40:0]        sum4_q, sum5_q;  // saturated, sum
  wire [17:0]       dark;
  wire [40:0]       old;
  wire              en = valid || valid_q != 4'd0;

  table_memory #(.DEPTH(4 << W_Q), .W(18), .W_A(W_Q + 2)) u_dark (
      .clk          (clk),
      .clk_write    (clk_tables),
      .write        (t_write),
      .write_address(t_address),
      .write_data   (t_data),
      .read         (valid),
      .read_address ({range, quad}),
      .read_data    (dark)
  );

  always @(posedge clk) begin
    if (!rst_n || empty) valid_q <= 4'd0;
    else if (en)         valid_q <= {valid_q[2:0], valid};
  end

  always @(posedge clk) begin
    if (en) begin
      address1_q    <= {bank, quad};
      clear1_q      <= clear;
      plane1_q      <= raw ? 3'd0 : plane;
      code1_q       <= $signed({code[23], code});
      hit1_q        <= code_saturated;
      address2_q    <= address1_q;
      clear2_q      <= clear1_q;
      plane2_q      <= plane1_q;
      hit2_q        <= hit1_q;
      difference2_q <= raw ? code1_q : code1_q - $signed({{7{dark[17]}}, dark});
      address3_q    <= address2_q;
      clear3_q      <= clear2_q;
      hit3_q        <= hit2_q;
      weighted3_q   <= $signed({{15{difference2_q[24]}}, difference2_q}) <<< plane2_q;
    end
  end

  // ---- Stage 3: add to the old sum, which may still be on its way to the memory
  reg  [40:0] base3;
  wire [39:0] added3 = base3[39:0] + weighted3_q;

  always @(*) begin
    if (clear3_q)                                       base3 = 41'd0;
    else if (valid_q[3] && address4_q == address3_q)    base3 = sum4_q;
    else if (known5_q && address5_q == address3_q)      base3 = sum5_q;
    else                                                base3 = old;
  end

  always @(posedge clk) begin
    if (en) begin
      sum4_q     <= {base3[40] || hit3_q, added3};
      address4_q <= address3_q;
      sum5_q     <= sum4_q;
      address5_q <= address4_q;
    end
    if (!rst_n || empty) known5_q <= 1'b0;
    else if (en)         known5_q <= valid_q[3];
  end

  // Two copies: one is read to add, one to send
  table_memory #(.DEPTH(4 << W_Q), .W(41), .W_A(W_Q + 2)) u_add (
      .clk          (clk),
      .clk_write    (clk),
      .write        (valid_q[3]),
      .write_address(address4_q),
      .write_data   (sum4_q),
      .read         (valid_q[1]),
      .read_address (address2_q),
      .read_data    (old)
  );

  table_memory #(.DEPTH(4 << W_Q), .W(41), .W_A(W_Q + 2)) u_send (
      .clk          (clk),
      .clk_write    (clk),
      .write        (valid_q[3]),
      .write_address(address4_q),
      .write_data   (sum4_q),
      .read         (read),
      .read_address ({read_bank, read_quad}),
      .read_data    ({saturated, sum})
  );

endmodule

`default_nettype wire
