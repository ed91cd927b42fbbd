// SPDX-License-Identifier: BSD-3-Clause
// A stand-in for AMD's AXI DMA in direct register mode, for simulation: its register map, one transfer at a time each way.
//
// Written from the product guide; it is no copy of AMD's and promises none of its timing. Control (RS, Reset), status (Halted,
// Idle, errors, IOC), address and length registers are those of PG021; writing LENGTH begins a transfer while the channel runs
// and is not busy. Idle rises with the end of a transfer. An error halts the channel until Reset, which resets both channels.
// Left out: interrupts, scatter-gather, unaligned addresses, the upper halves of addresses (kept, and refused when not zero).
// Ref: AXI DMA LogiCORE IP Product Guide, PG021.

`default_nettype none

module axi_dma #(
    parameter W_LENGTH = 23  // width of a length, in bits: c_sg_length_width
) (
    input  wire        clk,
    input  wire        rst_n,

    // Registers
    input  wire        write,
    input  wire [15:0] write_address,
    input  wire [31:0] write_data,
    input  wire        read,
    input  wire [15:0] read_address,
    output wire [31:0] read_data,

    // Memory
    output wire        m_axi_arvalid,
    input  wire        m_axi_arready,
    output wire [31:0] m_axi_araddr,
    output wire [7:0]  m_axi_arlen,
    input  wire        m_axi_rvalid,
    output wire        m_axi_rready,
    input  wire [31:0] m_axi_rdata,
    input  wire [1:0]  m_axi_rresp,
    input  wire        m_axi_rlast,
    output wire        m_axi_awvalid,
    input  wire        m_axi_awready,
    output wire [31:0] m_axi_awaddr,
    output wire [7:0]  m_axi_awlen,
    output wire        m_axi_wvalid,
    input  wire        m_axi_wready,
    output wire [31:0] m_axi_wdata,
    output wire [3:0]  m_axi_wstrb,
    output wire        m_axi_wlast,
    input  wire        m_axi_bvalid,
    output wire        m_axi_bready,
    input  wire [1:0]  m_axi_bresp,
    output wire        forget,        // one cycle: the memory forgets what it owes

    // Streams
    output wire        m_axis_tvalid,
    input  wire        m_axis_tready,
    output wire [31:0] m_axis_tdata,
    output wire [3:0]  m_axis_tkeep,
    output wire        m_axis_tlast,
    input  wire        s_axis_tvalid,
    output wire        s_axis_tready,
    input  wire [31:0] s_axis_tdata,
    input  wire [3:0]  s_axis_tkeep,
    input  wire        s_axis_tlast
);

  localparam [15:0] MM2S_DMACR = 16'h00, MM2S_DMASR = 16'h04, MM2S_SA = 16'h18, MM2S_SA_MSB = 16'h1C, MM2S_LENGTH = 16'h28;
  localparam [15:0] S2MM_DMACR = 16'h30, S2MM_DMASR = 16'h34, S2MM_DA = 16'h48, S2MM_DA_MSB = 16'h4C, S2MM_LENGTH = 16'h58;

  // ---- State ----
  reg                run_r_q, idle_r_q, busy_r_q, run_w_q, idle_w_q, busy_w_q;
  reg                ioc_r_q, ioc_w_q;
  reg [2:0]          error_r_q, error_w_q;  // decode, slave, internal: bits 6:4 of the status
  reg [31:0]         source_q, source_high_q, target_q, target_high_q;
  reg [W_LENGTH-1:0] length_r_q, length_w_q;
  reg [31:0]         shown_q;

  wire                done_r, done_w, overflow;
  wire [1:0]          response_r, response_w;
  wire [W_LENGTH-1:0] received;

  // ---- Next state ----
  wire reset    = write && (write_address == MM2S_DMACR || write_address == S2MM_DMACR) && write_data[2];
  wire stop     = !rst_n || reset;
  wire length_r = write && write_address == MM2S_LENGTH && run_r_q && !busy_r_q;
  wire length_w = write && write_address == S2MM_LENGTH && run_w_q && !busy_w_q;
  wire zero     = write_data[W_LENGTH-1:0] == {W_LENGTH{1'b0}};
  wire start_r  = length_r && !zero && source_high_q == 32'd0;
  wire start_w  = length_w && !zero && target_high_q == 32'd0;

  wire [2:0] fault_r = done_r && response_r == 2'd3 || length_r && source_high_q != 32'd0 ? 3'd4 :
      done_r && response_r == 2'd2 ? 3'd2 : length_r && zero ? 3'd1 : 3'd0;
  wire [2:0] fault_w = done_w && response_w == 2'd3 || length_w && target_high_q != 32'd0 ? 3'd4 :
      done_w && response_w == 2'd2 ? 3'd2 : (length_w && zero) || (done_w && overflow) ? 3'd1 : 3'd0;

  // ---- Registers ----
  always @(posedge clk) begin : reading
    if (stop) begin
      run_r_q   <= 1'b0;
      idle_r_q  <= 1'b0;
      busy_r_q  <= 1'b0;
      ioc_r_q   <= 1'b0;
      error_r_q <= 3'd0;
    end else begin
      if (write && write_address == MM2S_DMACR) run_r_q <= write_data[0];
      if (write && write_address == MM2S_DMASR && write_data[12]) ioc_r_q <= 1'b0;
      if (start_r) begin
        busy_r_q <= 1'b1;
        idle_r_q <= 1'b0;
      end
      if (done_r) begin
        busy_r_q <= 1'b0;
        idle_r_q <= 1'b1;
        ioc_r_q  <= 1'b1;
      end
      if (fault_r != 3'd0) begin
        error_r_q <= fault_r;
        run_r_q   <= 1'b0;
      end
    end
  end

  always @(posedge clk) begin : writing
    if (stop) begin
      run_w_q   <= 1'b0;
      idle_w_q  <= 1'b0;
      busy_w_q  <= 1'b0;
      ioc_w_q   <= 1'b0;
      error_w_q <= 3'd0;
    end else begin
      if (write && write_address == S2MM_DMACR) run_w_q <= write_data[0];
      if (write && write_address == S2MM_DMASR && write_data[12]) ioc_w_q <= 1'b0;
      if (start_w) begin
        busy_w_q <= 1'b1;
        idle_w_q <= 1'b0;
      end
      if (done_w) begin
        busy_w_q   <= 1'b0;
        idle_w_q   <= 1'b1;
        ioc_w_q    <= 1'b1;
        length_w_q <= received;
      end
      if (fault_w != 3'd0) begin
        error_w_q <= fault_w;
        run_w_q   <= 1'b0;
      end
    end
    if (!stop && start_w) length_w_q <= write_data[W_LENGTH-1:0];
  end

  always @(posedge clk) begin : addresses
    if (stop) begin
      source_q      <= 32'd0;
      source_high_q <= 32'd0;
      target_q      <= 32'd0;
      target_high_q <= 32'd0;
      length_r_q    <= {W_LENGTH{1'b0}};
    end else if (write) begin
      case (write_address)
        MM2S_SA:     source_q <= write_data;
        MM2S_SA_MSB: source_high_q <= write_data;
        MM2S_LENGTH: length_r_q <= write_data[W_LENGTH-1:0];
        S2MM_DA:     target_q <= write_data;
        S2MM_DA_MSB: target_high_q <= write_data;
        default:     ;
      endcase
    end
  end

  always @(posedge clk) begin : showing
    if (read) begin
      case (read_address)
        MM2S_DMACR:  shown_q <= {30'h0000_4000, 1'b1, run_r_q};
        MM2S_DMASR:  shown_q <= {19'd0, ioc_r_q, 5'd0, error_r_q, 2'd0, idle_r_q && run_r_q, !run_r_q};
        MM2S_SA:     shown_q <= source_q;
        MM2S_SA_MSB: shown_q <= source_high_q;
        MM2S_LENGTH: shown_q <= {{32 - W_LENGTH{1'b0}}, length_r_q};
        S2MM_DMACR:  shown_q <= {30'h0000_4000, 1'b1, run_w_q};
        S2MM_DMASR:  shown_q <= {19'd0, ioc_w_q, 5'd0, error_w_q, 2'd0, idle_w_q && run_w_q, !run_w_q};
        S2MM_DA:     shown_q <= target_q;
        S2MM_DA_MSB: shown_q <= target_high_q;
        S2MM_LENGTH: shown_q <= {{32 - W_LENGTH{1'b0}}, length_w_q};
        default:     shown_q <= 32'd0;
      endcase
    end
  end

  // ---- Outputs ----
  assign read_data = shown_q;
  assign forget    = stop;

  axi_dma_read #(.W_LENGTH(W_LENGTH)) u_read (
      .clk          (clk),
      .stop         (stop),
      .start        (start_r),
      .word_address (source_q[31:2]),
      .bytes        (write_data[W_LENGTH-1:0]),
      .done         (done_r),
      .response     (response_r),
      .m_axi_arvalid(m_axi_arvalid),
      .m_axi_arready(m_axi_arready),
      .m_axi_araddr (m_axi_araddr),
      .m_axi_arlen  (m_axi_arlen),
      .m_axi_rvalid (m_axi_rvalid),
      .m_axi_rready (m_axi_rready),
      .m_axi_rdata  (m_axi_rdata),
      .m_axi_rresp  (m_axi_rresp),
      .m_axi_rlast  (m_axi_rlast),
      .m_axis_tvalid(m_axis_tvalid),
      .m_axis_tready(m_axis_tready),
      .m_axis_tdata (m_axis_tdata),
      .m_axis_tkeep (m_axis_tkeep),
      .m_axis_tlast (m_axis_tlast)
  );

  axi_dma_write #(.W_LENGTH(W_LENGTH)) u_write (
      .clk          (clk),
      .stop         (stop),
      .start        (start_w),
      .word_address (target_q[31:2]),
      .bytes        (write_data[W_LENGTH-1:0]),
      .done         (done_w),
      .response     (response_w),
      .overflow     (overflow),
      .received     (received),
      .m_axi_awvalid(m_axi_awvalid),
      .m_axi_awready(m_axi_awready),
      .m_axi_awaddr (m_axi_awaddr),
      .m_axi_awlen  (m_axi_awlen),
      .m_axi_wvalid (m_axi_wvalid),
      .m_axi_wready (m_axi_wready),
      .m_axi_wdata  (m_axi_wdata),
      .m_axi_wstrb  (m_axi_wstrb),
      .m_axi_wlast  (m_axi_wlast),
      .m_axi_bvalid (m_axi_bvalid),
      .m_axi_bready (m_axi_bready),
      .m_axi_bresp  (m_axi_bresp),
      .s_axis_tvalid(s_axis_tvalid),
      .s_axis_tready(s_axis_tready),
      .s_axis_tdata (s_axis_tdata),
      .s_axis_tkeep (s_axis_tkeep),
      .s_axis_tlast (s_axis_tlast)
  );

endmodule

`default_nettype wire
