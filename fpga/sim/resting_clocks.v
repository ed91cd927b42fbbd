// SPDX-License-Identifier: BSD-3-Clause
// Says which clocks of the simulated board are needed for the next edge; the harness leaves the others low.
//
// Simulation only: on an FPGA every clock of board_core is the same net. A subsystem whose clock rests must be one that
// an edge would not change; it is then not evaluated at all, which is most of the cost of a cycle. Each bit of `needed` is
// high while its subsystem works or is spoken to, and for eight cycles after, so that it settles. The names below
// are looked up in the board when it is built: one that has gone stops the build.
// `tests/system/test_same_integers.py` compares a board whose clocks rest with one whose clocks all run.

`default_nettype none

module resting_clocks (
    input  wire       clk_time,
    input  wire       clk_link,
    input  wire       rst_n,
    output wire [7:0] needed  // link, check, registers, pulses, results, core, rows, clk, from bit 0
);

    // --- Link: packets, requests popped, replies written, payload read, replies kept ---------------

    reg [15:0] q_address_q;

    always @(posedge clk_link) q_address_q <= board_sim.u_core.q_address;

    wire link = board_sim.rx_valid || board_sim.rx_last || board_sim.tx_valid
             || board_sim.u_core.q_done || board_sim.u_core.r_write || board_sim.u_core.safe_event
             || board_sim.u_core.epoch_clear || board_sim.u_core.q_address != q_address_q
             || board_sim.u_core.u_link.u_replies.u_ring.again_q
             || board_sim.u_core.u_link.u_replies.u_ring.freed_q != board_sim.u_core.u_link.u_replies.u_ring.acked_q
             || board_sim.u_core.u_link.u_replies.u_ring.sent_q != board_sim.u_core.u_link.u_replies.u_ring.produced_q;

    // --- Check: judging a request, walking its window ---------------------------------------------

    wire check = board_sim.u_core.u_core.u_command.check_start
              || board_sim.u_core.u_core.u_command.u_check.state_q != 3'd0
              || board_sim.u_core.u_core.row_restart || board_sim.u_core.u_core.row_next
              || board_sim.u_core.u_core.column_restart || board_sim.u_core.u_core.column_next;

    // --- Registers: an access, the hash of the limits ---------------------------------------------

    wire registers = board_sim.u_core.u_core.hash_start
                  || board_sim.u_core.u_core.u_execution.u_registers.u_hash.busy_q
                  || board_sim.u_core.u_core.u_execution.u_registers.start
                  || board_sim.u_core.u_core.u_execution.u_registers.u_access.state_q != 3'd0;

    // --- Pulses: a token that runs out, pulses, cells, their tables --------------------------------

    wire table_write = board_sim.u_core.u_core.u_execution.t_valid;
    wire pulsing = table_write || board_sim.u_core.u_core.kill
               || board_sim.u_core.u_core.arm || board_sim.u_core.u_core.disarm
               || (board_sim.u_core.u_core.u_command.run
                   && !board_sim.u_core.u_core.u_execution.u_array.u_requests.u_operations.is_vector)
               || !board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_macro.array_idle;
    wire pulses  = pulsing || board_sim.u_core.u_core.u_execution.u_array.u_macro.u_guard.held_q;

    // --- Results: sums that leave the lanes, conversions, results ----------------------------------

    wire results = table_write || board_sim.u_core.u_core.u_execution.u_array.macro_abort
                || board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_macro.m_write
                || board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_macro.u_reader.unit_end
                || board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_macro.u_reader.move
                || !board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_macro.u_reader.drain_idle
                || !board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_macro.u_reader.convert_idle
                || board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_sums.last_q != 3'd0
                || board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_sums.full_q != 3'd0
                || board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_sums.send_q
                || board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_sums.read1_q
                || !board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_sums.stage_idle;

    // --- Core: the firmware runs, or is loaded -----------------------------------------------------

    wire core = board_sim.u_core.u_core.u_command.run
             && board_sim.u_core.u_core.u_execution.u_array.u_requests.served;

    // --- Rows: a vector is loaded or read, cells are read or written ---------------------------------

    wire rows = pulsing || board_sim.u_core.u_core.u_execution.u_array.u_macro.x_valid
             || board_sim.u_core.u_core.u_execution.u_array.macro_abort
             || board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_macro.u_reader.u_rows.busy_d;

    // --- All else: a request is taken, judged, answered; vectors come, results go; time is over ------

    reg armed_q;

    always @(posedge clk_time) armed_q <= board_sim.armed;

    wire vectors = board_sim.u_core.u_core.u_execution.u_array.u_requests.u_operations.u_vectors.state_q != 3'd3
                || board_sim.u_core.u_core.u_execution.u_array.u_requests.u_operations.u_vectors.beat
                || board_sim.u_core.u_core.u_execution.u_array.u_requests.u_operations.u_vectors.r_valid
                || board_sim.u_core.u_core.u_execution.u_array.u_requests.u_operations.u_vectors.u_unpack.load
                || !board_sim.u_core.u_core.u_execution.u_array.u_requests.u_operations.u_vectors.packer_idle;

    wire front = check || registers || pulsing || core || board_sim.armed != armed_q
              || board_sim.stop_q || board_sim.u_core.u_core.u_safety.stopped_q || board_sim.break_seen
              || board_sim.u_core.u_core.u_safety.break_q || board_sim.u_core.epoch_clear
              || (board_sim.u_core.core_idle ? board_sim.u_core.q_valid
                  : board_sim.u_core.u_core.u_command.u_control.state_q != 3'd5 || !board_sim.u_core.u_core.u_command.u_control.begun_q
                    || !board_sim.u_core.u_core.u_execution.u_array.u_requests.u_operations.is_vector || vectors)
              || board_sim.u_core.u_core.u_command.u_control.due_d != board_sim.u_core.u_core.u_command.u_control.due_q
              || board_sim.u_core.u_core.u_watchdog.due_d != board_sim.u_core.u_core.u_watchdog.due_q
              || board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_macro.u_reader.u_rows.u_issue.free
              || board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_macro.u_reader.u_rows.busy_d != board_sim.u_core.u_core.u_execution.u_array.u_macro.u_macro.u_macro.u_reader.u_rows.busy_q;

    // --- Lingering --------------------------------------------------------------------------------

    wire [7:0]  works = {front, rows, core, results, pulses, registers, check, link};
    reg  [63:0] worked_q;  // the last eight cycles

    always @(posedge clk_time) worked_q <= {worked_q[55:0], works | {8{!rst_n}}};

    assign needed = works | worked_q[7:0] | worked_q[15:8] | worked_q[23:16] | worked_q[31:24] | worked_q[39:32]
                  | worked_q[47:40] | worked_q[55:48] | worked_q[63:56];

endmodule

`default_nettype wire
