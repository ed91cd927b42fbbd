// SPDX-License-Identifier: BSD-3-Clause
// Walks a vector's conversions: repetitions, planes (row patterns), steps of ADCS columns; steps without a kept column are left out.
//
// While `full`, the next step is looked for, one of COLS / ADCS a cycle, with the one behind it, so that its last is known; `found` then holds it on the
// outputs until `take`. `rows` marks the first step of a row pattern. `free` comes with the `take` of a vector's last step. `clear` begins anew.

`default_nettype none

module afe_walk #(
    parameter COLS = 512,
    parameter ADCS = 4     // columns of a step, divides COLS
) (
    input  wire            clk,
    input  wire            rst_n,
    input  wire            clear,

    // Configuration
    input  wire [3:0]      cfg_bits,
    input  wire            cfg_raw,
    input  wire [7:0]      cfg_repeats,
    input  wire [COLS-1:0] cfg_mask,

    // The vector in use
    input  wire            full,
    output wire            idle,
    output wire            free,

    // The next step
    output wire            found,
    input  wire            take,
    output wire [8:0]      first,         // its first column
    output wire [2:0]      plane,
    output wire            rows,          // first step of its row pattern
    output wire            pass_first,    // its pass is the first of its result
    output wire            result_first,  // it is the first step of its result
    output wire            result_last    // it is the last step of its result
);

  localparam STEPS = COLS / ADCS;
  localparam W_S   = STEPS > 1 ? $clog2(STEPS) : 1;
  localparam [31:0] TOP_32 = STEPS - 1;
  localparam [W_S-1:0] TOP = TOP_32[W_S-1:0];
  localparam [1:0] ST_IDLE = 2'd0, ST_FIRST = 2'd1, ST_NEXT = 2'd2, ST_FOUND = 2'd3;

  generate
    if (COLS % ADCS != 0) begin : g_bad
      COLS_must_be_a_multiple_of_ADCS u_error ();
    end
  endgenerate

  // ---- State ----
  reg [1:0]     state_q, state_d;
  reg [W_S-1:0] here_q, next_q;   // the step, and where the one behind it is looked for
  reg           opening_q;        // the step is the first of its row pattern
  reg           end_q;            // nothing behind it
  reg [2:0]     plane_q;
  reg [7:0]     repeat_q;

  // ---- Steps with a kept column ----
  wire [STEPS-1:0] some;
  genvar i;
  generate
    for (i = 0; i < STEPS; i = i + 1) begin : g_step
      assign some[i] = |cfg_mask[i*ADCS +: ADCS];
    end
  endgenerate

  // ---- Next state ----
  wire [3:0] plane_top   = cfg_bits - 4'd1;
  wire       plane_last  = {1'b0, plane_q} == plane_top;
  wire       repeat_last = cfg_raw || repeat_q == cfg_repeats - 8'd1;
  wire       vector_last = plane_last && repeat_last;
  wire       hit         = some[next_q];
  wire       over        = next_q == TOP;
  always @(*) begin : next_state
    state_d = state_q;
    case (state_q)
      ST_IDLE: if (full) state_d = ST_FIRST;
      // The pattern's first step; where nothing is kept, step 0 is converted for nobody.
      ST_FIRST: if (hit || over) state_d = over ? ST_FOUND : ST_NEXT;
      // The step behind it.
      ST_NEXT: if (hit || over) state_d = ST_FOUND;
      // Held until it is taken.
      ST_FOUND: if (take) state_d = !end_q ? (over ? ST_FOUND : ST_NEXT) : vector_last ? ST_IDLE : ST_FIRST;
      default: state_d = ST_IDLE;
    endcase
    if (clear) state_d = ST_IDLE;
  end

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n) state_q <= ST_IDLE;
    else state_q <= state_d;
  end

  always @(posedge clk) begin : steps
    case (state_q)
      ST_IDLE: begin
        {next_q, opening_q, end_q} <= {{W_S{1'b0}}, 2'b10};
        {plane_q, repeat_q}        <= 11'd0;
      end
      ST_FIRST: begin
        if (hit || over) here_q <= hit ? next_q : {W_S{1'b0}};
        end_q     <= over;
        opening_q <= 1'b1;
        if (!over) next_q <= next_q + 1'b1;
      end
      ST_NEXT: if (!hit) begin
        end_q <= over;
        if (!over) next_q <= next_q + 1'b1;
      end
      default: if (take) begin
        opening_q <= 1'b0;
        here_q    <= next_q;
        end_q     <= over;
        if (!over) next_q <= next_q + 1'b1;
        if (end_q) begin
          next_q   <= {W_S{1'b0}};
          plane_q  <= plane_last ? 3'd0 : plane_q + 3'd1;
          repeat_q <= plane_last ? repeat_q + 8'd1 : repeat_q;
        end
      end
    endcase
  end

  // ---- Outputs ----
  localparam [31:0] ADCS_32 = ADCS;
  wire [8:0] here  = {{(9 - W_S) {1'b0}}, here_q};
  assign idle         = state_q == ST_IDLE && !full;
  assign found        = state_q == ST_FOUND;
  assign first        = here * ADCS_32[8:0];
  assign plane        = plane_q;
  assign rows         = opening_q;
  assign pass_first   = cfg_raw || repeat_q == 8'd0;
  assign result_first = opening_q && (cfg_raw || (repeat_q == 8'd0 && plane_q == 3'd0));
  assign result_last  = end_q && (cfg_raw || vector_last);
  assign free         = found && take && end_q && vector_last;

endmodule

`default_nettype wire
