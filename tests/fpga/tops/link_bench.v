// SPDX-License-Identifier: BSD-3-Clause
// The link engine with a core that answers every request with its own payload, one word a cycle.
//
// `pause` keeps the core from starting a request, `stuck` keeps a started one running. A dropped request answers
// ABORTED with three zeros. `trip` is a safe event of another cause than SAFE.

`include "board_map.vh"

`default_nettype none

module link_bench #(
    parameter REQUEST_WORDS     = 64,
    parameter REPLY_WORDS       = 64,
    parameter MAX_PAYLOAD_WORDS = 32
) (
    input  wire        clk,
    input  wire        rst_n,

    input  wire        rx_valid,
    input  wire [31:0] rx_data,
    input  wire        rx_last,
    input  wire        rx_bad,
    output wire        tx_valid,
    input  wire        tx_ready,
    output wire [31:0] tx_data,
    output wire        tx_last,

    input  wire        pause,
    input  wire        stuck,
    input  wire        trip,
    input  wire [7:0]  state,

    output wire        q_valid,
    output wire [7:0]  q_opcode,
    output wire [15:0] q_words,
    output wire        q_dropped,
    output wire        q_done,
    output wire [15:0] r_room,
    output wire        safe_seen,
    output wire        epoch_seen,
    output wire        epoch_clear,
    output wire        epoch_open,
    output wire        feed,
    output wire        running,
    output wire [31:0] frames_received,
    output wire [31:0] crc_errors,
    output wire [31:0] gaps,
    output wire [31:0] duplicates
);

  localparam [15:0] ABORTED_WORDS = 16'd3;

  reg         running_q, dropped_q, write_q, safe_q;
  reg  [15:0] read_q, address_q;
  wire [31:0] q_data;
  wire [15:0] words = dropped_q ? ABORTED_WORDS : q_words;
  wire [15:0] wanted = q_dropped ? ABORTED_WORDS : q_words;
  wire        start = q_valid && !running_q && !pause && r_room >= wanted;

  assign running = running_q;
  assign q_done  = running_q && !stuck && !epoch_clear && read_q == words && !write_q;

  always @(posedge clk) begin
    safe_q <= safe_seen || trip;
    if (!rst_n || epoch_clear) begin
      running_q <= 1'b0;
      write_q   <= 1'b0;
    end else begin
      if (start) begin
        running_q <= 1'b1;
        dropped_q <= q_dropped;
        read_q    <= 16'd0;
      end else if (q_done) begin
        running_q <= 1'b0;
      end
      write_q   <= running_q && read_q != words;
      address_q <= read_q;
      if (running_q && read_q != words) read_q <= read_q + 16'd1;
    end
  end

  link_engine #(
      .REQUEST_WORDS    (REQUEST_WORDS),
      .REPLY_WORDS      (REPLY_WORDS),
      .MAX_PAYLOAD_WORDS(MAX_PAYLOAD_WORDS)
  ) u_link (
      .clk            (clk),
      .rst_n          (rst_n),
      .rx_valid       (rx_valid),
      .rx_data        (rx_data),
      .rx_last        (rx_last),
      .rx_bad         (rx_bad),
      .tx_valid       (tx_valid),
      .tx_ready       (tx_ready),
      .tx_data        (tx_data),
      .tx_last        (tx_last),
      .q_valid        (q_valid),
      .q_opcode       (q_opcode),
      .q_words        (q_words),
      .q_dropped      (q_dropped),
      .q_address      (read_q),
      .q_data         (q_data),
      .q_done         (q_done),
      .r_room         (r_room),
      .r_write        (write_q),
      .r_address      (address_q),
      .r_data         (dropped_q ? 32'd0 : q_data),
      .r_status       (dropped_q ? `STATUS_ABORTED : `STATUS_OK),
      .r_words        (words),
      .safe_seen      (safe_seen),
      .epoch_seen     (epoch_seen),
      .safe_event     (safe_q),
      .core_idle      (!running_q && !stuck),
      .epoch_clear    (epoch_clear),
      .epoch_open     (epoch_open),
      .feed           (feed),
      .state          (state),
      .id_flags       (16'h000B),
      .id_build       (32'h11223344),
      .id_firmware    (32'h55667788),
      .id_uid         (64'h0123456789ABCDEF),
      .id_boot        (32'hCAFEF00D),
      .id_pulses      (32'd77),
      .id_macros      (8'd1),
      .id_geometry    (64'h0804_0440_0040_0020),
      .frames_received(frames_received),
      .crc_errors     (crc_errors),
      .gaps           (gaps),
      .duplicates     (duplicates)
  );

endmodule

`default_nettype wire
