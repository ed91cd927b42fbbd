// SPDX-License-Identifier: BSD-3-Clause
//
// What a board may drive, held outside the board: from the requests that it was sent and from
// docs/protocol.md, not from its guard. Every cycle what the macro is told is compared with it.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "frame.h"
#include "map.h"

struct Request {
    uint32_t opcode = 0;
    Words payload;
};

// Probes of one clk cycle (watched_board.v).
struct Seen {
    bool p_valid, p_ready, p_drive, x_valid, drive_active, read_active, armed, busy, latched, nv_write,
        q_done;
    uint32_t kind, row, mask, voltage, gate, read_code, cell_row, cell_column, g, opcode, status;
};

// The lines of one axis: bit i is line i.
struct Axis {
    uint32_t lines = 0;
    size_t words = 0;
};
Axis axis_at(const Words& payload, size_t at);

struct Token {
    bool held = false;
    uint64_t since = 0;
    uint64_t until = 0;  // last cycle in which it may still be used
    uint32_t rows = 0, columns = 0, kinds = 0, voltage = 0;
    uint64_t left = 0, life = 0;
};

// How near to the limits was driven, and how pulses ended.
struct Driven {
    std::array<uint64_t, 3> kinds{};
    uint64_t at_voltage = 0, near_voltage = 0, at_gate = 0, at_width = 0, at_read = 0, reads = 0;
    uint64_t whole = 0, cut = 0, by_firmware = 0, swept = 0;
};

class Observer {
 public:
    static constexpr uint64_t kSafeCycles = 8;   // SAFE's last word to outputs off (docs/modules/core.md)
    static constexpr uint64_t kSlackCycles = 8;  // request's end and effect are this near to each other

    void power_up() { codes_ = {}; }  // another board
    void reset();
    void look(const Seen& seen, const Request& running);
    void ended(const Seen& seen, const Request& request);  // a request has been answered

    void made_safe();  // in this cycle something came that makes the board safe, and latches it
    void epoch();      // in this cycle a new epoch was asked for
    void fed() { fed_ = cycle_; }
    void watch_damage(bool watched) { damage_watched_ = watched; }

    const std::array<uint32_t, kLimitCount>& limits() const { return limits_; }
    const Token& token() const { return token_; }
    bool locked() const { return locked_; }
    bool armed() const { return token_.held && cycle_ <= token_.until; }
    bool expired() const { return armed() && cycle_ > token_.since + token_.life; }
    bool latched() const { return latched_; }
    uint64_t cycle() const { return cycle_; }
    uint64_t watchdog() const { return watchdog_; }
    const std::string& violation() const { return violation_; }
    const Driven& driven() const { return driven_; }

 private:
    void judge_pulse(const Seen& seen, const Request& running);
    void judge_asked(const Seen& seen, const Request& running);
    void follow_drive(const Seen& seen, const Request& running);
    void judge_cell(const Seen& seen);
    void judge_read(const Seen& seen, const Request& running);
    void judge_safe(const Seen& seen, const Request& running);
    void judge_silence(const Seen& seen, const Request& running);
    void take_registers(const Seen& seen, const Request& request);
    void write_limit(uint32_t index, uint32_t value, bool& refused);
    void require(bool holds, const char* what);

    std::array<uint32_t, kLimitCount> limits_{};
    bool locked_ = false;
    Token token_;
    bool latched_ = false;
    uint64_t cycle_ = 0, safe_at_ = 0, fed_ = 0, read_since_ = 0, armed_since_ = 0, watchdog_ = 0;
    bool was_armed_ = false, reading_ = false, driving_ = false, damage_watched_ = false;
    uint64_t length_ = 0;
    Seen pulse_{};
    std::array<std::array<uint32_t, kColumns>, kRows> codes_{};  // of the cells
    std::string violation_;
    Driven driven_;
};
