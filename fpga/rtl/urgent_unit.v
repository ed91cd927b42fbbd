// SPDX-License-Identifier: BSD-3-Clause
// Opens epochs, keeps the identity, and queues what is answered outside the numbers.
//
// Five answers wait in slots of one: HELLO, SAFE, the NAK of a gap, other NAKs, HEARTBEAT, sent in this
// order; a second frame of a kind takes the place of a waiting one, so no flood needs more room. A HELLO
// with the open nonce is answered at once. A new nonce gives `epoch_seen` for one cycle and holds
// `epoch_clear` until `core_idle` and `sender_idle` are seen, SETTLE cycles after that at the earliest;
// then `epoch_open` for one cycle, and the answer. An answer is offered from the cycle after its verdict
// or `epoch_open`. `answer_data` is word `answer_index` of the identity, one cycle after `answer_read`.

`include "board_map.vh"

`default_nettype none

module urgent_unit #(
    parameter REQUEST_WORDS     = 4096,  // words, as announced
    parameter REPLY_WORDS       = 4096,  // words, as announced
    parameter MAX_PAYLOAD_WORDS = 1024,  // words, as announced
    parameter CLK_HZ            = `CLK_HZ  // clk, in hertz, as announced
) (
    input  wire        clk,
    input  wire        rst_n,

    // HELLO's payload, as it arrives
    input  wire        payload_valid,
    input  wire [15:0] payload_index,
    input  wire [31:0] payload_data,

    // Verdicts, one cycle, with the frame's number and epoch
    input  wire        hello,
    input  wire        safe,
    input  wire        heartbeat,
    input  wire        gap,
    input  wire        refuse_version,
    input  wire        refuse_length,
    input  wire        refuse_epoch,
    input  wire        refuse_opcode,
    input  wire [15:0] frame_sequence,
    input  wire [15:0] frame_epoch,
    input  wire [15:0] expected,

    // Epoch
    input  wire        is_open,
    input  wire        core_idle,
    input  wire        sender_idle,    // no numbered reply is being sent
    output wire        epoch_close,    // with the verdict
    output wire        epoch_seen,
    output wire        epoch_clear,
    output wire        epoch_open,
    output wire [15:0] epoch,

    // Identity
    input  wire [15:0] id_flags,
    input  wire [31:0] id_build,
    input  wire [31:0] id_firmware,
    input  wire [63:0] id_uid,
    input  wire [31:0] id_boot,
    input  wire [31:0] id_pulses,
    input  wire [7:0]  id_macros,
    input  wire [63:0] id_geometry,

    // To the sender: the answer to send next
    output wire        answer_valid,
    output wire [7:0]  answer_opcode,
    output wire [7:0]  answer_status,
    output wire [15:0] answer_sequence,
    output wire [15:0] answer_epoch,
    output wire [15:0] answer_words,
    input  wire        answer_take,
    input  wire        answer_read,
    input  wire [15:0] answer_index,
    output wire [31:0] answer_data
);

  localparam [31:0] MAGIC          = 32'h4C4D484F;  // ASCII OHML
  localparam [15:0] IDENTITY_WORDS = 16'd21;
  localparam [1:0]  SETTLE         = 2'd3;  // cycles in which the core sees epoch_clear and ends its work

  // Slots, in the order they are sent
  localparam HELLO = 0, SAFE = 1, GAP = 2, NAK = 3, BEAT = 4, SLOTS = 5;
  localparam [SLOTS-1:0] OF_NO_EPOCH = 5'd1 << NAK;  // what still holds when an epoch ends

  // ---- State ----
  reg [31:0]      nonce_q, heard_nonce_q;
  reg [127:0]     chip_q, heard_chip_q;  // the user's claim of the sample
  reg             changing_q, seen_q;
  reg [1:0]       settle_q;
  reg [SLOTS-1:0] waiting_q;
  reg [15:0]      hello_sequence_q, safe_sequence_q, beat_sequence_q, nak_sequence_q, nak_epoch_q;
  reg [7:0]       nak_status_q;
  reg [31:0]      data_q;

  // ---- Next state ----
  wire same    = hello && heard_nonce_q == nonce_q && (is_open || changing_q);
  wire other   = hello && !same;
  wire opened  = changing_q && settle_q == 2'd0 && core_idle && sender_idle && !other;
  wire refuse  = refuse_version || refuse_length || refuse_epoch || refuse_opcode;

  // The first waiting slot, one-hot.
  wire [SLOTS-1:0] pick  = waiting_q & (~waiting_q + 1'b1);
  wire [SLOTS-1:0] taken = answer_take ? pick : {SLOTS{1'b0}};
  wire [SLOTS-1:0] added = {heartbeat, refuse, gap, safe, same && !changing_q};

  // ---- Registers: epoch ----
  always @(posedge clk) begin : heard
    if (payload_valid && payload_index == 16'd0) heard_nonce_q <= payload_data;
    if (payload_valid && payload_index != 16'd0 && payload_index <= 16'd4)
      heard_chip_q <= {payload_data, heard_chip_q[127:32]};
  end

  always @(posedge clk) begin : change
    if (!rst_n) begin
      nonce_q    <= 32'd0;
      chip_q     <= 128'd0;
      changing_q <= 1'b0;
      seen_q     <= 1'b0;
      settle_q   <= 2'd0;
    end else begin
      seen_q <= other;
      if (other) begin
        nonce_q    <= heard_nonce_q;
        chip_q     <= heard_chip_q;
        changing_q <= 1'b1;
        settle_q   <= SETTLE;
      end else begin
        if (opened) changing_q <= 1'b0;
        if (settle_q != 2'd0) settle_q <= settle_q - 2'd1;
      end
    end
  end

  // ---- Registers: answers ----
  always @(posedge clk) begin : slots
    if (!rst_n) waiting_q <= {SLOTS{1'b0}};
    else if (opened) waiting_q <= {{(SLOTS-1){1'b0}}, 1'b1};
    else if (other) waiting_q <= (waiting_q & ~taken) & OF_NO_EPOCH;
    else waiting_q <= (waiting_q & ~taken) | added;
  end

  always @(posedge clk) begin : slot_fields
    if (hello) hello_sequence_q <= frame_sequence;
    if (safe) safe_sequence_q <= frame_sequence;
    if (heartbeat) beat_sequence_q <= frame_sequence;
    if (refuse) begin
      nak_sequence_q <= frame_sequence;
      nak_epoch_q    <= refuse_version ? frame_epoch : nonce_q[15:0];
      nak_status_q   <= refuse_version ? `STATUS_BAD_VERSION
                      : refuse_length  ? `STATUS_BAD_LENGTH
                      : refuse_epoch   ? `STATUS_NO_EPOCH : `STATUS_UNKNOWN_OPCODE;
    end
  end

  // ---- Registers: identity ----
  always @(posedge clk) begin : identity
    if (answer_read) case (answer_index[4:0])
      5'd0:    data_q <= MAGIC;
      5'd1:    data_q <= nonce_q;
      5'd2:    data_q <= {16'd`PROTOCOL_VERSION, id_flags};
      5'd3:    data_q <= `MAP_HASH;
      5'd4:    data_q <= id_build;
      5'd5:    data_q <= id_firmware;
      5'd6:    data_q <= CLK_HZ;
      5'd7:    data_q <= MAX_PAYLOAD_WORDS * 4;
      5'd8:    data_q <= REQUEST_WORDS * 4;
      5'd9:    data_q <= REPLY_WORDS * 4;
      5'd10:   data_q <= id_uid[31:0];
      5'd11:   data_q <= id_uid[63:32];
      5'd12:   data_q <= id_boot;
      5'd13:   data_q <= id_pulses;
      5'd14:   data_q <= chip_q[31:0];
      5'd15:   data_q <= chip_q[63:32];
      5'd16:   data_q <= chip_q[95:64];
      5'd17:   data_q <= chip_q[127:96];
      5'd18:   data_q <= {24'd0, id_macros};
      5'd19:   data_q <= id_geometry[31:0];
      default: data_q <= id_geometry[63:32];
    endcase
  end

  // ---- Outputs ----
  assign epoch_close     = other;
  assign epoch_seen      = seen_q;
  assign epoch_clear     = changing_q;
  assign epoch_open      = opened;
  assign epoch           = nonce_q[15:0];
  assign answer_valid    = waiting_q != {SLOTS{1'b0}};
  assign answer_opcode   = pick[HELLO] ? `OP_HELLO : pick[SAFE] ? `OP_SAFE
                         : pick[BEAT] ? `OP_HEARTBEAT : `OP_NAK;
  assign answer_status   = pick[GAP] ? `STATUS_GAP : pick[NAK] ? nak_status_q : `STATUS_OK;
  assign answer_sequence = pick[HELLO] ? hello_sequence_q : pick[SAFE] ? safe_sequence_q
                         : pick[GAP] ? expected : pick[NAK] ? nak_sequence_q : beat_sequence_q;
  assign answer_epoch    = pick[NAK] ? nak_epoch_q : nonce_q[15:0];
  assign answer_words    = pick[HELLO] ? IDENTITY_WORDS : 16'd0;
  assign answer_data     = data_q;

  wire unused = &{1'b0, answer_index[15:5]};

endmodule

`default_nettype wire
