// SPDX-License-Identifier: BSD-3-Clause

#include "observer.h"

#include <bitset>

namespace {

constexpr uint32_t kCeilings[kLimitCount] = {VOLTAGE_CEILING, VOLTAGE_CEILING, VOLTAGE_CEILING,
                                             VOLTAGE_CEILING, VOLTAGE_CEILING, WIDTH_CEILING};
constexpr uint64_t kExpiryUnit = 1024;          // clk cycles
constexpr uint64_t kWatchdogReset = 120000000;  // of WATCHDOG_CYCLES
constexpr uint32_t kShort = 1023;               // code of a destroyed cell

uint64_t cells(uint32_t mask) {
    return std::bitset<32>(mask).count();
}

uint32_t word(const Request& request, size_t at) {
    return at < request.payload.size() ? request.payload[at] : 0;
}

// A register changes some cycles before its request ends.
bool writes(const Request& request, uint32_t address) {
    return request.opcode == OPCODE_REG_WRITE && word(request, 0) <= address &&
           address < word(request, 0) + 4 * request.payload.size();
}

}  // namespace

Axis axis_at(const Words& payload, size_t at) {
    Axis axis;
    if (at + 1 >= payload.size()) return axis;
    const uint32_t start = payload[at] & 0xFFFFu;
    const uint32_t count = payload[at] >> 16;
    axis.words = 2;
    if (payload[at + 1] >> 31 != 0) {
        axis.words = 18;
        axis.lines = at + 2 < payload.size() ? payload[at + 2] : 0;
        return axis;
    }
    const uint32_t stride = payload[at + 1] & 0x7FFFu;
    for (uint32_t i = 0; i < count && i < 32; ++i) {
        const uint64_t line = start + uint64_t{i} * stride;
        if (line < 32) axis.lines |= 1u << line;
    }
    return axis;
}

void Observer::reset() {
    const Driven driven = driven_;
    const auto codes = codes_;
    *this = Observer();
    driven_ = driven;
    codes_ = codes;
    watchdog_ = kWatchdogReset;
}

void Observer::require(bool holds, const char* what) {
    if (!holds && violation_.empty()) violation_ = what;
}

void Observer::look(const Seen& seen, const Request& running) {
    judge_silence(seen, running);
    judge_safe(seen, running);
    judge_read(seen, running);
    if (seen.p_valid || seen.p_drive) judge_pulse(seen, running);
    follow_drive(seen, running);
    if (seen.nv_write) judge_cell(seen);
    require(seen.busy || (!seen.p_valid && !seen.p_drive && !seen.x_valid && !seen.read_active),
            "driven by no operation");
    require(seen.drive_active == seen.p_drive, "the pulse output is not what the macro is told");
    ++cycle_;
}

// What is offered or driven: the limits, and the token.
void Observer::judge_pulse(const Seen& seen, const Request& running) {
    require(seen.kind < 3, "a pulse of no kind");
    if (seen.kind < 3) require(seen.voltage <= limits_[seen.kind], "voltage above its limit");
    require(seen.gate <= limits_[kGate], "gate above its limit");
    require(token_.held && cycle_ <= token_.until, "a pulse without a token");
    require((token_.kinds >> seen.kind & 1u) != 0, "a kind outside the token");
    require(seen.voltage <= token_.voltage, "voltage above the token's");
    require(seen.row < kRows && (token_.rows >> seen.row & 1u) != 0, "a row outside the token");
    require((seen.mask & ~token_.columns) == 0, "a column outside the token");
    if (running.opcode == OPCODE_PULSE) judge_asked(seen, running);
    if (!seen.p_valid || !seen.p_ready) return;
    require(cycle_ <= token_.since + token_.life, "a pulse after the token's time");
    require(cells(seen.mask) <= token_.left, "more pulses than the token has");
    token_.left -= cells(seen.mask) < token_.left ? cells(seen.mask) : token_.left;
}

// PULSE gives what was asked and nothing else.
void Observer::judge_asked(const Seen& seen, const Request& running) {
    const Axis rows = axis_at(running.payload, 6);
    const Axis columns = axis_at(running.payload, 6 + rows.words);
    require(seen.kind == (word(running, 0) >> 8 & 3u), "another kind than was asked");
    require(seen.voltage == (word(running, 1) & 0xFFFFu), "another voltage than was asked");
    require(seen.gate == word(running, 1) >> 16, "another gate than was asked");
    require((rows.lines >> seen.row & 1u) != 0, "a row that was not asked");
    require((seen.mask & ~columns.lines) == 0, "a column that was not asked");
}

// One drive: its length, and that nothing of it changes.
void Observer::follow_drive(const Seen& seen, const Request& running) {
    const bool asked = running.opcode == OPCODE_PULSE;
    if (seen.p_drive) {
        if (!driving_) {
            pulse_ = seen;
            length_ = 0;
            ++driven_.kinds[seen.kind % 3];
            driven_.at_voltage += seen.voltage == limits_[seen.kind % 3];
            driven_.near_voltage += seen.voltage + 1 == limits_[seen.kind % 3];
            driven_.at_gate += seen.gate == limits_[kGate];
            driven_.by_firmware += running.opcode == OPCODE_PROGRAM || running.opcode == OPCODE_SELF_TEST ||
                                   running.opcode == OPCODE_ADC_SELFCAL;
        }
        ++length_;
        require(length_ <= limits_[kWidth], "a pulse longer than its limit");
        if (asked) require(length_ <= word(running, 2), "a pulse longer than was asked");
        require(seen.kind == pulse_.kind && seen.row == pulse_.row && seen.mask == pulse_.mask &&
                    seen.voltage == pulse_.voltage && seen.gate == pulse_.gate,
                "a pulse changes while it is driven");
    } else if (driving_) {
        driven_.at_width += length_ == limits_[kWidth];
        if (asked) ++(length_ == word(running, 2) ? driven_.whole : driven_.cut);
    }
    driving_ = seen.p_drive;
}

// The emulated cells' own verdict: above the damage voltage a cell becomes a short.
void Observer::judge_cell(const Seen& seen) {
    uint32_t& code = codes_[seen.cell_row % kRows][seen.cell_column % kColumns];
    if (damage_watched_) require(seen.g != kShort || code == kShort, "a cell was destroyed");
    code = seen.g;
}

// Above the read limit only a point of SWEEP is read, at the voltage of the pulse just driven for it.
void Observer::judge_read(const Seen& seen, const Request& running) {
    const bool above = (seen.x_valid || seen.read_active) && seen.read_code > limits_[kRead];
    if (above) {
        require(running.opcode == OPCODE_SWEEP && !driving_ && token_.held, "read above its limit");
        require(seen.read_code == pulse_.voltage && pulse_.kind < 3,
                "read at another voltage than its pulse");
        require(pulse_.kind >= 3 || seen.read_code <= limits_[pulse_.kind],
                "read above the limit of its pulse");
        require(seen.read_code <= token_.voltage, "read above the token's voltage");
        driven_.swept += seen.x_valid;
    }
    if (seen.read_active && !reading_) {
        read_since_ = cycle_;
        ++driven_.reads;
        driven_.at_read += seen.read_code == limits_[kRead];
    }
    reading_ = seen.read_active;
}

void Observer::judge_safe(const Seen& seen, const Request& running) {
    if (!latched_ || cycle_ <= safe_at_ + kSafeCycles) return;
    require(seen.latched || writes(running, kControl), "the safe state is not latched");
    require(!seen.p_valid && !seen.p_drive, "a pulse in the safe state");
    require(!seen.x_valid && !seen.read_active, "a read in the safe state");
    require(!seen.armed, "a token in the safe state");
}

// While a token is armed or something is driven, silence ends in the safe state.
void Observer::judge_silence(const Seen& seen, const Request& running) {
    if (seen.armed && !was_armed_) armed_since_ = cycle_;
    was_armed_ = seen.armed;
    if (writes(running, kWatchdogCycles)) return;
    const uint64_t bound = watchdog_ + kSafeCycles + kSlackCycles;
    const auto silent = [&](uint64_t since) { return cycle_ > (since > fed_ ? since : fed_) + bound; };
    if (seen.armed) require(!silent(armed_since_), "armed in silence");
    if (seen.p_drive) require(!silent(armed_since_), "a pulse in silence");
    if (seen.read_active) require(!silent(reading_ ? read_since_ : cycle_), "a read in silence");
}

void Observer::made_safe() {
    if (!latched_) safe_at_ = cycle_;
    latched_ = true;
    if (token_.held && token_.until > cycle_ + kSafeCycles) token_.until = cycle_ + kSafeCycles;
}

void Observer::epoch() {
    latched_ = false;
    if (token_.held && token_.until > cycle_ + kSafeCycles) token_.until = cycle_ + kSafeCycles;
}

void Observer::ended(const Seen& seen, const Request& request) {
    if (request.opcode == OPCODE_REG_WRITE) take_registers(seen, request);
    if (seen.status == STATUS_FIRMWARE_FAULT && seen.latched) made_safe();
    if (seen.status != STATUS_OK) return;
    if (request.opcode == OPCODE_DISARM) token_.held = false;
    if (request.opcode == OPCODE_ARM) {
        const Axis rows = axis_at(request.payload, 5);
        const Axis columns = axis_at(request.payload, 5 + rows.words);
        token_ = {true,
                  cycle_,
                  UINT64_MAX,
                  rows.lines,
                  columns.lines,
                  word(request, 1) & 0xFFu,
                  word(request, 3) & 0xFFFFu,
                  word(request, 2),
                  word(request, 4) * kExpiryUnit};
    }
}

// The registers that decide what may be driven: limits, watchdog, control.
void Observer::take_registers(const Seen& seen, const Request& request) {
    if (seen.status == STATUS_ABORTED) return;  // dropped before it began
    uint32_t address = word(request, 0);
    bool refused = false;
    for (size_t i = 1; i < request.payload.size() && !refused; ++i, address += 4) {
        const uint32_t value = request.payload[i];
        if (address >= kLimits && address <= kLock && address % 4 == 0) {
            write_limit((address - kLimits) / 4, value, refused);
        } else if (address == kWatchdogCycles) {
            watchdog_ = value < CYCLES_CAP ? value : CYCLES_CAP;
        } else if (address == kControl) {
            if ((value & kControlClear) != 0) latched_ = false;
            if ((value & kControlSafe) != 0) made_safe();
        } else {
            refused = seen.status != STATUS_OK;  // what follows an address that is none is not written
        }
    }
    const bool limit = seen.status == STATUS_OVER_CEILING || seen.status == STATUS_LIMITS_LOCKED;
    require(!limit || refused, "a limit was refused that is none");
    require(seen.status != STATUS_OK || !refused, "a limit was raised");
}

void Observer::write_limit(uint32_t index, uint32_t value, bool& refused) {
    if (index == kLimitCount) {
        refused = value > 1 || (locked_ && value == 0);
        locked_ = locked_ || value == 1;
        return;
    }
    refused = value > kCeilings[index] || (locked_ && value > limits_[index]);
    if (!refused) limits_[index] = value;
}
