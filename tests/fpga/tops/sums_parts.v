// SPDX-License-Identifier: BSD-3-Clause
// Three sizes of accumulate side by side, so that one build serves all: `which` says whose samples come and whose
// results are seen. 0: 512 columns by 4 a beat; 1: 48 by 2; 2: 16 by 1.

`default_nettype none

module sums_parts (
    input  wire        clk,
    input  wire        rst_n,
    input  wire [1:0]  which,
    input  wire        drop,
    output wire        idle,

    input  wire [1:0]  cfg_range,
    input  wire        cfg_raw,
    input  wire        cfg_pairs,
    input  wire [1:0]  cfg_width,

    output wire        s_ready,
    input  wire        s_take,
    input  wire        s_valid,
    input  wire [8:0]  s_column,
    input  wire [2:0]  s_plane,
    input  wire [3:0]  s_keep,
    input  wire [95:0] s_code,
    input  wire [3:0]  s_saturated,
    input  wire        s_first,
    input  wire        s_last,

    input  wire        t_valid,
    input  wire [3:0]  t_table,
    input  wire [11:0] t_index,
    input  wire [17:0] t_data,

    output wire        r_valid,
    input  wire        r_ready,
    output wire [31:0] r_data,
    output wire        r_saturated,
    output wire        r_last
);

  wire [2:0]  idles, readies, valids, saturations, lasts;
  wire [95:0] results;

  assign idle        = idles[which];
  assign s_ready     = readies[which];
  assign r_valid     = valids[which];
  assign r_data      = results[which*32 +: 32];
  assign r_saturated = saturations[which];
  assign r_last      = lasts[which];

  genvar i;
  generate
    for (i = 0; i < 3; i = i + 1) begin : g_size
      localparam LANES = 4 >> i;
      localparam COLS  = i == 0 ? 512 : i == 1 ? 48 : 16;

      accumulate #(
          .COLS     (COLS),
          .ADC_LANES(LANES)
      ) u_sums (
          .clk        (clk),
          .clk_tables (clk),
          .rst_n      (rst_n),
          .drop       (drop),
          .idle       (idles[i]),
          .cfg_range  (cfg_range),
          .cfg_raw    (cfg_raw),
          .cfg_pairs  (cfg_pairs),
          .cfg_width  (cfg_width),
          .s_ready    (readies[i]),
          .s_take     (s_take && which == i),
          .s_valid    (s_valid && which == i),
          .s_column   (s_column),
          .s_plane    (s_plane),
          .s_keep     (s_keep[LANES-1:0]),
          .s_code     (s_code[LANES*24-1:0]),
          .s_saturated(s_saturated[LANES-1:0]),
          .s_first    (s_first),
          .s_last     (s_last),
          .t_valid    (t_valid),
          .t_table    (t_table),
          .t_index    (t_index),
          .t_data     (t_data),
          .r_valid    (valids[i]),
          .r_ready    (r_ready),
          .r_data     (results[i*32 +: 32]),
          .r_saturated(saturations[i]),
          .r_last     (lasts[i])
      );
    end
  endgenerate

endmodule

`default_nettype wire
