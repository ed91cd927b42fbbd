// SPDX-License-Identifier: BSD-3-Clause
// Fetches the fixed words and the axes of a request and judges its length (docs/protocol.md, "Refusals").
//
// `start` begins; `done` comes once, with `bad` when the length does not fit: then `expected` is the length
// expected as far as it was known. Words and axes are stable from `done` to the next `start`. A bitmap is not
// fetched: it stands after the two words of its axis. `data_place` is the first payload word after the axes.
// Of PROGRAM's fifteen fixed words, 0 to 3, 10 and 11 are fetched: those that the board itself judges.
// `known` says, at any time, that `opcode` has a shape here; `start` needs that.

`default_nettype none
`include "board_map.vh"

module request_fetch #(
    parameter [2:0] HAS = 3'b111  // pulses and what needs them (2), ENV (1), CELL_LOAD and CELL_DUMP (0)
) (
    input  wire        clk,
    input  wire        rst_n,

    input  wire        start,
    input  wire [7:0]  opcode,
    input  wire [15:0] words,
    output wire        done,
    output wire        bad,
    output wire [31:0] expected,
    output wire        known,         // the opcode is one of ours

    // Request memory: data one cycle after its address
    output wire [15:0] q_address,
    input  wire [31:0] q_data,

    // What was fetched
    output wire [191:0] fixed,        // six words, word 0 in bits 31:0
    output wire [63:0]  rows_axis,
    output wire [63:0]  columns_axis,
    output wire [5:0]   rows_place,
    output wire [5:0]   columns_place,
    output wire [5:0]   data_place
);

  localparam [2:0] ST_IDLE = 3'd0, ST_FETCH = 3'd1, ST_AXES = 3'd2, ST_FIELD = 3'd3, ST_VECTOR = 3'd4,
      ST_TOTAL = 3'd5, ST_JUDGE = 3'd6;

  // ---- Shape of every request: fixed words, axes, length ----
  reg [2:0]  fixed_words;
  reg        axes, exact;
  reg [15:0] least;
  reg        ours;
  always @(*) begin : shape
    {fixed_words, axes, exact, least, ours} = {3'd0, 1'b0, 1'b0, 16'd0, 1'b1};
    case (opcode)
      `OP_PING: least = 16'd0;
      `OP_REG_READ: {fixed_words, exact, least} = {3'd2, 1'b1, 16'd2};
      `OP_REG_WRITE, `OP_TABLE_WRITE: {fixed_words, least} = {3'd1, 16'd2};
      `OP_DISARM, `OP_TELEMETRY: exact = 1'b1;
      `OP_ARM: {fixed_words, axes, least} = {3'd5, 1'b1, 16'd9};
      `OP_MAC, `OP_MAC_RAW, `OP_READ_CELLS: {fixed_words, axes, least} = {3'd5, 1'b1, 16'd9};
      `OP_PULSE: {fixed_words, axes, least} = {3'd6, 1'b1, 16'd10};
      `OP_PROGRAM: {fixed_words, axes, least} = {3'd6, 1'b1, 16'd19};
      `OP_SELF_TEST, `OP_ADC_SELFCAL: {fixed_words, axes, least} = {3'd5, 1'b1, 16'd9};
      `OP_FIRMWARE: {fixed_words, least} = {3'd3, 16'd4};
      `OP_ENV, `OP_SWEEP: {fixed_words, axes, least} = {3'd4, 1'b1, 16'd8};
      `OP_CELL_LOAD, `OP_CELL_DUMP: {fixed_words, axes, least} = {3'd1, 1'b1, 16'd5};
      default: ours = 1'b0;
    endcase
    if (opcode == `OP_ENV && !HAS[1]) ours = 1'b0;
    if ((opcode == `OP_CELL_LOAD || opcode == `OP_CELL_DUMP) && !HAS[0]) ours = 1'b0;
    // SWEEP and all above: what pulses, and the firmware
    if ((opcode == `OP_ARM || opcode == `OP_PULSE || opcode >= `OP_SWEEP) && !HAS[2]) ours = 1'b0;
  end

  // ---- State ----
  reg [2:0]   state_q, state_d;
  reg [1:0]   part_q;      // 0 fixed words, 1 rows axis, 2 columns axis
  reg [15:0]  address_q;
  reg [2:0]   left_q;
  reg         coming_q;
  reg [31:0]  store_mem [0:15];  // six fixed words, two of each axis
  reg [5:0]   columns_q, data_q;
  reg [15:0]  a_q, b_q;
  reg [31:0]  product_q;
  reg         whole_q;     // everything was there: the length must fit exactly
  reg         least_q;     // not even the least was there

  // ---- Words as they come ----
  wire [31:0] word0    = store_mem[0];
  wire [31:0] rows0    = store_mem[6];
  wire [31:0] rows1    = store_mem[7];
  wire [31:0] columns0 = store_mem[8];
  wire [31:0] columns1 = store_mem[9];
  wire        verifies  = opcode == `OP_PROGRAM;
  wire [5:0]  base     = verifies ? 6'd15 : {3'd0, fixed_words};
  wire        fetched  = left_q == 3'd0 && !coming_q;
  wire        vectors  = (opcode == `OP_MAC || opcode == `OP_MAC_RAW) && !word0[27];
  wire        cells    = opcode == `OP_CELL_LOAD;
  wire        sweeps   = opcode == `OP_SWEEP;
  wire        short    = {10'd0, data_q} > words;
  wire        misses   = words < least || (exact && words != least);
  wire [3:0]  slot     = part_q == 2'd0 ? {1'b0, fixed_words - left_q - 3'd1}
      : {part_q == 2'd2 ? 4'd9 : 4'd7} - {1'b0, left_q};

  // ---- Next state ----
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (start) state_d = misses ? ST_JUDGE : ST_FETCH;
      // Two words of an axis, or the fixed words.
      ST_FETCH: if (fetched) state_d = axes ? ST_AXES : ST_JUDGE;
      // Go on to the next axis if the payload reaches that far.
      ST_AXES: state_d = part_q != 2'd0 && short ? ST_JUDGE : part_q == 2'd2 ? ST_FIELD : ST_FETCH;
      // The length that the fields ask: rows x field bits, in words, x vectors; or rows x words of a row; or points x 2.
      ST_FIELD: state_d = ST_VECTOR;
      ST_VECTOR: state_d = ST_TOTAL;
      ST_TOTAL: state_d = ST_JUDGE;
      ST_JUDGE: state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin : fetch
    if (state_q == ST_IDLE) begin
      part_q    <= 2'd0;
      address_q <= 16'd0;
      left_q    <= fixed_words;
      coming_q  <= 1'b0;
    end else if (state_q == ST_AXES) begin
      part_q    <= part_q + 2'd1;
      address_q <= {10'd0, part_q == 2'd0 ? base : columns_q};
      left_q    <= 3'd2;
    end else if (state_q == ST_FETCH) begin
      coming_q <= left_q != 3'd0;
      if (left_q != 3'd0) begin
        left_q    <= left_q - 3'd1;
        address_q <= verifies && address_q == 16'd3 ? 16'd10 : address_q + 16'd1;
      end
      if (coming_q) store_mem[slot] <= q_data;
    end
  end

  // Where the columns axis and the data begin, as the flags of the axes come in.
  wire [5:0] rows_words    = rows1[31] ? 6'd18 : 6'd2;
  wire [5:0] columns_words = columns1[31] ? 6'd18 : 6'd2;
  always @(posedge clk) begin : places
    if (state_q == ST_FETCH && part_q == 2'd1) columns_q <= base + rows_words;
    if (state_q == ST_FETCH) data_q <= part_q == 2'd2 ? columns_q + columns_words : base + rows_words + 6'd2;
  end

  wire [15:0] row_words    = {1'b0, columns0[31:17]} + {15'd0, columns0[16]};
  wire [4:0]  field_bits   = {1'b0, word0[19:16]} + {4'd0, word0[22]};
  wire [15:0] vector_words = product_q[20:5] + {15'd0, product_q[4:0] != 5'd0};
  always @(posedge clk) begin : lengths
    if (state_q != ST_IDLE) product_q <= {16'd0, a_q} * {16'd0, b_q};
    if (state_q == ST_AXES) begin
      a_q <= sweeps ? store_mem[1][15:0] : rows0[31:16];
      b_q <= sweeps ? 16'd2 : cells ? row_words : verifies ? columns0[31:16] : {11'd0, field_bits};
    end else if (state_q == ST_VECTOR && vectors) begin
      a_q <= vector_words;
      b_q <= store_mem[4][15:0];
    end
  end

  always @(posedge clk) begin : exits
    if (state_q == ST_IDLE) begin
      whole_q <= 1'b0;
      least_q <= misses;
    end else if (state_q == ST_FIELD) whole_q <= 1'b1;
  end

  // ---- Outputs ----
  wire unused_bits = &{word0[31:28], word0[26:23], word0[21:20], word0[15:0]};
  wire [31:0] asked = {26'd0, data_q} + (vectors || cells || sweeps || verifies ? product_q : 32'd0);
  assign done          = state_q == ST_JUDGE;
  assign bad           = least_q || (axes && !whole_q) || (whole_q && asked != {16'd0, words});
  assign expected      = least_q ? {16'd0, least} : whole_q ? asked : {26'd0, data_q};
  assign known         = ours;
  assign q_address     = address_q;
  assign fixed         = {store_mem[5], store_mem[4], store_mem[3], store_mem[2], store_mem[1], store_mem[0]};
  assign rows_axis     = {rows1, rows0};
  assign columns_axis  = {columns1, columns0};
  assign rows_place    = base;
  assign columns_place = columns_q;
  assign data_place    = data_q;

endmodule

`default_nettype wire
