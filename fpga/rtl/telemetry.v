// SPDX-License-Identifier: BSD-3-Clause
// Counts what the board has done since power-up, and executes TELEMETRY: the counters, a word a cycle (telemetry_e).
//
// `answered` is high for one cycle a numbered request, with its opcode and status; word 0 and word 1 of its reply have come on
// `r_*` before. `start` begins the answer; `done` comes once, COUNTERS + 1 cycles later. A request is counted
// after its own answer. Counters wrap.

`default_nettype none
`include "board_map.vh"

module telemetry (
    input  wire        clk,
    input  wire        rst_n,

    // What happens
    input  wire        begun,         // a request begins to execute
    input  wire        answered,
    input  wire [7:0]  opcode,
    input  wire [7:0]  status,
    input  wire        r_write,       // reply words
    input  wire [15:0] r_address,
    input  wire [31:0] r_data,
    input  wire        result,        // the array gives one
    input  wire        given,
    input  wire [1:0]  given_kind,
    input  wire [9:0]  given_cells,

    // TELEMETRY
    input  wire        start,
    output wire        done,
    output wire [15:0] total,
    output wire        w_write,
    output wire [15:0] w_address,
    output wire [31:0] w_data
);

  localparam [3:0] LAST = `TELEMETRY_LAST_STOP;

  // ---- State ----
  reg [31:0] requests_q, refused_q, stopped_q, results_q, saturated_q, longest_q, runs_q, faults_q;
  reg [31:0] form_q, set_q, reset_q;
  reg [15:0] last_stop_q;
  reg [7:0]  longest_opcode_q;
  reg [31:0] some_q;               // results of the request that runs
  reg [31:0] word0_q, word1_q;     // of its reply
  reg        write_q;
  reg [15:0] address_q;
  reg [31:0] data_q;
  reg        busy_q;
  reg [3:0]  place_q;

  // ---- What a request was ----
  wire is_vector = opcode == `OP_MAC || opcode == `OP_MAC_RAW || opcode == `OP_READ_CELLS || opcode == `OP_SWEEP;
  wire is_served = opcode == `OP_PROGRAM || opcode == `OP_SELF_TEST || opcode == `OP_ADC_SELFCAL;
  wire is_timed  = is_vector || is_served || opcode == `OP_PULSE || opcode == `OP_CELL_LOAD || opcode == `OP_CELL_DUMP
      || opcode == `OP_ENV;
  wire is_ok     = status == `STATUS_OK;
  wire is_stop   = status == `STATUS_ABORTED || status == `STATUS_OPERATION_TIMEOUT;
  wire is_fault  = status == `STATUS_FIRMWARE_FAULT || status == `STATUS_MACRO_TIMEOUT;

  // ---- Registers: requests ----
  always @(posedge clk) begin : requests
    if (!rst_n) begin
      {requests_q, refused_q, stopped_q, runs_q, faults_q} <= 160'd0;
      {results_q, saturated_q, longest_q, longest_opcode_q, last_stop_q} <= 120'd0;
    end else if (answered) begin
      requests_q <= requests_q + 32'd1;
      if (!is_ok && !is_stop && !is_fault) refused_q <= refused_q + 32'd1;
      if (is_stop) stopped_q <= stopped_q + 32'd1;
      if (is_fault) faults_q <= faults_q + 32'd1;
      if (is_stop || is_fault) last_stop_q <= {status, opcode};
      if (is_ok && is_served) runs_q <= runs_q + 32'd1;
      if (is_ok && is_vector) {results_q, saturated_q} <= {results_q + some_q, saturated_q + word1_q};
      if (is_ok && is_timed && word0_q > longest_q) {longest_q, longest_opcode_q} <= {word0_q, opcode};
    end
  end

  always @(posedge clk) begin : reply
    if (begun) some_q <= 32'd0;
    else if (result) some_q <= some_q + 32'd1;
    {write_q, address_q, data_q} <= {r_write, r_address, r_data};
    if (write_q && address_q == 16'd0) word0_q <= data_q;
    if (write_q && address_q == 16'd1) word1_q <= data_q;
  end

  // ---- Registers: pulses ----
  always @(posedge clk) begin : pulses
    if (!rst_n) {form_q, set_q, reset_q} <= 96'd0;
    else if (given) begin
      case (given_kind)
        `PULSE_FORM: form_q <= form_q + {22'd0, given_cells};
        `PULSE_SET: set_q <= set_q + {22'd0, given_cells};
        default: reset_q <= reset_q + {22'd0, given_cells};
      endcase
    end
  end

  // ---- The answer ----
  always @(posedge clk) begin : walk
    if (!rst_n || done) busy_q <= 1'b0;
    else if (start) busy_q <= 1'b1;
    place_q <= busy_q ? place_q + 4'd1 : 4'd0;
  end

  reg [31:0] word;
  always @(*) begin : shown
    case (place_q)
      `TELEMETRY_COUNTERS: word = {28'd0, LAST} + 32'd1;
      `TELEMETRY_REQUESTS: word = requests_q;
      `TELEMETRY_REFUSED: word = refused_q;
      `TELEMETRY_STOPPED: word = stopped_q;
      `TELEMETRY_FORM_PULSES: word = form_q;
      `TELEMETRY_SET_PULSES: word = set_q;
      `TELEMETRY_RESET_PULSES: word = reset_q;
      `TELEMETRY_RESULTS: word = results_q;
      `TELEMETRY_SATURATED: word = saturated_q;
      `TELEMETRY_LONGEST: word = longest_q;
      `TELEMETRY_LONGEST_OPCODE: word = {24'd0, longest_opcode_q};
      `TELEMETRY_FIRMWARE_RUNS: word = runs_q;
      `TELEMETRY_FIRMWARE_FAULTS: word = faults_q;
      default: word = {16'd0, last_stop_q};
    endcase
  end

  // ---- Outputs ----
  assign done      = busy_q && place_q > LAST;
  assign total     = {12'd0, LAST} + 16'd1;
  assign w_write   = busy_q && !done;
  assign w_address = {12'd0, place_q};
  assign w_data    = word;

endmodule

`default_nettype wire
