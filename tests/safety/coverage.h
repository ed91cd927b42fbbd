// SPDX-License-Identifier: BSD-3-Clause
//
// What the search has reached, and what it should try next.
#pragma once

#include <array>
#include <cstdio>
#include <map>
#include <tuple>

#include "requests.h"

enum State { kOpen, kArmed, kExpired, kLatched, kStates };
enum Activity { kIdle, kReading, kPulsing, kServing, kBusy, kActivities };
enum Cause { kSafe, kStop, kBreak, kEpoch, kSilence, kCauses };

struct Goal {
    Template what;
    State state;
    Side side;
};

class Coverage {
 public:
    // Forgets what was tried, so that a block depends on nothing before it.
    void start() { tried_ = {}; }

    // Of a few goals drawn the one least tried; what may drive is drawn more often.
    Goal next(Random& random) {
        static constexpr Template kDriving[] = {kPulse, kArm, kProgram, kFirmware, kSweep};
        const bool drives = random.chance(60);
        const Template what =
            drives ? kDriving[random.below(5)] : static_cast<Template>(random.below(kTemplates));
        Goal best{what, kOpen, kLow};
        uint64_t least = ~uint64_t{0};
        for (int i = 0; i < 3; ++i) {
            const State state =
                drives && random.chance(60) ? kArmed : static_cast<State>(random.below(kStates));
            const Goal goal{what, state, static_cast<Side>(random.below(kSides))};
            const uint64_t tried = tried_[goal.what][goal.state][goal.side];
            if (tried >= least) continue;
            least = tried;
            best = goal;
        }
        ++tried_[best.what][best.state][best.side];
        return best;
    }

    void outcome(uint32_t opcode, State state, uint32_t status) { ++outcomes_[{opcode, state, status}]; }
    void cause(Cause cause, Activity activity) { ++causes_[cause][activity]; }

    void print(FILE* out) const {
        std::fprintf(out, "\"outcomes\": [");
        const char* comma = "";
        for (const auto& [key, count] : outcomes_) {
            const auto& [opcode, state, status] = key;
            std::fprintf(out, "%s[%u, %d, %u, %llu]", comma, opcode, state, status,
                         static_cast<unsigned long long>(count));
            comma = ", ";
        }
        std::fprintf(out, "], \"causes\": [");
        for (int cause = 0; cause < kCauses; ++cause) {
            std::fprintf(out, "%s[", cause == 0 ? "" : ", ");
            for (int i = 0; i < kActivities; ++i)
                std::fprintf(out, "%s%llu", i == 0 ? "" : ", ",
                             static_cast<unsigned long long>(causes_[cause][i]));
            std::fprintf(out, "]");
        }
        std::fprintf(out, "]");
    }

 private:
    std::array<std::array<std::array<uint64_t, kSides>, kStates>, kTemplates> tried_{};
    std::array<std::array<uint64_t, kActivities>, kCauses> causes_{};
    std::map<std::tuple<uint32_t, int, uint32_t>, uint64_t> outcomes_;
};
