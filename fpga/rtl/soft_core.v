// SPDX-License-Identifier: BSD-3-Clause
// PicoRV32 with its memory: runs the image while `run` is high, from its first instruction on.
//
// Addresses below CORE_MEMORY_BYTES are memory, without wait states; the bridge's three regions appear on the bus, whose
// `bus_valid` holds until `bus_ready`. The first `image_words` words are write-protected. `fault` is high, until `run`
// falls, from a store into them, an address that nothing owns, an illegal or misaligned access or a breakpoint on; nothing more
// is executed then. While `run` is low the core is in reset and the loader may write. Neither interrupts nor
// counters; the core comes from the package pythondata-cpu-picorv32 (ISC licence) at build time.

`default_nettype none
`include "core_bridge.vh"

module soft_core (
    input  wire        clk,
    input  wire        run,
    input  wire [13:0] image_words,
    output wire        fault,

    // Loader
    input  wire        load,
    input  wire [12:0] load_address,
    input  wire [31:0] load_data,

    // Bus
    output wire        bus_valid,
    output wire        bus_write,
    output wire [31:0] bus_address,
    output wire [31:0] bus_wdata,
    input  wire [31:0] bus_rdata,
    input  wire        bus_ready
);

  // ---- State ----
  reg         fault_q;

  // ---- Decoding ----
  wire        trap, valid, instruction, ahead;
  wire [31:0] address, wdata, ahead_address, memory_data;
  wire [3:0]  strobe;
  wire        stored    = strobe != 4'd0;
  wire        in_memory = address < `CORE_MEMORY_BYTES;
  wire        on_bus    = (address[31:28] == 4'd1 || address[31:28] == 4'd2 || address[31:28] == 4'd3)
      && !instruction && (!stored || strobe == 4'hF);
  wire        guarded   = in_memory && stored && {1'b0, address[14:2]} < image_words;
  wire        wild      = valid && (guarded || (!in_memory && !on_bus));
  wire        unused_bits = &{ahead_address[31:15], ahead_address[1:0]};

  picorv32 #(
      .ENABLE_COUNTERS  (1'b0),
      .ENABLE_COUNTERS64(1'b0),
      .BARREL_SHIFTER   (1'b1),
      .ENABLE_FAST_MUL  (1'b1),
      .CATCH_MISALIGN   (1'b1),
      .CATCH_ILLINSN    (1'b1),
      .PROGADDR_RESET   (32'd0)
  ) u_core (
      .clk         (clk),
      .resetn      (run && !fault_q),
      .trap        (trap),
      .mem_valid   (valid),
      .mem_instr   (instruction),
      .mem_ready   (valid && in_memory ? !guarded : bus_ready),
      .mem_addr    (address),
      .mem_wdata   (wdata),
      .mem_wstrb   (strobe),
      .mem_rdata   (in_memory ? memory_data : bus_rdata),
      .mem_la_read (ahead),
      .mem_la_write(),
      .mem_la_addr (ahead_address),
      .mem_la_wdata(),
      .mem_la_wstrb(),
      .pcpi_valid  (),
      .pcpi_insn   (),
      .pcpi_rs1    (),
      .pcpi_rs2    (),
      .pcpi_wr     (1'b0),
      .pcpi_rd     (32'd0),
      .pcpi_wait   (1'b0),
      .pcpi_ready  (1'b0),
      .irq         (32'd0),
      .eoi         (),
      .trace_valid (),
      .trace_data  ()
  );

  wire stores = valid && in_memory && stored && !guarded && run;
  core_memory u_memory (
      .clk       (clk),
      .read      (ahead),
      .write     (load ? 4'hF : stores ? strobe : 4'd0),
      .address   (load ? load_address : ahead ? ahead_address[14:2] : address[14:2]),
      .write_data(load ? load_data : wdata),
      .read_data (memory_data)
  );

  // ---- Registers ----
  always @(posedge clk) fault_q <= run && (fault_q || trap || wild);

  // ---- Outputs ----
  assign fault       = fault_q;
  assign bus_valid   = valid && on_bus && run && !fault_q;
  assign bus_write   = stored;
  assign bus_address = address;
  assign bus_wdata   = wdata;

endmodule

`default_nettype wire
