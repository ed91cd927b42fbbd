// SPDX-License-Identifier: BSD-3-Clause
// Says which clocks of the simulated board are needed for the next edge; the harness leaves the others low.
//
// Simulation only: on an FPGA every clock of board_core is the same net. A subsystem whose clock rests must be one that
// an edge would not change; it is then not evaluated at all, which is most of the cost of a cycle. Each bit of `needed` is
// high while its subsystem works or is spoken to, and for four cycles after, so that it settles. The names below
// are looked up in the board when it is built: one that has gone stops the build.
// `tests/system/test_same_integers.py` compares a board whose clocks rest with one whose clocks all run.

`default_nettype none

`define BOARD      board_sim.u_core
`define CORE       `BOARD.u_core
`define ARRAY      `CORE.u_execution.u_array
`define OPERATIONS `ARRAY.u_requests.u_operations
`define MACRO      `ARRAY.u_macro.u_macro
`define EMULATOR   `MACRO.g_emulated.u_macro
`define READER     `EMULATOR.u_reader

module resting_clocks (
    input  wire       clk_time,
    input  wire       clk_link,
    input  wire       rst_n,
    output wire [7:0] needed  // link, check, registers, pulses, results, core, rows, clk, from bit 0
);

    // --- Link: packets, requests popped, replies written, payload read, replies kept ---------------

    reg [15:0] q_address_q;

    always @(posedge clk_link) q_address_q <= `BOARD.q_address;

    wire link = board_sim.rx_valid || board_sim.rx_last || board_sim.tx_valid
             || `BOARD.q_done || `BOARD.r_write || `BOARD.safe_event
             || `BOARD.epoch_clear || `BOARD.q_address != q_address_q
             || `BOARD.u_link.u_replies.u_ring.again_q
             || `BOARD.u_link.u_replies.u_ring.freed_q != `BOARD.u_link.u_replies.u_ring.acked_q
             || `BOARD.u_link.u_replies.u_ring.sent_q != `BOARD.u_link.u_replies.u_ring.produced_q;

    // --- Check: judging a request, walking its window ---------------------------------------------

    wire check = `CORE.u_command.check_start
              || `CORE.u_command.u_check.state_q != 3'd0
              || `CORE.row_restart || `CORE.row_next
              || `CORE.column_restart || `CORE.column_next;

    // --- Registers: an access, the hash of the limits ---------------------------------------------

    wire registers = `CORE.hash_start
                  || `CORE.u_execution.u_registers.u_hash.busy_q
                  || `CORE.u_execution.u_registers.start
                  || `CORE.u_execution.u_registers.u_access.state_q != 3'd0;

    // --- Pulses: a token that runs out, pulses, cells, tables --------------------------------

    wire table_write = `CORE.u_execution.t_valid;
    wire pulsing = table_write || `CORE.kill
               || `CORE.arm || `CORE.disarm
               || (`CORE.u_command.run
                   && !`OPERATIONS.is_vector)
               || `EMULATOR.m_write
               || !`EMULATOR.array_idle;
    wire pulses  = pulsing || `ARRAY.u_macro.u_guard.held_q;

    // --- Results: sums that leave the lanes, conversions, results ----------------------------------

    wire results = table_write || `ARRAY.macro_abort
                || `READER.unit_end
                || `READER.move
                || !`READER.drain_idle
                || !`READER.convert_idle
                || `MACRO.u_sums.last_q != 3'd0
                || `MACRO.u_sums.full_q != 3'd0
                || `MACRO.u_sums.send_q
                || `MACRO.u_sums.read1_q
                || !`MACRO.u_sums.stage_idle;

    // --- Core: the firmware runs, or is loaded -----------------------------------------------------

    wire core = `CORE.u_command.run
             && `ARRAY.u_requests.served;

    // --- Rows: a vector is loaded or read, cells are read or written ---------------------------------

    wire rows = pulsing || `ARRAY.u_macro.x_valid
             || `ARRAY.macro_abort
             || `READER.u_rows.busy_d;

    // --- All else: a request is taken, judged, answered; vectors come, results go; time is over ------

    reg armed_q;

    always @(posedge clk_time) armed_q <= board_sim.armed;

    wire vectors = `OPERATIONS.u_vectors.state_q != 3'd3  // ST_RUN
                || `OPERATIONS.u_vectors.beat
                || `OPERATIONS.u_vectors.r_valid
                || `OPERATIONS.u_vectors.u_unpack.load
                || !`OPERATIONS.u_vectors.packer_idle;

    wire front = check || registers || pulsing || core || board_sim.armed != armed_q
              || board_sim.stop_q || `CORE.u_safety.stopped_q || board_sim.break_seen
              || `CORE.u_safety.break_q || `BOARD.epoch_clear
              || (`BOARD.core_idle ? `BOARD.q_valid
                  : `CORE.u_command.u_control.state_q != 3'd5  // ST_RUN
                    || !`CORE.u_command.u_control.begun_q
                    || !`OPERATIONS.is_vector || vectors)
              || `CORE.u_command.u_control.due_d != `CORE.u_command.u_control.due_q
              || `CORE.u_watchdog.due_d != `CORE.u_watchdog.due_q
              || `READER.u_rows.u_issue.free
              || `READER.u_rows.busy_d != `READER.u_rows.busy_q;

    // --- Lingering --------------------------------------------------------------------------------

    wire [7:0]  works = {front, rows, core, results, pulses, registers, check, link};
    reg  [31:0] worked_q;  // the last four cycles

    always @(posedge clk_time) worked_q <= {worked_q[23:0], works | {8{!rst_n}}};

    assign needed = works | worked_q[7:0] | worked_q[15:8] | worked_q[23:16] | worked_q[31:24];

endmodule

`undef BOARD
`undef CORE
`undef ARRAY
`undef OPERATIONS
`undef MACRO
`undef EMULATOR
`undef READER

`default_nettype wire
