// SPDX-License-Identifier: BSD-3-Clause
// Two buffers of row codes by line, and the pattern they give on the row chains.
//
// One row a cycle comes in; `full` says that the buffer in use holds a whole vector, `free` frees it, `clear` empties both. Output `position` of each chain is asked
// for and comes on `bits` in the next cycle: four a row, the channel of its multiplexer (0 ground, 1 plus, 2 minus, 3 pulse, 4 bias, 7 open), then its word
// line. Rows of the vector have their word line on; the others are at `idle_channel` with it off. While `pulsing`, row `p_row` alone is selected.

`default_nettype none

module afe_rows #(
    parameter ROWS   = 512,  // driven lines
    parameter CHAINS = 1     // chains that share them
) (
    input  wire                             clk,
    input  wire                             rst_n,
    input  wire                             clear,
    output wire                             empty,

    // Rows in
    input  wire                             x_valid,
    output wire                             x_ready,
    input  wire [8:0]                       x_line,
    input  wire [8:0]                       x_code,
    input  wire                             x_last,

    // The vector in use
    output wire                             full,
    input  wire                             free,

    // Pattern
    input  wire                             pulsing,
    input  wire                             driven,        // pulsing: the row takes the pulse, else the ground
    input  wire [8:0]                       p_row,
    input  wire [2:0]                       plane,
    input  wire                             swap,          // plus and minus change places
    input  wire [2:0]                       idle_channel,
    input  wire [$clog2(4*ROWS/CHAINS)-1:0] position,
    output wire [CHAINS-1:0]                bits
);

  localparam PER = ROWS / CHAINS;
  localparam W_I = $clog2(PER);
  localparam [2:0] GROUND = 3'd0, PLUS = 3'd1, MINUS = 3'd2, PULSE = 3'd3;

  generate
    if (ROWS % CHAINS != 0 || PER < 2) begin : g_bad
      ROWS_must_be_a_multiple_of_CHAINS u_error ();
    end
  endgenerate

  // ---- State ----
  reg [1:0] full_q;
  reg       load_q, use_q, begun_q;
  reg [1:0] digit_q;

  // ---- Buffers ----
  wire take = x_valid && x_ready;
  always @(posedge clk) begin
    if (!rst_n || clear) begin
      full_q  <= 2'b00;
      load_q  <= 1'b0;
      use_q   <= 1'b0;
      begun_q <= 1'b0;
    end else begin
      if (take) begun_q <= !x_last;
      if (take && x_last) begin
        full_q[load_q] <= 1'b1;
        load_q         <= !load_q;
      end
      if (free) begin
        full_q[use_q] <= 1'b0;
        use_q         <= !use_q;
      end
    end
  end

  // ---- Pattern ----
  wire [W_I-1:0] which = position[W_I+1:2];
  always @(posedge clk) digit_q <= position[1:0];

  genvar k;
  generate
    for (k = 0; k < CHAINS; k = k + 1) begin : g_chain
      localparam [31:0] FIRST = k * PER, NEXT = (k + 1) * PER;

      reg  [PER-1:0] in_q [0:1];  // rows of the vector
      reg            has_q, aimed_q;
      wire [8:0]     code;
      wire           mine   = {23'd0, x_line} < NEXT && {23'd0, offset} < PER;
      wire [8:0]     offset = x_line - FIRST[8:0];

      always @(posedge clk) begin
        if (!rst_n || clear) begin
          in_q[0] <= {PER{1'b0}};
          in_q[1] <= {PER{1'b0}};
        end else begin
          if (take && mine) in_q[load_q][offset[W_I-1:0]] <= 1'b1;
          if (free) in_q[use_q] <= {PER{1'b0}};
        end
        has_q   <= in_q[use_q][which];
        aimed_q <= {{(32 - W_I) {1'b0}}, which} + FIRST == {23'd0, p_row};
      end

      table_memory #(
          .DEPTH(2 << W_I),
          .W    (9),
          .W_A  (W_I + 1)
      ) u_codes (
          .clk          (clk),
          .clk_write    (clk),
          .write        (take && mine),
          .write_address({load_q, offset[W_I-1:0]}),
          .write_data   (x_code),
          .read         (1'b1),
          .read_address ({use_q, which}),
          .read_data    (code)
      );

      wire       selected = pulsing ? aimed_q : has_q;
      wire [7:0] planes   = code[7:0] >> plane;
      wire [2:0] rail     = pulsing ? (driven ? PULSE : GROUND) : !planes[0] ? GROUND : code[8] ^ swap ? MINUS : PLUS;
      wire [2:0] channel  = selected ? rail : idle_channel;
      wire [3:0] nibble   = {selected, channel};
      wire       unused   = &{1'b0, planes[7:1], offset};
      assign bits[k] = nibble[digit_q];
    end
  endgenerate

  // ---- Outputs ----
  assign x_ready = !full_q[load_q];
  assign full    = full_q[use_q];
  assign empty   = full_q == 2'b00 && !begun_q;

endmodule

`default_nettype wire
