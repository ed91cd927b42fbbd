// SPDX-License-Identifier: BSD-3-Clause
//
// Reproducible draws (splitmix64), and the one way by which the search makes a value lie near a limit.
#pragma once

#include <cstdint>

// Where a drawn value lies against the limit that it is meant for.
enum Side { kLow, kBelow, kAt, kOver, kFar, kMost, kSides };

class Random {
 public:
    explicit Random(uint64_t seed) : state_(seed) {}

    uint64_t next() {
        uint64_t z = (state_ += 0x9E3779B97F4A7C15u);
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
        return z ^ (z >> 31);
    }

    uint32_t word() { return static_cast<uint32_t>(next() >> 32); }
    uint32_t below(uint32_t end) { return static_cast<uint32_t>((next() >> 32) * end >> 32); }
    uint32_t from(uint32_t low, uint32_t high) { return low + below(high - low + 1); }
    bool chance(uint32_t percent) { return below(100) < percent; }

    // A value on one side of `limit`, of 0 to `most`; where that side is empty, the nearest there is.
    uint32_t beside(Side side, uint32_t limit, uint32_t most) {
        switch (side) {
            case kLow:
                return limit == 0 ? 0 : below(limit);
            case kBelow:
                return limit == 0 ? 0 : limit - 1;
            case kAt:
                return limit < most ? limit : most;
            case kOver:
                return limit < most ? limit + 1 : most;
            case kFar:
                return limit < most ? chance(50) ? wrapped(limit, most) : from(limit + 1, most) : most;
            default:
                return most;
        }
    }

 private:
    // Above the limit by one high bit: what a comparison that is too narrow would take.
    uint32_t wrapped(uint32_t limit, uint32_t most) {
        const uint64_t value = uint64_t{limit == 0 ? 0 : from(1, limit)} | uint64_t{1} << below(32);
        return value > limit && value <= most ? static_cast<uint32_t>(value) : limit + 1;
    }

    uint64_t state_;
};
