// SPDX-License-Identifier: BSD-3-Clause
// The stream-to-memory half of axi_dma: writes one packet, of LENGTH bytes at most, in bursts.
//
// `start` begins a transfer while none runs; the stream is taken from then on until TLAST. `done` (one cycle) ends it when the
// memory has answered the last burst: `received` bytes came, `response` is that of the first burst refused (0: none), `overflow`
// says that the packet is longer than LENGTH (what fits was written; the rest stays in the stream). Bursts have at most BURST
// words, wait for these to be there, and never cross 4096 bytes. `stop` (reset) ends everything.
// Ref: AXI DMA LogiCORE IP Product Guide, PG021.

`default_nettype none

module axi_dma_write #(
    parameter W_LENGTH = 23,  // width of a length, in bits
    parameter BURST    = 16   // most words of a burst, a power of two
) (
    input  wire                clk,
    input  wire                stop,

    // Transfer
    input  wire                start,
    input  wire [29:0]         word_address,
    input  wire [W_LENGTH-1:0] bytes,
    output wire                done,
    output wire [1:0]          response,
    output wire                overflow,
    output wire [W_LENGTH-1:0] received,

    // Memory
    output wire                m_axi_awvalid,
    input  wire                m_axi_awready,
    output wire [31:0]         m_axi_awaddr,
    output wire [7:0]          m_axi_awlen,
    output wire                m_axi_wvalid,
    input  wire                m_axi_wready,
    output wire [31:0]         m_axi_wdata,
    output wire [3:0]          m_axi_wstrb,
    output wire                m_axi_wlast,
    input  wire                m_axi_bvalid,
    output wire                m_axi_bready,
    input  wire [1:0]          m_axi_bresp,

    // Stream
    input  wire                s_axis_tvalid,
    output wire                s_axis_tready,
    input  wire [31:0]         s_axis_tdata,
    input  wire [3:0]          s_axis_tkeep,
    input  wire                s_axis_tlast
);

  localparam [31:0] BURST_32 = BURST;

  // ---- State ----
  reg                running_q, ended_q, overflow_q;
  reg [31:0]         address_q;       // of the next burst
  reg [W_LENGTH-1:0] room_q;          // bytes that still fit
  reg [W_LENGTH-1:0] received_q;
  reg [35:0]         fifo_q [0:63];
  reg [6:0]          head_q, tail_q;  // words written to the memory's port, words taken
  reg                burst_q;         // a burst's words go out
  reg [6:0]          beats_q;         // words left of it
  reg [3:0]          owed_q;          // answers outstanding
  reg [1:0]          response_q;

  // ---- Next state ----
  wire [6:0]  held    = tail_q - head_q;
  wire        take    = s_axis_tvalid && s_axis_tready;
  wire [2:0]  size    = {2'd0, s_axis_tkeep[0]} + {2'd0, s_axis_tkeep[1]} + {2'd0, s_axis_tkeep[2]} + {2'd0, s_axis_tkeep[3]};
  wire        full    = room_q < {{W_LENGTH - 3{1'b0}}, 3'd4};
  wire [10:0] to_page = 11'd1024 - {1'b0, address_q[11:2]};
  wire [10:0] most    = to_page < BURST_32[10:0] ? to_page : BURST_32[10:0];
  wire        enough  = {4'd0, held} >= most;
  wire [6:0]  beats   = enough ? most[6:0] : held;
  wire        asked   = m_axi_awvalid && m_axi_awready;
  wire        given   = m_axi_wvalid && m_axi_wready;
  wire        answer  = m_axi_bvalid && m_axi_bready;
  wire        empty   = ended_q && held == 7'd0 && !burst_q && owed_q == 4'd0;

  // ---- Registers ----
  always @(posedge clk) begin : taking
    if (stop || start) begin
      running_q  <= start && !stop;
      ended_q    <= 1'b0;
      overflow_q <= 1'b0;
      room_q     <= bytes;
      received_q <= {W_LENGTH{1'b0}};
      tail_q     <= 7'd0;
    end else begin
      if (take) begin
        fifo_q[tail_q[5:0]] <= {s_axis_tkeep, s_axis_tdata};
        tail_q     <= tail_q + 7'd1;
        room_q     <= room_q - {{W_LENGTH - 3{1'b0}}, size};
        received_q <= received_q + {{W_LENGTH - 3{1'b0}}, size};
        ended_q    <= s_axis_tlast;
      end else if (running_q && !ended_q && s_axis_tvalid && full) begin
        ended_q    <= 1'b1;
        overflow_q <= 1'b1;
      end
      if (done) running_q <= 1'b0;
    end
  end

  always @(posedge clk) begin : writing
    if (stop || start) begin
      address_q  <= {word_address, 2'd0};
      head_q     <= 7'd0;
      burst_q    <= 1'b0;
      owed_q     <= 4'd0;
      response_q <= 2'd0;
    end else begin
      if (asked) begin
        burst_q   <= 1'b1;
        beats_q   <= beats;
        address_q <= address_q + {23'd0, beats, 2'd0};
      end else if (given) begin
        beats_q <= beats_q - 7'd1;
        burst_q <= beats_q != 7'd1;
      end
      if (given) head_q <= head_q + 7'd1;
      owed_q <= owed_q + {3'd0, asked} - {3'd0, answer};
      if (answer && response_q == 2'd0) response_q <= m_axi_bresp;
    end
  end

  // ---- Outputs ----
  assign s_axis_tready = running_q && !ended_q && !full && held < 7'd63;
  assign done          = running_q && empty;
  assign response      = response_q;
  assign overflow      = overflow_q;
  assign received      = received_q;
  assign m_axi_awvalid = running_q && !burst_q && held != 7'd0 && (enough || ended_q) && owed_q != 4'd15;
  assign m_axi_awaddr  = address_q;
  assign m_axi_awlen   = {1'b0, beats} - 8'd1;
  assign m_axi_wvalid  = burst_q;
  assign m_axi_wdata   = fifo_q[head_q[5:0]][31:0];
  assign m_axi_wstrb   = fifo_q[head_q[5:0]][35:32];
  assign m_axi_wlast   = beats_q == 7'd1;
  assign m_axi_bready  = 1'b1;

endmodule

`default_nettype wire
