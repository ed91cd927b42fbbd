// SPDX-License-Identifier: BSD-3-Clause
// Brings one asynchronous pin into the clock domain.
//
// `out` is `in` STAGES rising edges later. RESET_VALUE is what `out` shows from reset until then: the
// harmless level of the pin. The only way in for an asynchronous signal.

`default_nettype none

module sync_bit #(
    parameter       STAGES      = 2,    // flip-flops in a row, at least 2
    parameter [0:0] RESET_VALUE = 1'b0  // level during and after reset
) (
    input  wire clk,
    input  wire rst_n,

    input  wire in,
    output wire out
);

  generate
    if (STAGES < 2) begin : g_bad
      STAGES_must_be_at_least_2 u_error ();
    end
  endgenerate

  // ---- State ----
  (* ASYNC_REG = "TRUE" *) reg [STAGES-1:0] chain_q;

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) chain_q <= {STAGES{RESET_VALUE}};
    else chain_q <= {chain_q[STAGES-2:0], in};
  end

  // ---- Outputs ----
  assign out = chain_q[STAGES-1];

endmodule

`default_nettype wire
