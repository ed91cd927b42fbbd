// SPDX-License-Identifier: BSD-3-Clause
// The rails that the multiplexers choose from, on every DAC alike: their codes from the request, and the DACs.
//
// Channels: 0 +read, 1 -read, 2 pulse, 3 gate, 4 bias (half the drive), 5 reference, 6 common, all above or below the common and held inside
// the DAC's range; 7 stays at zero. The common is COMMON in reads, so that -read is a voltage too, and zero in pulses, which have the whole
// range. A LOAD writes all seven and steps them in one instant.

`default_nettype none

module afe_rails #(
    parameter        DACS      = 8,
    parameter [15:0] COMMON    = 16'h4000,
    parameter [15:0] READ_GATE = 16'h8000,
    parameter        LEAD      = 2,
    parameter        T_WRITE   = 1,
    parameter        T_READ    = 4,
    parameter        T_CSH     = 1,
    parameter        T_CSHIGH  = 1,
    parameter        T_RESET   = 15000
) (
    input  wire            clk,
    input  wire            rst_n,

    // What they carry
    input  wire            pulsing,
    input  wire            from_reference,
    input  wire            sweeping,        // `level` is the word lines' voltage
    input  wire [15:0]     level,
    input  wire [15:0]     read_code,
    input  wire [15:0]     voltage,
    input  wire [15:0]     gate,

    // Commands
    input  wire [3:0]      dac_do,    // halt, start, command
    output wire [2:0]      dac_says,  // ready, done, present
    output wire [2:0]      missing,

    // Pins
    output wire [DACS-1:0] cs_n,
    output wire            sclk,
    output wire            sdi,
    input  wire [DACS-1:0] sdo
);

  generate
    if (DACS < 1 || DACS > 8) begin : g_bad
      DACS_must_be_1_to_8 u_error ();
    end
  endgenerate

  wire [15:0] common = pulsing ? 16'd0 : COMMON;

  function [15:0] above(input [15:0] ground, input [15:0] code);
    reg [16:0] sum;
    begin
      sum   = {1'b0, ground} + {1'b0, code};
      above = sum[16] ? 16'hFFFF : sum[15:0];
    end
  endfunction

  function [15:0] below(input [15:0] ground, input [15:0] code);
    below = code > ground ? 16'd0 : ground - code;
  endfunction

  wire [15:0] read    = pulsing ? 16'd0 : read_code;
  wire [15:0] pulse   = pulsing ? voltage : 16'd0;
  wire [15:0] drive   = pulsing ? voltage : read_code;
  wire [15:0] asked   = pulsing || !from_reference ? 16'd0 : level;
  wire [15:0] lines   = pulsing ? gate : sweeping ? level : READ_GATE;
  wire [15:0] current = asked[15] ? below(common, -asked) : above(common, asked);

  dac80508 #(
      .PARTS   (DACS),
      .LEAD    (LEAD),
      .T_WRITE (T_WRITE),
      .T_READ  (T_READ),
      .T_CSH   (T_CSH),
      .T_CSHIGH(T_CSHIGH),
      .T_RESET (T_RESET)
  ) u_dac (
      .clk     (clk),
      .rst_n   (rst_n),
      .halt    (dac_do[3]),
      .start   (dac_do[2]),
      .command (dac_do[1:0]),
      .channels(8'h7F),
      .codes   ({16'd0, common, current, above(common, {1'b0, drive[15:1]}), above(common, lines), above(common, pulse),
                 below(common, read), above(common, read)}),
      .ready   (dac_says[2]),
      .done    (dac_says[1]),
      .present (dac_says[0]),
      .missing (missing),
      .cs_n    (cs_n),
      .sclk    (sclk),
      .sdi     (sdi),
      .sdo     (sdo)
  );

  wire unused = &{1'b0, drive[0]};

endmodule

`default_nettype wire
