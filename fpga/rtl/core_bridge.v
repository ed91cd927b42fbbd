// SPDX-License-Identifier: BSD-3-Clause
// The soft core's registers (core_bridge.rdl): the request, the reply, and one command at a time (core_commands).
//
// A bus access takes two cycles: `bus_ready` comes one after `bus_valid`, with the data of a read. `clear` empties the reply's
// registers before a run. FINISH gives `finish`, once, with `status` and `words`. `fault` rises when the core writes
// beyond the reply's room, or a command's fields while one runs; it is the core's end.
// There is no register that arms, changes a limit or feeds the watchdog.

`default_nettype none
`include "core_bridge.vh"

module core_bridge #(
    parameter ROWS = 512,
    parameter COLS = 512
) (
    input  wire            clk,
    input  wire            rst_n,

    // Run
    input  wire            clear,
    input  wire            stop,          // level
    input  wire            end_run,       // level, until `ended`
    output wire            ended,
    output wire            driven,

    // Bus
    input  wire            bus_valid,
    input  wire            bus_write,
    input  wire [31:0]     bus_address,
    input  wire [31:0]     bus_wdata,
    output wire [31:0]     bus_rdata,
    output wire            bus_ready,
    output wire            fault,

    // Request and reply
    input  wire [7:0]      opcode,
    input  wire [15:0]     q_words,
    input  wire [31:0]     largest,
    input  wire [31:0]     cycles,
    output wire [15:0]     q_address,
    input  wire [31:0]     q_data,
    output wire            w_write,
    output wire [15:0]     w_address,
    output wire [31:0]     w_data,
    output wire            finish,
    output wire [7:0]      status,
    output wire [95:0]     words,         // of a refusal: value, bound, place from bit 0
    output wire [15:0]     total,
    output wire [31:0]     progress,

    // What registers show
    input  wire [15:0]     limit_read,
    input  wire [31:0]     token,

    // Command (core_commands), fields as those of a request
    output wire [8:0]      row,
    output wire [95:0]     fields,        // words 0 to 2
    output wire [31:0]     elapsed,
    output wire [63:0]     index,
    output wire [COLS-1:0] mask,
    output wire            reading,
    output wire            pulsing,
    output wire [8:0]      first_column,
    output wire [8:0]      last_column,

    // Guard and macro (docs/macro_port.md)
    output wire            g_valid,
    output wire            g_dry,
    input  wire            g_done,
    input  wire [7:0]      g_status,
    input  wire [31:0]     g_limit,
    input  wire            given,
    output wire            x_valid,
    input  wire            x_ready,
    output wire            macro_abort,
    input  wire            macro_idle,
    input  wire            r_valid,
    input  wire [31:0]     r_data,
    input  wire            r_saturated,
    input  wire            r_last,
    output wire            refresh,
    input  wire            refresh_done
);

  localparam [31:0] BRIDGE_PAGE = `CORE_BRIDGE_BASE, REPLY_PAGE = `CORE_REPLY_BASE;
  localparam [31:0] ROWS_32 = ROWS, COLS_32 = COLS;

  // ---- State ----
  reg           ready_q, fault_q, from_request_q, from_result_q;
  reg [31:0]    data_q;
  reg [31:0]    row_q, elapsed_q, value_q, limit_q, place_q, progress_q;
  reg [31:0]    field0_q, field1_q, field2_q, index_lo_q, index_hi_q;
  reg [15:0]    total_q;
  reg [511:0]   mask_q;

  wire        busy;
  wire [7:0]  command_status;
  wire [9:0]  results;
  wire [31:0] bound, result, flags;

  // ---- Decoding ----
  wire        access    = bus_valid && !ready_q;
  wire        on_self   = bus_address[31:20] == BRIDGE_PAGE[31:20];
  wire        on_reply  = bus_address[31:20] == REPLY_PAGE[31:20];
  wire        write     = access && bus_write && on_self;
  wire [11:0] name      = {bus_address[11:2], 2'd0};
  wire        on_result = name >= `BRIDGE_RESULT;
  wire        on_mask   = name[11:6] == 6'd2;   // BRIDGE_MASK
  wire        on_flags  = name[11:6] == 6'd3;   // BRIDGE_FLAGS
  wire [3:0]  word      = bus_address[5:2];
  wire        unused_bits = &bus_address[1:0];
  wire        in_fields = name >= `BRIDGE_COMMAND && name <= `BRIDGE_INDEX_HI;
  wire        w_fits    = bus_address[17:2] != 16'd0 && {14'd0, bus_address[19:2]} < largest;
  wire        too_soon  = busy && (in_fields || on_mask);
  wire        misuse    = access && bus_write && (on_reply ? !w_fits : !on_self || too_soon);
  wire        taken     = write && !too_soon;
  wire        command   = taken && name == `BRIDGE_COMMAND;

  // ---- Registers ----
  always @(posedge clk) begin
    ready_q        <= access;
    fault_q        <= !clear && (fault_q || misuse);
    from_request_q <= !on_self;
    from_result_q  <= on_result;
  end

  always @(posedge clk) begin : fields_written
    if (taken) begin
      case (name)
        `BRIDGE_ROW:      row_q      <= bus_wdata;
        `BRIDGE_WORD0:    field0_q   <= bus_wdata;
        `BRIDGE_WORD1:    field1_q   <= bus_wdata;
        `BRIDGE_WORD2:    field2_q   <= bus_wdata;
        `BRIDGE_ELAPSED:  elapsed_q  <= bus_wdata;
        `BRIDGE_INDEX_LO: index_lo_q <= bus_wdata;
        `BRIDGE_INDEX_HI: index_hi_q <= bus_wdata;
        `BRIDGE_VALUE:    value_q    <= bus_wdata;
        `BRIDGE_LIMIT:    limit_q    <= bus_wdata;
        `BRIDGE_PLACE:    place_q    <= bus_wdata;
        `BRIDGE_REPLY:    total_q    <= bus_wdata[15:0];
        `BRIDGE_PROGRESS: progress_q <= bus_wdata;
        default: if (on_mask) mask_q[{word, 5'd0} +: 32] <= bus_wdata;
      endcase
    end
    if (clear) {progress_q, total_q, mask_q} <= {32'd0, 16'd1, 512'd0};
  end

  always @(posedge clk) begin : shown
    if (access && !bus_write) begin
      case (name)
        `BRIDGE_OPCODE:     data_q <= {24'd0, opcode};
        `BRIDGE_WORDS:      data_q <= {16'd0, q_words};
        `BRIDGE_LARGEST:    data_q <= largest;
        `BRIDGE_GEOMETRY:   data_q <= {COLS_32[15:0], ROWS_32[15:0]};
        `BRIDGE_LIMIT_READ: data_q <= {16'd0, limit_read};
        `BRIDGE_TOKEN:      data_q <= token;
        `BRIDGE_CYCLES:     data_q <= cycles;
        `BRIDGE_STATE:      data_q <= {16'd0, command_status, 7'd0, busy};
        `BRIDGE_BOUND:      data_q <= bound;
        `BRIDGE_RESULTS:    data_q <= {22'd0, results};
        default:            data_q <= on_mask ? mask_q[{word, 5'd0} +: 32] : on_flags ? flags : 32'd0;
      endcase
    end
  end

  core_commands #(
      .COLS(COLS)
  ) u_commands (
      .clk         (clk),
      .rst_n       (rst_n),
      .clear       (clear),
      .stop        (stop),
      .end_run     (end_run),
      .ended       (ended),
      .driven      (driven),
      .command     (command),
      .kind        (bus_wdata[1:0]),
      .row_good    (row_q < ROWS_32),
      .read_code   (field1_q[15:0]),
      .limit_read  (limit_read),
      .mask        (mask),
      .busy        (busy),
      .status      (command_status),
      .bound       (bound),
      .reading     (reading),
      .pulsing     (pulsing),
      .first_column(first_column),
      .last_column (last_column),
      .g_valid     (g_valid),
      .g_dry       (g_dry),
      .g_done      (g_done),
      .g_status    (g_status),
      .g_limit     (g_limit),
      .given       (given),
      .x_valid     (x_valid),
      .x_ready     (x_ready),
      .macro_abort (macro_abort),
      .macro_idle  (macro_idle),
      .r_valid     (r_valid),
      .r_data      (r_data),
      .r_saturated (r_saturated),
      .r_last      (r_last),
      .refresh     (refresh),
      .refresh_done(refresh_done),
      .results     (results),
      .read_result (access && !bus_write && on_self && on_result),
      .result_place(bus_address[10:2]),
      .result      (result),
      .flag_word   (word),
      .flags       (flags)
  );

  // ---- Outputs ----
  assign bus_ready   = ready_q;
  assign bus_rdata   = from_request_q ? q_data : from_result_q ? result : data_q;
  assign fault       = fault_q;
  assign q_address   = bus_address[17:2];
  assign w_write     = access && bus_write && on_reply && w_fits;
  assign w_address   = bus_address[17:2];
  assign w_data      = bus_wdata;
  assign finish      = taken && name == `BRIDGE_FINISH;
  assign status      = bus_wdata[7:0];
  assign words       = {place_q, limit_q, value_q};
  assign total       = {16'd0, total_q} > largest ? largest[15:0] : total_q;
  assign progress    = progress_q;
  assign row         = row_q[8:0];
  assign fields      = {field2_q, field1_q, field0_q};
  assign elapsed     = elapsed_q;
  assign index       = {index_hi_q, index_lo_q};
  assign mask        = mask_q[COLS-1:0];

endmodule

`default_nettype wire
