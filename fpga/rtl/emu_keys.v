// SPDX-License-Identifier: BSD-3-Clause
// Noise keys of an operation index: key and key2 of docs/emulator.md.
//
// `start` takes an index and a slot; 18 cycles later the slot's keys can be read. Starts must be at
// least 16 cycles apart. One hash unit is used four times a key. The read port answers in the same cycle.

`default_nettype none

module emu_keys (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        clear,
    input  wire [31:0] emu_noise_seed,
    input  wire        start,
    input  wire [1:0]  start_slot,
    input  wire [63:0] start_index,
    input  wire [1:0]  read_slot,
    output wire [31:0] key,
    output wire [31:0] key2
);

  reg        run_q;
  reg [3:0]  step_q;
  reg [63:0] index_q;
  reg [1:0]  slot_q, store_slot_q;
  reg        store_q;
  reg [31:0] keys  [0:3];
  reg [31:0] keys2 [0:3];
  wire [31:0] y;
  reg  [31:0] x;
  wire        finish = run_q && step_q == 4'd15;

  // Four hashes of four cycles each: seed, low word, high word, second key
  always @(*) begin
    case (step_q[3:2])
      2'd0:    x = emu_noise_seed + 32'h9E3779B9;
      2'd1:    x = y ^ index_q[31:0];
      2'd2:    x = y ^ index_q[63:32];
      default: x = y ^ 32'h85EBCA6B;
    endcase
  end

  mix32_pipe u_mix (
      .clk(clk),
      .en (run_q || store_q),
      .x  (x),
      .y  (y)
  );

  always @(posedge clk) begin
    if (!rst_n || clear) begin
      run_q   <= 1'b0;
      step_q  <= 4'd0;
      store_q <= 1'b0;
    end else begin
      run_q   <= start || (run_q && !finish);
      step_q  <= run_q ? step_q + 4'd1 : 4'd0;
      store_q <= finish;
    end
  end

  always @(posedge clk) begin
    if (start) begin
      index_q <= start_index;
      slot_q  <= start_slot;
    end
    store_slot_q <= slot_q;
    if (run_q && step_q == 4'd12) keys[slot_q] <= y;
    if (store_q) keys2[store_slot_q] <= y;
  end

  assign key  = keys[read_slot];
  assign key2 = keys2[read_slot];

endmodule

`default_nettype wire
