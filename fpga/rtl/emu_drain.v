// SPDX-License-Identifier: BSD-3-Clause
// Chooses what is converted: the kept quads of every finished unit, each plane, one a cycle.
//
// A unit may start FLOOR + 7 cycles after its `unit_end`, in order, without a gap between units;
// the first unit of a result also waits for `s_ready` (seen the cycle before) and takes the room
// with `s_take`. `convert` and the fields beside it describe the conversion of this cycle. A unit
// with no kept column takes one cycle with `convert` low.

`default_nettype none

module emu_drain #(
    parameter COLS      = 512,
    parameter LANES     = 64,
    parameter ADC_LANES = 4,
    parameter FLOOR     = 16
) (
    input  wire                 clk,
    input  wire                 rst_n,
    input  wire                 clear,
    output wire                 idle,

    // Configuration
    input  wire [3:0]           cfg_bits,
    input  wire                 cfg_raw,
    input  wire [COLS-1:0]      cfg_mask,
    input  wire [7:0]           cfg_macro,
    input  wire                 wandering,     // slow effects of reading
    input  wire [5:0]           epoch,
    input  wire [31:0]          emu_chip_seed,
    input  wire [31:0]          emu_noise_seed,

    // Finished units; row and age one cycle after
    input  wire                 unit_end,
    input  wire [5:0]           unit_group,
    input  wire [7:0]           unit_one,
    input  wire [2:0]           unit_raw_plane,
    input  wire                 unit_pass_first,
    input  wire                 unit_result_first,
    input  wire                 unit_result_last,
    input  wire [63:0]          unit_index,
    input  wire [63:0]          unit_vector,   // index of its vector's first repetition
    input  wire [8:0]           unit_row,
    input  wire [3:0]           unit_age,
    output wire [1:0]           unit_slot,     // slot that the unit now accumulating will have
    output wire                 unit_freed,

    // Sink
    input  wire                 s_ready,
    output wire                 s_take,

    // Conversion
    output wire                 convert,
    output wire [1:0]           slot,
    output wire [5:0]           quad,
    output wire [5:0]           group,
    output wire [2:0]           plane,
    output wire [ADC_LANES-1:0] keep,
    output wire                 one,
    output wire                 first,
    output wire                 last,
    output wire [31:0]          key,
    output wire [31:0]          key2,
    output wire [31:0]          slow_key,
    output wire [31:0]          row_key,
    output wire [3:0]           row_age
);

  localparam QUADS   = LANES / ADC_LANES;
  localparam GROUPS  = COLS / LANES;
  localparam W_GROUP = GROUPS > 1 ? $clog2(GROUPS) : 1;
  localparam W_U     = 20;

  // Quads of a group with a kept column
  function [QUADS-1:0] quads(input [LANES-1:0] mask);
    integer j;
    begin
      for (j = 0; j < QUADS; j = j + 1) quads[j] = |mask[j*ADC_LANES +: ADC_LANES];
    end
  endfunction

  function [5:0] lowest(input [QUADS-1:0] set);
    integer j;
    begin
      lowest = 6'd0;
      for (j = QUADS - 1; j >= 0; j = j - 1) if (set[j]) lowest = j[5:0];
    end
  endfunction

  // ---- Queue of finished units; a unit is available FLOOR + 6 cycles after its end
  reg [W_U-1:0]   units [0:3];
  reg [1:0]       in_q, out_q;
  reg [FLOOR+4:0] delay_q;
  reg [2:0]       available_q;

  // ---- The unit being converted
  reg             active_q, some_q;
  reg [1:0]       slot_q;
  reg [2:0]       plane_q;
  reg [5:0]       quad_q, group_q;
  reg [QUADS-1:0] rest_q;
  reg [LANES-1:0] mask_q;
  reg [7:0]       one_q;
  reg             first_q, last_q;
  reg [31:0]      key_q, key2_q, slow_key_q, row_key_q;
  reg [3:0]       row_age_q;

  wire [31:0]    key_in, key2_in, slow_key_in, row_key_in;
  wire [3:0]     row_age_in;
  wire [W_U-1:0] head = units[out_q];
  wire [5:0] head_group  = head[5:0];
  wire [7:0] head_one    = head[13:6];
  wire [2:0] head_plane  = head[16:14];
  wire head_pass_first   = head[17];
  wire head_result_first = head[18];
  wire head_result_last  = head[19];
  wire [LANES-1:0] head_mask = cfg_mask[head_group[W_GROUP-1:0]*LANES +: LANES];

  wire [3:0] plane_top  = cfg_bits - 4'd1;
  wire       plane_last = cfg_raw || plane_q == plane_top[2:0];
  wire       unit_last  = plane_last && rest_q == {QUADS{1'b0}};
  wire       unit_done  = active_q && (unit_last || !some_q);
  wire       begins     = head_pass_first && head_result_first;
  wire       load       = (!active_q || unit_done) && available_q != 3'd0 && (s_ready || !begins);

  always @(posedge clk) begin
    if (unit_end) units[in_q] <= {unit_result_last, unit_result_first, unit_pass_first,
                                  unit_raw_plane, unit_one, unit_group};
  end

  always @(posedge clk) begin
    if (!rst_n || clear) begin
      in_q        <= 2'd0;
      out_q       <= 2'd0;
      delay_q     <= {FLOOR+5{1'b0}};
      available_q <= 3'd0;
      active_q    <= 1'b0;
    end else begin
      in_q        <= in_q + {1'b0, unit_end};
      out_q       <= out_q + {1'b0, load};
      delay_q     <= {delay_q[FLOOR+3:0], unit_end};
      available_q <= available_q + {2'd0, delay_q[FLOOR+4]} - {2'd0, load};
      active_q    <= load || (active_q && !unit_done);
    end
  end

  always @(posedge clk) begin
    if (load) begin
      some_q  <= head_mask != {LANES{1'b0}};
      slot_q  <= out_q;
      group_q <= head_group;
      mask_q  <= head_mask;
      one_q   <= head_one;
      first_q <= head_result_first;
      last_q  <= head_result_last;
    end
    if (load && head_pass_first) begin
      key_q  <= key_in;
      key2_q <= key2_in;
    end
    if (load && head_pass_first && wandering) begin
      slow_key_q <= slow_key_in;
      row_key_q  <= row_key_in;
      row_age_q  <= row_age_in;
    end
  end

  always @(posedge clk) begin
    if (load) begin
      plane_q <= cfg_raw ? head_plane : 3'd0;
      quad_q  <= lowest(quads(head_mask));
      rest_q  <= quads(head_mask) & (quads(head_mask) - 1'b1);
    end else if (active_q && plane_last) begin
      plane_q <= cfg_raw ? plane_q : 3'd0;
      quad_q  <= lowest(rest_q);
      rest_q  <= rest_q & (rest_q - 1'b1);
    end else if (active_q) begin
      plane_q <= plane_q + 3'd1;
    end
  end

  // ---- Keys, one set a pass
  emu_keys u_keys (
      .clk           (clk),
      .rst_n         (rst_n),
      .clear         (clear),
      .slow          (wandering),
      .cfg_macro     (cfg_macro),
      .emu_chip_seed (emu_chip_seed),
      .emu_noise_seed(emu_noise_seed),
      .epoch         (epoch),
      .start         (unit_end && unit_pass_first),
      .start_slot    (unit_slot),
      .start_index   (unit_index),
      .start_vector  (unit_vector),
      .row           (unit_row),
      .age           (unit_age),
      .read_slot     (out_q),
      .key           (key_in),
      .key2          (key2_in),
      .slow_key      (slow_key_in),
      .row_key       (row_key_in),
      .row_age       (row_age_in)
  );

  // ---- Outputs
  assign unit_slot  = in_q;
  assign unit_freed = unit_done;
  assign s_take     = load && begins;
  assign convert    = active_q && some_q;
  assign slot       = slot_q;
  assign quad       = quad_q;
  assign group      = group_q;
  assign plane      = plane_q;
  assign keep       = mask_q[quad_q*ADC_LANES +: ADC_LANES];
  assign one        = one_q[plane_q];
  assign first      = first_q;
  assign last       = last_q && unit_last;
  assign key        = key_q;
  assign key2       = key2_q;
  assign slow_key   = slow_key_q;
  assign row_key    = row_key_q;
  assign row_age    = row_age_q;
  assign idle       = !active_q && available_q == 3'd0 && delay_q == {FLOOR+5{1'b0}};

  wire unused_ok = &{1'b0, plane_top[3]};

endmodule

`default_nettype wire
