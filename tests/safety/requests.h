// SPDX-License-Identifier: BSD-3-Clause
//
// Requests of every kind, from lawful to absurd, made for the limits and the token that the board should
// hold.
#pragma once

#include "observer.h"
#include "random.h"

// What a request is to try; each has a maker.
enum Template {
    kPulse,
    kArm,
    kDisarm,
    kLimitWrite,
    kControlWrite,
    kTimeWrite,
    kAnyWrite,
    kRegisterRead,
    kPing,
    kVectors,
    kReadCells,
    kSweep,
    kProgram,
    kSelfTest,
    kSelfCalibrate,
    kFirmware,
    kTable,
    kCells,
    kEnvironment,
    kReserved,
    kTemplates
};

class Maker {
 public:
    // With `damage_watched` nothing is made that changes the emulated cells' own rules.
    Maker(Random& random, const Observer& observer, bool damage_watched, bool firmware)
        : random_(random), observer_(observer), damage_watched_(damage_watched), firmware_(firmware) {}

    // Most often lawful but for what `side` says, else bent further.
    Request make(Template what, Side side);
    Request arm();
    Request control(uint32_t bits) { return {OPCODE_REG_WRITE, {kControl, bits}}; }

 private:
    Words axis(uint32_t within, uint32_t lines);
    void append(Words& words, const Words& more) { words.insert(words.end(), more.begin(), more.end()); }
    void window(Words& words);
    Side other(Side side);
    Request arm(Side side);
    Request pulse(Side side);
    Request vectors(uint32_t opcode, Side side);
    Request sweep(Side side);
    Request program(Side side);
    Request reference(uint32_t opcode, Side side);
    Request image();
    Request limit(Side side);
    Request times();
    Request any_write();
    Request table();
    Request cells();
    Request environment();
    void bend(Request& request);

    Random& random_;
    const Observer& observer_;
    bool damage_watched_, firmware_;
};

// CRC of the limits, as ARM names it.
uint32_t limits_hash(const std::array<uint32_t, kLimitCount>& limits);
