// SPDX-License-Identifier: BSD-3-Clause
// Adds conversions into results and sends them in column order (docs/emulator.md, "Results").
//
// Four banks of per-column sums: one is filled while older ones leave at one result a cycle.
// `s_ready` says that a bank is free; `s_take` takes it for the result that begins. Columns
// that were not kept cost no cycle. Holds the tables DARK and CORRECTION. `drop` empties it.

`include "board_map.vh"
`default_nettype none

module accumulate #(
    parameter COLS      = 512,  // columns of the widest macro
    parameter ADC_LANES = 4     // conversions a beat: 1, 2 or 4
) (
    input  wire                    clk,
    input  wire                    clk_tables,
    input  wire                    rst_n,
    input  wire                    drop,
    output wire                    idle,

    // Configuration, stable while not idle
    input  wire [1:0]              cfg_range,
    input  wire                    cfg_raw,
    input  wire                    cfg_pairs,
    input  wire [1:0]              cfg_width,  // result width: 0 = 16, 1 = 24, 2 = 32 bits

    // Samples (docs/macro_port.md)
    output wire                    s_ready,
    input  wire                    s_take,
    input  wire                    s_valid,
    input  wire [8:0]              s_column,
    input  wire [2:0]              s_plane,
    input  wire [ADC_LANES-1:0]    s_keep,
    input  wire [ADC_LANES*24-1:0] s_code,
    input  wire [ADC_LANES-1:0]    s_saturated,
    input  wire                    s_first,
    input  wire                    s_last,

    // Tables
    input  wire                    t_valid,
    input  wire [3:0]              t_table,
    input  wire [11:0]             t_index,
    input  wire [17:0]             t_data,

    // Results
    output wire                    r_valid,
    input  wire                    r_ready,
    output wire [31:0]             r_data,
    output wire                    r_saturated,
    output wire                    r_last      // last column of a result
);

  localparam W_L    = ADC_LANES == 4 ? 2 : ADC_LANES == 2 ? 1 : 0;
  localparam QUADS  = COLS / ADC_LANES;
  localparam W_Q    = QUADS > 1 ? $clog2(QUADS) : 1;
  localparam W_E    = W_Q + (ADC_LANES == 1 ? 0 : ADC_LANES);  // an entry: a quad, and which of its lanes were kept

  // Number of the lowest lane in a set
  function [1:0] lowest(input [ADC_LANES-1:0] set);
    integer j;
    begin
      lowest = 2'd0;
      for (j = ADC_LANES - 1; j >= 0; j = j - 1) if (set[j]) lowest = j[1:0];
    end
  endfunction

  // ---- Banks in use
  reg  [2:0] taken_q;
  wire       released;

  always @(posedge clk) begin
    if (!rst_n || drop) taken_q <= 3'd0;
    else                taken_q <= taken_q + {2'd0, s_take} - {2'd0, released};
  end

  // ---- Filling: sums, and a list of the quads of the result with their kept lanes
  reg  [1:0]     fill_q;
  reg  [W_Q:0]   entries_q;
  reg  [2:0]     last_q;             // stages 1 to 3 behind a result's last beat
  reg  [W_E-1:0] list [0:(4<<W_Q)-1];
  reg  [W_Q:0]   lengths [0:3];
  wire           clear = s_first && (s_plane == 3'd0 || cfg_raw);
  wire           enter = s_valid && clear && s_keep != {ADC_LANES{1'b0}};
  wire [8:0]     quad  = s_column >> W_L;
  wire [W_Q+ADC_LANES-1:0] entering = {quad[W_Q-1:0], s_keep};

  always @(posedge clk) begin
    if (!rst_n || drop) begin
      fill_q    <= 2'd0;
      entries_q <= {W_Q+1{1'b0}};
      last_q    <= 3'd0;
    end else begin
      last_q <= {last_q[1:0], s_valid && s_last};
      if (s_valid && s_last) begin
        fill_q    <= fill_q + 2'd1;
        entries_q <= {W_Q+1{1'b0}};
      end else if (enter) entries_q <= entries_q + 1'b1;
    end
  end

  always @(posedge clk) begin
    if (enter) list[{fill_q, entries_q[W_Q-1:0]}] <= entering[W_Q+ADC_LANES-1 -: W_E];
    if (s_valid && s_last) lengths[fill_q] <= entries_q + {{W_Q{1'b0}}, enter};
  end

  // ---- Sending: entry by entry, lane by lane; `next_q` is the entry after the present one
  reg  [2:0]           full_q;                      // banks that wait, the one being sent included until its last entry
  reg  [1:0]           next_bank_q, bank_q;
  reg  [W_Q:0]         next_q;
  reg                  send_q, final_q, odd_q;
  reg  [W_E-1:0]       entry_q;                     // as the list has it
  reg                  begun_q;                     // some of its lanes were sent: `rest_q` are left
  reg  [ADC_LANES-1:0] rest_q;
  wire [ADC_LANES-1:0] kept       = ADC_LANES == 1 ? {ADC_LANES{1'b1}} : entry_q[ADC_LANES-1:0];
  wire [ADC_LANES-1:0] rest       = begun_q ? rest_q : kept;
  wire [1:0]           lane       = lowest(rest);
  wire [ADC_LANES-1:0] remaining  = rest & (rest - 1'b1);
  wire                 advance    = !r_valid || r_ready;
  wire                 entry_done = send_q && remaining == {ADC_LANES{1'b0}};
  wire                 more       = full_q != 3'd0;
  wire                 load       = advance && more && (!send_q || entry_done);
  wire                 load_final = next_q + 1'b1 == lengths[next_bank_q];
  wire                 bank_left  = load && load_final;
  wire                 last_sum   = entry_done && final_q;

  assign released = advance && last_sum;

  always @(posedge clk) begin
    if (!rst_n || drop) begin
      full_q      <= 3'd0;
      next_bank_q <= 2'd0;
      next_q      <= {W_Q+1{1'b0}};
      send_q      <= 1'b0;
      odd_q       <= 1'b0;
    end else begin
      full_q      <= full_q + {2'd0, last_q[2]} - {2'd0, bank_left};
      next_bank_q <= next_bank_q + {1'b0, bank_left};
      if (load)    next_q <= load_final ? {W_Q+1{1'b0}} : next_q + 1'b1;
      if (advance) send_q <= load || (send_q && !entry_done);
      if (advance && send_q) odd_q <= !odd_q && !last_sum;
    end
  end

  always @(posedge clk) begin
    if (load) entry_q <= list[{next_bank_q, next_q[W_Q-1:0]}];
  end

  always @(posedge clk) begin
    if (load) {begun_q, bank_q, final_q} <= {1'b0, next_bank_q, load_final};
    else if (advance) {begun_q, rest_q} <= {1'b1, remaining};
  end

  // ---- One sum of each lane is read; the next cycle takes the lane's
  reg        read1_q, odd1_q, last1_q;
  reg  [1:0] lane1_q;
  reg  [8:0] column1_q;
  wire [ADC_LANES*40-1:0] sums;
  wire [ADC_LANES-1:0]    hits;
  wire [ADC_LANES-1:0]    hit1 = hits >> lane1_q;
  wire                    stage_idle;
  wire [8:0]              t_quad = t_index[8:0] >> W_L;
  wire [8:0] entry_quad = {{9-W_Q{1'b0}}, entry_q[W_E-1 -: W_Q]};

  always @(posedge clk) begin
    if (!rst_n || drop) read1_q <= 1'b0;
    else if (advance)   read1_q <= send_q;
    if (advance) begin
      odd1_q    <= odd_q;
      last1_q   <= last_sum;
      lane1_q   <= lane;
      column1_q <= (entry_quad << W_L) | {7'd0, lane};
    end
  end

  genvar l;
  generate
    for (l = 0; l < ADC_LANES; l = l + 1) begin : g_lane
      localparam [11:0] LANE = l;
      wire              mine = (t_index & (ADC_LANES[11:0] - 12'd1)) == LANE && {1'b0, t_index[8:0]} < COLS[9:0];

      sum_bank #(
          .W_Q(W_Q)
      ) u_bank (
          .clk           (clk),
          .clk_tables    (clk_tables),
          .rst_n         (rst_n),
          .empty         (drop),
          .raw           (cfg_raw),
          .range         (cfg_range),
          .valid         (s_valid),
          .clear         (clear),
          .bank          (fill_q),
          .quad          (quad[W_Q-1:0]),
          .plane         (s_plane),
          .code          (s_code[l*24 +: 24]),
          .code_saturated(s_saturated[l]),
          .read          (advance && send_q),
          .read_bank     (bank_q),
          .read_quad     (entry_q[W_E-1 -: W_Q]),
          .sum           (sums[l*40 +: 40]),
          .saturated     (hits[l]),
          .t_write       (t_valid && mine && {4'd0, t_table} == `TABLE_DARK),
          .t_address     ({t_index[10:9], t_quad[W_Q-1:0]}),
          .t_data        (t_data)
      );
    end
  endgenerate

  result_stage u_stage (
      .clk          (clk),
      .clk_tables   (clk_tables),
      .rst_n        (rst_n),
      .empty        (drop),
      .advance      (advance),
      .idle         (stage_idle),
      .raw          (cfg_raw),
      .pairs        (cfg_pairs),
      .width        (cfg_width),
      .range        (cfg_range),
      .valid        (read1_q),
      .second       (odd1_q),
      .last         (last1_q),
      .column       (column1_q),
      .sum          (sums[lane1_q*40 +: 40]),
      .saturated    (hit1[0]),
      .out_valid    (r_valid),
      .out_data     (r_data),
      .out_saturated(r_saturated),
      .out_last     (r_last),
      .t_write      (t_valid && {4'd0, t_table} == `TABLE_CORRECTION),
      .t_address    (t_index[10:0]),
      .t_data       (t_data)
  );

  assign s_ready = !taken_q[2];
  assign idle    = taken_q == 3'd0 && !read1_q && stage_idle;

  wire unused_ok = &{1'b0, hit1, quad, entering, t_quad, t_index};

endmodule

`default_nettype wire
