// SPDX-License-Identifier: BSD-3-Clause
// What a board needs to start, side by side: reset_start and boot_stamp behind it.

`default_nettype none

module start_parts (
    input  wire        clk,
    input  wire        good,
    input  wire        seen,
    output wire        rst_n,
    output wire [31:0] stamp
);

  reset_start u_reset (
      .clk  (clk),
      .good (good),
      .rst_n(rst_n)
  );

  boot_stamp u_boot (
      .clk  (clk),
      .rst_n(rst_n),
      .seen (seen),
      .stamp(stamp)
  );

endmodule

`default_nettype wire
