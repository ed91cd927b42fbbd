// SPDX-License-Identifier: BSD-3-Clause
// Included in the module of a board's top: the times of the published parts in clk cycles, from the nanoseconds of their data sheets and CLK_HZ, for board_core's
// AFE = {AFE_TIMES, AFE_LEVELS, column chains, row chains, DACs, converters} (fpga/rtl/afe_front.v), and its CEILING_READ_V.

  // Nanoseconds to clk cycles, rounded up
  function [15:0] afe_cycles(input integer ns);
    integer whole;
    begin
      whole      = (ns * (`CLK_HZ / 1000000) + 999) / 1000;
      afe_cycles = whole > 65535 ? 16'hFFFF : whole[15:0];
    end
  endfunction

  localparam [15:0]  AFE_COMMON = 16'h4000, AFE_READ_GATE = 16'h8000;
  localparam [31:0]  AFE_LEVELS = {AFE_READ_GATE, AFE_COMMON};

  // Highest limit of reads: -read is COMMON less the code. Pulses have the converters' whole range.
  localparam [15:0]  AFE_CEILING_READ = AFE_COMMON;

  localparam [223:0] AFE_TIMES  = {
    afe_cycles(20000),         // T_CYC
    afe_cycles(416),           // T_LOW, DCLOCK
    afe_cycles(416),           // T_HIGH
    afe_cycles(50),            // T_SUCS
    afe_cycles(5000),          // T_SETTLE, lines and OPA4322
    afe_cycles(720),           // T_MUX, CD4051B
    afe_cycles(25),            // T_W, SN74HC595
    afe_cycles(5000),          // T_DAC, DAC80508 settled
    afe_cycles(250000),        // T_RESET
    afe_cycles(15),            // T_CSHIGH
    afe_cycles(10),            // T_CSH
    afe_cycles(28) + 16'd2,    // T_READ: t_SCLKHIGH, t_SCLKLOW of reads, and the way there and back
    afe_cycles(10),            // T_WRITE: the same of writes
    afe_cycles(20)             // LEAD: t_CSS
  };
