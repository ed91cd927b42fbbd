// SPDX-License-Identifier: BSD-3-Clause
// Everything that changes or looks at single cells: pulses, ENV, CELL_LOAD, CELL_DUMP, restore.
//
// A pulse acts on a whole row, a lane group at a time, two cycles a column: `p_done` comes
// when the row is stored and `p_drive` is low. So does ENV, a row at a time: `e_done` comes in the cycle before the next
// can be taken, and `e_*` are stable till then. A cell read answers on `c_rvalid`; reads and writes take
// turns with pulses and refreshes, which are only taken when `idle`. Cycle counts: docs/emulator.md.
// `change` tells every cell written, kept columns of pulses included (with HALF_SELECT all), with its old and new code.

`default_nettype none

module cell_engine #(
    parameter COLS  = 512,  // columns
    parameter LANES = 64    // columns of a lane group
) (
    input  wire                clk,
    input  wire                rst_n,
    output wire                idle,
    input  wire [7:0]          cfg_macro,

    // Pulses
    input  wire                p_valid,
    output wire                p_ready,
    input  wire [1:0]          p_kind,
    input  wire [8:0]          p_row,
    input  wire [COLS-1:0]     p_mask,
    input  wire [15:0]         p_voltage,
    input  wire [15:0]         p_gate,
    input  wire [31:0]         p_elapsed,
    input  wire [63:0]         p_index,
    input  wire                p_drive,
    output wire                p_done,

    // Time (ENV)
    input  wire                e_valid,
    output wire                e_done,
    input  wire [8:0]          e_row,
    input  wire [COLS-1:0]     e_mask,
    input  wire [111:0]        e_fields,    // L, reads, operation index, from bit 0

    // Cells
    input  wire                c_valid,
    output wire                c_ready,
    input  wire                c_write,
    input  wire [8:0]          c_row,
    input  wire [8:0]          c_column,
    input  wire [9:0]          c_g,
    output wire                c_rvalid,
    output wire [9:0]          c_rdata,
    input  wire                refresh,
    input  wire                refresh_done,

    // Tables and registers
    input  wire                t_valid,
    input  wire [3:0]          t_table,
    input  wire [11:0]         t_index,
    input  wire [17:0]         t_data,
    input  wire [31:0]         emu_chip_seed,
    input  wire [9:0]          emu_formed_floor,
    input  wire [15:0]         emu_stress_origin,
    input  wire [15:0]         emu_stress_slope,
    input  wire [15:0]         emu_reset_onset,
    input  wire [15:0]         emu_reset_slope_v,
    input  wire [15:0]         emu_reset_slope_w,
    input  wire [15:0]         emu_reset_spread,
    input  wire [479:0]        emu_physics,

    // Cell memory
    output wire                read,
    output wire [5:0]          read_group,
    output wire [8:0]          read_row,
    input  wire [LANES*10-1:0] word,
    output wire                write,
    output wire [5:0]          write_group,
    output wire [8:0]          write_row,
    output wire [LANES*10-1:0] write_word,

    // Lane groups that a pulse looks at, on `read_group`
    output wire                look,
    output wire [LANES-1:0]    look_mask,

    // Every cell written
    output wire                change,
    output wire [8:0]          change_row,
    output wire [8:0]          change_column,
    output wire [9:0]          change_old,
    output wire [9:0]          change_g
);

  localparam GROUPS  = COLS / LANES;
  localparam W_GROUP = GROUPS > 1 ? $clog2(GROUPS) : 1;
  localparam [31:0] LANES_N = LANES, LAST_GROUP = GROUPS - 1, LAST_FEED = 2 * LANES - 1;
  localparam [3:0] ST_IDLE = 4'd0, ST_KEYS = 4'd1, ST_LOOK = 4'd2, ST_LOAD = 4'd3, ST_FEED = 4'd4,
                   ST_STORE = 4'd5, ST_DRIVEN = 4'd6, ST_FETCH = 4'd7, ST_PICK = 4'd8,
                   ST_PUT = 4'd9, ST_KEEP = 4'd10, ST_REFRESH = 4'd11;

  // ---- State
  reg [3:0]          state_q;
  reg [7:0]          step_q;
  reg [5:0]          group_q;
  reg [8:0]          row_q, column_q;
  reg [9:0]          g_q, value_q;
  reg                write_q, rvalid_q;
  reg                aging_q;           // time passes: no pulse
  reg [LANES*10-1:0] word_q, out_q;
  reg [LANES-1:0]    mask_q;

  // ---- Next state
  wire              take_pulse = state_q == ST_IDLE && p_valid && !refresh;
  wire              take_row   = state_q == ST_IDLE && e_valid && !refresh && !p_valid;
  wire              take_cell  = state_q == ST_IDLE && c_valid && !refresh && !p_valid && !e_valid;
  wire              begin_row  = take_pulse || take_row;
  wire [LANES-1:0]  pulsed     = p_mask[group_q[W_GROUP-1:0]*LANES +: LANES];
  wire [LANES-1:0]  aged       = e_mask[group_q[W_GROUP-1:0]*LANES +: LANES];
  wire [LANES-1:0]  mask_here  = aging_q ? aged : pulsed;
  wire              neighbours = emu_physics[367:352] != 16'd0 && !aging_q;  // HALF_SELECT: every column is touched
  wire              here       = neighbours || mask_here != {LANES{1'b0}};
  wire              last_group = group_q == LAST_GROUP[5:0];
  wire              out_valid, out_keep, keyed;
  wire [8:0]        out_column;
  wire [9:0]        out_old, out_g;
  wire [8:0]        c_group = c_column / LANES_N[8:0];
  wire [8:0]        lane    = column_q % LANES_N[8:0];
  wire [3:0]        row_end    = aging_q ? ST_IDLE : ST_DRIVEN;
  integer           i;

  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else case (state_q)
      // Wait for a pulse, a cell or a refresh.
      ST_IDLE:
        if (refresh)      state_q <= ST_REFRESH;
        else if (p_valid || e_valid) state_q <= ST_KEYS;
        else if (c_valid) state_q <= ST_FETCH;
      // Hash the row's and the pulse's keys.
      ST_KEYS: if (keyed) state_q <= ST_LOOK;
      // Read the group's cells, or skip a group with nothing in the mask.
      ST_LOOK:
        if (here)            state_q <= ST_LOAD;
        else if (last_group) state_q <= row_end;
      ST_LOAD: state_q <= ST_FEED;
      // Feed a cell every two cycles and collect what comes out.
      ST_FEED: if (step_q == LAST_FEED[7:0] + 8'd12) state_q <= ST_STORE;
      ST_STORE: state_q <= last_group ? row_end : ST_LOOK;
      // The row is stored; wait for the end of the pulse.
      ST_DRIVEN: if (!p_drive) state_q <= ST_IDLE;
      // One cell: read its word, pick it, put the new code, keep the word.
      ST_FETCH: state_q <= ST_PICK;
      ST_PICK:  state_q <= write_q ? ST_PUT : ST_IDLE;
      ST_PUT:   state_q <= ST_KEEP;
      ST_KEEP:  state_q <= ST_IDLE;
      default: if (refresh_done) state_q <= ST_IDLE;
    endcase
  end

  always @(posedge clk) begin
    if (state_q == ST_IDLE || state_q == ST_LOAD) step_q <= 8'd0;
    else                                          step_q <= step_q + 8'd1;
    if (begin_row)      group_q <= 6'd0;
    else if (take_cell) group_q <= c_group[5:0];
    else if ((state_q == ST_LOOK && !here) || state_q == ST_STORE) group_q <= group_q + 6'd1;
    if (begin_row) aging_q <= take_row;
    if (begin_row || take_cell) row_q <= take_pulse ? p_row : take_row ? e_row : c_row;
    if (take_cell) {write_q, column_q, g_q} <= {c_write, c_column, c_g};
  end

  // ---- Words: cells leave at the low end, new ones enter at the high end
  wire fed = state_q == ST_FEED && step_q <= LAST_FEED[7:0];

  always @(posedge clk) begin
    if (state_q == ST_LOAD || state_q == ST_FETCH) word_q <= word;
    else if (fed && step_q[0]) word_q <= {10'd0, word_q[LANES*10-1:10]};
    else if (state_q == ST_PUT)
      for (i = 0; i < LANES; i = i + 1) if (lane == i[8:0]) word_q[i*10 +: 10] <= g_q;
    if (state_q == ST_LOAD)    mask_q <= mask_here;
    else if (fed && step_q[0]) mask_q <= {1'b0, mask_q[LANES-1:1]};
    if (out_valid) out_q <= {out_g, out_q[LANES*10-1:10]};
    if (state_q == ST_PICK) value_q <= word_q[lane*10 +: 10];
    rvalid_q <= rst_n && state_q == ST_PICK && !write_q;
  end

  // ---- The pulse
  wire [8:0] feed_column = {3'd0, group_q} * LANES_N[8:0] + {2'd0, step_q[7:1]};

  cell_pulse u_pulse (
      .clk              (clk),
      .rst_n            (rst_n),
      .cfg_macro        (cfg_macro),
      .p_kind           (p_kind),
      .p_voltage        (p_voltage),
      .p_gate           (p_gate),
      .p_elapsed        (p_elapsed),
      .p_index          (aging_q ? e_fields[111:48] : p_index),
      .aging            (take_row || aging_q),
      .log_seconds      (e_fields[15:0]),
      .reads            (e_fields[47:16]),
      .row              (row_q),
      .start            (begin_row),
      .ready            (keyed),
      .feed             (fed && !step_q[0]),
      .keep             (mask_q[0]),
      .column           (feed_column),
      .g                (word_q[9:0]),
      .out_valid        (out_valid),
      .out_keep         (out_keep),
      .out_column       (out_column),
      .out_old          (out_old),
      .out_g            (out_g),
      .t_valid          (t_valid),
      .t_table          (t_table),
      .t_index          (t_index),
      .t_data           (t_data),
      .emu_chip_seed    (emu_chip_seed),
      .emu_formed_floor (emu_formed_floor),
      .emu_stress_origin(emu_stress_origin),
      .emu_stress_slope (emu_stress_slope),
      .emu_reset_onset  (emu_reset_onset),
      .emu_reset_slope_v(emu_reset_slope_v),
      .emu_reset_slope_w(emu_reset_slope_w),
      .emu_reset_spread (emu_reset_spread),
      .emu_physics      (emu_physics)
  );

  // ---- Outputs
  wire putting = state_q == ST_PUT;

  assign idle        = state_q == ST_IDLE;
  assign p_ready     = state_q == ST_IDLE && !refresh;
  assign p_done      = state_q == ST_DRIVEN && !p_drive;
  assign e_done      = aging_q && last_group && (state_q == ST_STORE || (state_q == ST_LOOK && !here));
  assign c_ready     = state_q == ST_IDLE && !refresh && !p_valid && !e_valid;
  assign c_rvalid    = rvalid_q;
  assign c_rdata     = value_q;
  assign read        = take_cell || (state_q == ST_LOOK && here);
  assign read_group  = take_cell ? c_group[5:0] : group_q;
  assign read_row    = take_cell ? c_row : row_q;
  assign look        = state_q == ST_LOOK && !aging_q;
  assign look_mask   = pulsed;
  assign write       = state_q == ST_STORE || state_q == ST_KEEP;
  assign write_group = group_q;
  assign write_row   = row_q;
  assign write_word  = state_q == ST_STORE ? out_q : word_q;

  assign change        = putting || (out_valid && (out_keep || neighbours));
  assign change_row    = row_q;
  assign change_column = putting ? column_q : out_column;
  assign change_old    = putting ? value_q : out_old;
  assign change_g      = putting ? g_q : out_g;

  wire unused_ok = &{1'b0, c_group[8:6]};

endmodule

`default_nettype wire
