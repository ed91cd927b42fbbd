// SPDX-License-Identifier: BSD-3-Clause
// Undoes consistent-overhead byte stuffing: bytes of a line to bytes of frames.
//
// One byte a cycle in; the byte it yields, if any, is out on the next cycle. A zero on the line ends a
// frame: `out_end` pulses alone, with `out_bad` when the frame broke off inside a block or held a byte
// that the line marked bad. Zeros between frames yield nothing; a bad byte outside a frame is ignored.

`default_nettype none

module cobs_decoder (
    input  wire       clk,
    input  wire       rst_n,

    // Line
    input  wire       in_valid,
    input  wire [7:0] in_data,
    input  wire       in_bad,    // a byte was lost

    // Frames
    output wire       out_valid,
    output wire [7:0] out_data,
    output wire       out_end,
    output wire       out_bad
);

  // ---- State ----
  reg [7:0] left_q;    // bytes before the next code byte
  reg       inside_q;  // a code byte of this frame has been seen
  reg       zero_q;    // the present block stands for a zero after it
  reg       broken_q;  // a byte of this frame was lost
  reg       valid_q, end_q, bad_q;
  reg [7:0] data_q;

  // ---- Next state ----
  wire is_end  = in_valid && in_data == 8'd0;
  wire is_code = in_valid && in_data != 8'd0 && left_q == 8'd0;
  wire is_data = in_valid && in_data != 8'd0 && left_q != 8'd0;

  // ---- Registers ----
  always @(posedge clk) begin : blocks
    if (!rst_n) begin
      left_q   <= 8'd0;
      inside_q <= 1'b0;
      zero_q   <= 1'b0;
      broken_q <= 1'b0;
    end else if (is_end) begin
      left_q   <= 8'd0;
      inside_q <= 1'b0;
      broken_q <= 1'b0;
    end else begin
      if (is_code) begin
        left_q   <= in_data - 8'd1;
        inside_q <= 1'b1;
        zero_q   <= in_data != 8'hFF;
      end
      if (is_data) left_q <= left_q - 8'd1;
      if (in_bad && inside_q) broken_q <= 1'b1;
    end
  end

  always @(posedge clk) begin : results
    if (!rst_n) begin
      valid_q <= 1'b0;
      end_q   <= 1'b0;
      bad_q   <= 1'b0;
    end else begin
      valid_q <= is_data || (is_code && inside_q && zero_q);
      end_q   <= is_end && inside_q;
      bad_q   <= is_end && (left_q != 8'd0 || broken_q);
    end
  end

  always @(posedge clk) begin : bytes
    if (in_valid) data_q <= is_data ? in_data : 8'd0;
  end

  // ---- Outputs ----
  assign out_valid = valid_q;
  assign out_data  = data_q;
  assign out_end   = end_q;
  assign out_bad   = bad_q;

endmodule

`default_nettype wire
