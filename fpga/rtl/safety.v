// SPDX-License-Identifier: BSD-3-Clause
// Gathers everything that makes the board safe, and keeps the safe latch.
//
// `kill` is high in the same cycle as any cause, a new epoch and an operation timeout included (the two pins: one cycle
// later): outputs off, token withdrawn, running operation stopped. `safe_event` is the same without the epoch (the link drops its
// queue). The latch is set by all but epoch and timeout, released by `clear_safe` or a new epoch, and held by `stop_pin`.

`default_nettype none

module safety (
    input  wire clk,
    input  wire rst_n,

    // Causes, one cycle each (`stop_pin` is a level)
    input  wire safe_seen,
    input  wire control_safe,
    input  wire watchdog_trip,
    input  wire break_seen,
    input  wire stop_pin,
    input  wire fault,             // of the firmware, as it is answered
    input  wire operation_timeout,
    input  wire epoch_seen,
    input  wire clear_safe,

    output wire kill,
    output wire safe_event,
    output wire safe_latched,
    output wire watchdog_tripped
);

  // ---- State ----
  reg latched_q, tripped_q, stop_q, stopped_q, break_q;

  // ---- Next state ----
  wire stop_edge = stop_q && !stopped_q;
  wire cause     = safe_seen || control_safe || watchdog_trip || break_q || stop_edge || fault;
  wire release_d = clear_safe || epoch_seen;

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) begin
      latched_q <= 1'b0;
      tripped_q <= 1'b0;
      stop_q    <= 1'b0;
      stopped_q <= 1'b0;
      break_q   <= 1'b0;
    end else begin
      stop_q    <= stop_pin;
      stopped_q <= stop_q;
      break_q   <= break_seen;
      if (cause || stop_q) latched_q <= 1'b1;
      else if (release_d) latched_q <= 1'b0;
      if (watchdog_trip) tripped_q <= 1'b1;
      else if (release_d) tripped_q <= 1'b0;
    end
  end

  // ---- Outputs ----
  assign safe_event       = cause || operation_timeout;
  assign kill             = safe_event || epoch_seen;
  assign safe_latched     = latched_q;
  assign watchdog_tripped = tripped_q;

endmodule

`default_nettype wire
