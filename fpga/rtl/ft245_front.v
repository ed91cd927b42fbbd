// SPDX-License-Identifier: BSD-3-Clause
// Between an FT232H in synchronous FIFO mode and the link engine's packets: two async_fifo, byte_front.
//
// `ft_clk` is the chip's 60 MHz output; the pins are of that clock. A byte is taken from the chip at an edge with `ft_rd_n`
// and `ft_rxf_n` low, one edge or more after `ft_oe_n` fell; a byte is given at an edge with `ft_wr_n` and `ft_txe_n` low.
// Receiving goes first, but each direction gives way to the other after a turn of BURST + 1 bytes. The bus has one idle edge
// whenever its direction turns. Neither side ever waits inside this module for more than the other's handshake.

`default_nettype none

module ft245_front #(
    parameter W_A   = 5,   // log2 of the bytes that each FIFO holds
    parameter BURST = 512  // bytes of a turn, less one, before the other direction gets its own
) (
    input  wire        clk,
    input  wire        rst_n,

    // Pins of the chip
    input  wire        ft_clk,
    input  wire        ft_rst_n,      // synchronous to ft_clk
    input  wire        ft_rxf_n,
    input  wire        ft_txe_n,
    output wire        ft_oe_n,
    output wire        ft_rd_n,
    output wire        ft_wr_n,
    input  wire [7:0]  ft_data_in,
    output wire [7:0]  ft_data_out,
    output wire        ft_data_drive,

    // Packets in, to the link engine
    output wire        rx_valid,
    output wire [31:0] rx_data,
    output wire        rx_last,
    output wire        rx_bad,

    // Packets out, from the link engine
    input  wire        tx_valid,
    output wire        tx_ready,
    input  wire [31:0] tx_data,
    input  wire        tx_last
);

  localparam [1:0] ST_IDLE = 2'd0, ST_TURN = 2'd1, ST_READ = 2'd2, ST_WRITE = 2'd3;
  localparam [31:0] BURST_32 = BURST;

  generate
    if (BURST < 1 || BURST > 65535) begin : g_bad
      BURST_must_be_1_to_65535 u_error ();
    end
  endgenerate

  // ---- State ----
  reg [1:0]  state_q, state_d;
  reg [15:0] left_q, left_d;  // bytes before the other direction may ask for its turn
  reg        owed_q, owed_d;  // sending goes first: receiving used up its turn

  wire       in_room, out_waits, in_valid, out_valid, out_ready;
  wire [7:0] in_data, out_data;

  wire may_receive = !ft_rxf_n && in_room;
  wire may_send    = !ft_txe_n && out_waits;
  wire received    = state_q == ST_READ && may_receive;
  wire sent        = state_q == ST_WRITE && may_send;
  wire used_up     = left_q == 16'd0;

  // ---- Next state ----
  always @* begin : next_state
    state_d = state_q;
    owed_d  = owed_q;
    left_d  = (received || sent) && !used_up ? left_q - 16'd1 : left_q;
    case (state_q)
      // The bus rests
      ST_IDLE: begin
        left_d = BURST_32[15:0];
        if (may_receive && !(owed_q && may_send)) state_d = ST_TURN;
        else if (may_send) state_d = ST_WRITE;
      end
      // The chip drives the bus from this edge on
      ST_TURN: state_d = ST_READ;
      // Bytes come while there are any and there is room
      ST_READ: if (!may_receive || (used_up && may_send)) begin
        state_d = ST_IDLE;
        owed_d  = used_up;
      end
      // Bytes go while there are any and the chip has room
      default: if (!may_send || (used_up && may_receive)) begin
        state_d = ST_IDLE;
        owed_d  = 1'b0;
      end
    endcase
  end

  // ---- Registers ----
  always @(posedge ft_clk) begin : registers
    if (!ft_rst_n) begin
      state_q <= ST_IDLE;
      left_q  <= 16'd0;
      owed_q  <= 1'b0;
    end else begin
      state_q <= state_d;
      left_q  <= left_d;
      owed_q  <= owed_d;
    end
  end

  // ---- Crossings ----
  async_fifo #(
      .W  (8),
      .W_A(W_A)
  ) u_in (
      .w_clk  (ft_clk),
      .w_rst_n(ft_rst_n),
      .w_valid(received),
      .w_ready(in_room),
      .w_data (ft_data_in),
      .r_clk  (clk),
      .r_rst_n(rst_n),
      .r_valid(in_valid),
      .r_ready(1'b1),
      .r_data (in_data)
  );

  async_fifo #(
      .W  (8),
      .W_A(W_A)
  ) u_out (
      .w_clk  (clk),
      .w_rst_n(rst_n),
      .w_valid(out_valid),
      .w_ready(out_ready),
      .w_data (out_data),
      .r_clk  (ft_clk),
      .r_rst_n(ft_rst_n),
      .r_valid(out_waits),
      .r_ready(sent),
      .r_data (ft_data_out)
  );

  byte_front u_bytes (
      .clk      (clk),
      .rst_n    (rst_n),
      .in_valid (in_valid),
      .in_data  (in_data),
      .in_bad   (1'b0),
      .out_valid(out_valid),
      .out_ready(out_ready),
      .out_data (out_data),
      .rx_valid (rx_valid),
      .rx_data  (rx_data),
      .rx_last  (rx_last),
      .rx_bad   (rx_bad),
      .tx_valid (tx_valid),
      .tx_ready (tx_ready),
      .tx_data  (tx_data),
      .tx_last  (tx_last)
  );

  // ---- Outputs ----
  assign ft_oe_n       = !(state_q == ST_TURN || state_q == ST_READ);
  assign ft_rd_n       = !(state_q == ST_READ && in_room);
  assign ft_wr_n       = !(state_q == ST_WRITE && out_waits);
  assign ft_data_drive = state_q == ST_WRITE;

endmodule

`default_nettype wire
