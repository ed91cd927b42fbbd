// SPDX-License-Identifier: BSD-3-Clause
// Executes PING, REG_READ, REG_WRITE and TABLE_WRITE on a request of good length.
//
// `start` begins; `done` comes once with the status, the words of the reply (OK) or the three words of the refusal. PING and
// TABLE_WRITE move one word a cycle and take words + 2 cycles, REG_READ 2 x count + 2, REG_WRITE at most
// 3 x count + 2. Limits go to limit_registers, never to the register file. Writes are done in order up to the first refused.

`default_nettype none
`include "board_map.vh"

module register_access (
    input  wire        clk,
    input  wire        rst_n,

    input  wire        start,
    input  wire [7:0]  opcode,
    input  wire [15:0] words,
    input  wire [31:0] word0,
    input  wire [31:0] word1,
    output wire        done,
    output wire [7:0]  status,
    output wire [31:0] value,
    output wire [31:0] bound,
    output wire [31:0] place,
    output wire [15:0] reply_words,

    // Request memory, reply words
    output wire [15:0] q_address,
    input  wire [31:0] q_data,
    output wire        w_write,
    output wire [15:0] w_address,
    output wire [31:0] w_data,

    // Register file
    output wire        s_req,
    output wire        s_write,
    output wire [7:0]  s_address,
    output wire [31:0] s_data,
    input  wire        s_read_ack,
    input  wire        s_write_ack,
    input  wire [31:0] s_value,

    // Limits
    output wire        l_write,
    output wire [2:0]  l_index,
    output wire [31:0] l_data,
    input  wire [31:0] l_value,
    input  wire [7:0]  l_status,
    input  wire [31:0] l_bound,

    // Tables
    output wire        t_valid,
    output wire [3:0]  t_table,
    output wire [11:0] t_index,
    output wire [17:0] t_data
);

  localparam [2:0] ST_IDLE = 3'd0, ST_STREAM = 3'd1, ST_CHECK = 3'd2, ST_READ = 3'd3, ST_FETCH = 3'd4, ST_WRITE = 3'd5,
      ST_WAIT = 3'd6, ST_DONE = 3'd7;

  // ---- State ----
  reg [2:0]  state_q, state_d;
  reg [15:0] i_q, i_d;
  reg        there_q;          // q_data belongs to i_q - 1
  reg [7:0]  status_q, status_d;
  reg [31:0] value_q, value_d, bound_q, bound_d, place_q, place_d;
  reg [15:0] words_q, words_d;

  // ---- What is asked ----
  wire        is_ping = opcode == `OP_PING;
  wire        is_read = opcode == `OP_REG_READ;
  wire        is_write = opcode == `OP_REG_WRITE;
  wire [15:0] entries = words - 16'd1;
  wire [15:0] stream  = is_ping ? words : entries;

  wire [31:0] address  = word0 + {14'd0, i_q, 2'd0};
  wire        aligned  = address[31:8] == 24'd0 && address[1:0] == 2'd0;
  wire [63:0] present  = `REG_PRESENT;
  wire [63:0] writable = `REG_WRITABLE;
  wire        exists   = aligned && present[address[7:2]];
  wire        takes    = aligned && writable[address[7:2]];
  wire        is_limit = address[7:0] >= `REG_LIMIT_FORM_V && address[7:0] <= `REG_LIMIT_LOCK;
  wire        capped   = address[7:0] == `REG_WATCHDOG_CYCLES || address[7:0] == `REG_OPERATION_CYCLES;

  // ---- Size of the table asked ----
  reg [15:0] size;
  always @(*) begin : table_size
    case (word0[7:0])
      `TABLE_GAUSS, `TABLE_BREAKDOWN, `TABLE_FORMED: size = 16'd`TABLE_ENTRIES;
      `TABLE_GATE: size = 16'd`GATE_ENTRIES;
      `TABLE_INL: size = 16'd`INL_ENTRIES;
      `TABLE_U, `TABLE_V, `TABLE_OFFSET: size = 16'd`MAX_LINES;
      `TABLE_GAIN, `TABLE_DARK, `TABLE_CORRECTION: size = 16'd`MAX_LINES * 16'd`RANGES;
      default: size = 16'd0;
    endcase
  end
  wire [16:0] last_entry = {1'b0, word0[31:16]} + {1'b0, entries} - 17'd1;
  wire        no_table   = !is_ping && size == 16'd0;
  wire        past_table = !is_ping && last_entry >= {1'b0, size};

  // ---- Next state ----
  always @(*) begin : next_state
    state_d  = state_q;
    i_d      = i_q;
    status_d = status_q;
    {value_d, bound_d, place_d, words_d} = {value_q, bound_q, place_q, words_q};
    case (state_q)
      // Wait for a request; refuse a table that is not there.
      ST_IDLE: if (start) begin
        i_d      = 16'd0;
        status_d = `STATUS_OK;
        words_d  = is_ping ? words : is_read ? word1[15:0] : 16'd1;
        {value_d, bound_d, place_d} = 96'd0;
        state_d = is_read ? ST_CHECK : is_write ? ST_FETCH : ST_STREAM;
        if (!is_read && !is_write && (no_table || past_table)) begin
          status_d = `STATUS_BAD_ADDRESS;
          value_d  = no_table ? {24'd0, word0[7:0]} : {15'd0, last_entry};
          bound_d  = no_table ? {24'd0, `TABLE_CORRECTION} : {16'd0, size - 16'd1};
          state_d  = ST_DONE;
        end
      end
      // One word a cycle from the request to the reply or to the table.
      ST_STREAM: begin
        if (i_q != stream) i_d = i_q + 16'd1;
        else if (!there_q) state_d = ST_DONE;
      end
      // Every register asked for is there, or none is read.
      ST_CHECK: begin
        i_d = i_q + 16'd1;
        if (!exists) begin
          status_d = `STATUS_BAD_ADDRESS;
          value_d  = address;
          state_d  = ST_DONE;
        end else if ({16'd0, i_d} == word1) begin
          i_d     = 16'd0;
          state_d = ST_READ;
        end
      end
      // One register, in as many cycles as the file takes.
      ST_READ: if (is_limit || s_read_ack) begin
        i_d = i_q + 16'd1;
        if (i_d == words_q) state_d = ST_DONE;
      end
      // The next value comes.
      ST_FETCH: state_d = i_q == entries ? ST_DONE : ST_WRITE;
      // It is written, or refused.
      ST_WRITE: begin
        place_d = {16'd0, i_q} + 32'd1;
        if (!takes) begin
          {status_d, value_d, state_d} = {`STATUS_BAD_ADDRESS, address, ST_DONE};
        end else if (is_limit && l_status != `STATUS_OK) begin
          {status_d, value_d, bound_d, state_d} = {l_status, q_data, l_bound, ST_DONE};
        end else if (is_limit || s_write_ack) begin
          i_d     = i_q + 16'd1;
          state_d = ST_FETCH;
        end else state_d = ST_WAIT;
      end
      // The file answers.
      ST_WAIT: if (s_write_ack) begin
        i_d     = i_q + 16'd1;
        state_d = ST_FETCH;
      end
      ST_DONE: state_d = ST_IDLE;
      default: state_d = ST_IDLE;
    endcase
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin
    if (start || state_q != ST_IDLE) begin
      i_q      <= i_d;
      status_q <= status_d;
      {value_q, bound_q, place_q, words_q} <= {value_d, bound_d, place_d, words_d};
    end
    there_q <= state_q == ST_STREAM && i_q != stream;
  end

  // ---- Outputs ----
  wire [15:0] previous   = i_q - 16'd1;
  wire        reading  = state_q == ST_READ && (is_limit || s_read_ack);
  wire        finished = state_q == ST_DONE && status_q == `STATUS_OK && !is_ping && !is_read;
  assign done        = state_q == ST_DONE;
  assign status      = status_q;
  assign value       = value_q;
  assign bound       = bound_q;
  assign place       = place_q;
  assign reply_words = words_q;
  assign q_address   = is_ping ? i_q : i_q + 16'd1;
  assign w_write     = reading || (is_ping && there_q) || finished;
  assign w_address   = reading ? i_q : is_ping ? previous : 16'd0;
  assign w_data      = reading ? (is_limit ? l_value : s_value) : is_ping ? q_data : {16'd0, entries};
  assign s_req       = (state_q == ST_READ && !is_limit) || (state_q == ST_WRITE && takes && !is_limit);
  assign s_write     = state_q == ST_WRITE;
  assign s_address   = address[7:0];
  assign s_data      = capped && q_data > 32'd`CYCLES_CAP ? 32'd`CYCLES_CAP : q_data;
  assign l_write     = state_q == ST_WRITE && takes && is_limit && l_status == `STATUS_OK;
  assign l_index     = address[4:2];
  assign l_data      = q_data;
  assign t_valid     = !is_ping && there_q;
  assign t_table     = word0[3:0];
  assign t_index     = word0[27:16] + previous[11:0];
  assign t_data      = q_data[17:0];

endmodule

`default_nettype wire
