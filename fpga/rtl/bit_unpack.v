// SPDX-License-Identifier: BSD-3-Clause
// Cuts payload words into fields of 1 to 9 bits, one a cycle, each vector padded to a word.
//
// `start` begins at payload word `first`; `width` is stable from there. The first field is valid three cycles after
// `start`, and from then on one a cycle without a gap, across the ends of vectors too: `end_vector`, with the
// field taken, drops the rest of its word. Reads ahead at most three words past what was used; stops at `stop`.

`default_nettype none

module bit_unpack (
    input  wire        clk,
    input  wire        rst_n,

    input  wire        start,
    input  wire        stop,
    input  wire [15:0] first,       // payload word of the first field
    input  wire [3:0]  width,       // bits of a field, 1..9

    // Request memory: data one cycle after its address
    output wire [15:0] q_address,
    input  wire [31:0] q_data,

    // Fields
    output wire        f_valid,
    input  wire        f_ready,
    output wire [8:0]  f_data,
    input  wire        end_vector
);

  // ---- State ----
  reg        active_q, there_q;  // there_q: q_data is the word at address_q
  reg [15:0] address_q;
  reg [63:0] bits_q;
  reg [6:0]  have_q;

  // ---- Next state ----
  wire        take = f_valid && f_ready;
  wire [4:0]  rest = have_q[4:0] - {1'b0, width};
  // Bits dropped: the field, and at the end of a vector all that is left of its word.
  wire [5:0]  cut     = !take ? 6'd0 : end_vector ? {2'd0, width} + {1'b0, rest} : {2'd0, width};
  wire [6:0]  kept    = have_q - {1'b0, cut};
  wire [63:0] shifted = bits_q >> cut;
  wire        load    = active_q && there_q && kept <= 7'd32;

  // ---- Registers ----
  always @(posedge clk) begin
    if (!rst_n || stop) begin
      active_q <= 1'b0;
      have_q   <= 7'd0;
    end else if (start) begin
      active_q <= 1'b1;
      have_q   <= 7'd0;
    end else if (active_q) have_q <= load ? kept + 7'd32 : kept;
    there_q <= active_q && !start;
  end

  always @(posedge clk) begin
    if (start) address_q <= first;
    else if (load) address_q <= address_q + 16'd1;
  end

  always @(posedge clk) begin
    if (start) bits_q <= 64'd0;
    else if (active_q) bits_q <= load ? shifted | ({32'd0, q_data} << kept[5:0]) : shifted;
  end

  // ---- Outputs ----
  assign q_address = load ? address_q + 16'd1 : address_q;
  assign f_valid   = have_q >= {3'd0, width};
  assign f_data    = bits_q[8:0] & ~(9'h1FF << width);

endmodule

`default_nettype wire
