// SPDX-License-Identifier: BSD-3-Clause
// Gives every word back one cycle later, inverted; for tests of the build and of the harness.
`default_nettype none

module echo_words (
    input  wire        clk,
    input  wire        valid,
    input  wire [31:0] data,
    input  wire        last,
    output reg         echo_valid,
    output reg  [31:0] echo_data,
    output reg         echo_last
);

    always @(posedge clk) begin
        echo_valid <= valid;
        echo_data  <= ~data;
        echo_last  <= last;
    end

endmodule

`default_nettype wire
