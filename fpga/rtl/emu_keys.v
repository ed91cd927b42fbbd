// SPDX-License-Identifier: BSD-3-Clause
// The keys of a pass: key and key2 of its operation index, with `slow` also those of the slow effects (docs/emulator.md).
//
// `start` takes indices and a slot, one cycle later the row and its age; 18 cycles after `start` the slot's keys can be read, 19
// after it those of the slow effects: that of the epoch in which the vector began, the row's key, and the age. Starts must be at
// least 16 cycles apart. One hash unit is used four times a key, by three keys in turn. The read port answers in the same cycle.

`default_nettype none

module emu_keys (
    input  wire        clk,
    input  wire        rst_n,
    input  wire        clear,
    input  wire        slow,
    input  wire [7:0]  cfg_macro,
    input  wire [31:0] emu_chip_seed,
    input  wire [31:0] emu_noise_seed,
    input  wire [5:0]  epoch,         // log2 of its operation indices
    input  wire        start,
    input  wire [1:0]  start_slot,
    input  wire [63:0] start_index,
    input  wire [63:0] start_vector,  // index of the vector's first repetition
    input  wire [8:0]  row,
    input  wire [3:0]  age,
    input  wire [1:0]  read_slot,
    output wire [31:0] key,
    output wire [31:0] key2,
    output wire [31:0] slow_key,
    output wire [31:0] row_key,
    output wire [3:0]  row_age
);

  reg        run_q;
  reg [3:0]  step_q;
  reg [63:0] index_q, epoch_q;
  reg [8:0]  row_q;
  reg [1:0]  slot_q, store_slot_q, store2_slot_q;
  reg        store_q, store2_q;
  reg [3:0]  age_q;
  reg [35:0] of_row_q;               // age and key of the row, until stored
  reg [31:0] keys  [0:3];
  reg [31:0] keys2 [0:3];
  reg [67:0] slows [0:3];            // age, row's key, epoch's key
  wire [31:0] y;
  reg  [31:0] x;
  wire        finish = run_q && step_q == 4'd15;

  // Four hashes of four cycles each: seed, low word, high word, second key. The epoch's key comes one cycle behind, the
  // row's, of two hashes, another.
  wire of_epoch = step_q[1:0] == 2'd1;
  wire of_row   = step_q[1:0] == 2'd2;

  always @(*) begin
    if (!run_q) x = 32'd0;
    else case (step_q[3:2])
      2'd0:    x = (of_row ? emu_chip_seed : emu_noise_seed) + 32'h9E3779B9;
      2'd1:    x = y ^ (of_row ? {15'd0, cfg_macro, row_q} : of_epoch ? epoch_q[31:0] : index_q[31:0]);
      2'd2:    x = y ^ (of_epoch ? epoch_q[63:32] : index_q[63:32]);
      default: x = y ^ (of_epoch ? 32'hC2B2AE35 : 32'h85EBCA6B);
    endcase
  end

  mix32_pipe u_mix (
      .clk(clk),
      .en (run_q || store_q || store2_q),
      .x  (x),
      .y  (y)
  );

  always @(posedge clk) begin
    if (!rst_n || clear) begin
      run_q    <= 1'b0;
      step_q   <= 4'd0;
      store_q  <= 1'b0;
      store2_q <= 1'b0;
    end else begin
      run_q    <= start || (run_q && !finish);
      step_q   <= run_q ? step_q + 4'd1 : 4'd0;
      store_q  <= finish;
      store2_q <= store_q && slow;
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

  always @(posedge clk) begin
    if (start && slow) epoch_q <= start_vector >> epoch;
    if (run_q && slow && step_q == 4'd0) begin
      row_q <= row;
      age_q <= age;
    end
    if (run_q && slow && step_q == 4'd10) of_row_q <= {age_q, y};
    if (store_q && slow) store2_slot_q <= store_slot_q;
    if (store2_q) slows[store2_slot_q] <= {of_row_q, y};
  end

  assign key  = keys[read_slot];
  assign key2 = keys2[read_slot];
  assign {row_age, row_key, slow_key} = slows[read_slot];

endmodule

`default_nettype wire
