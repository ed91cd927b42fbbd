// SPDX-License-Identifier: BSD-3-Clause
//
// Searches for a stream of requests that drives a cell above the locked limits (tests/safety/search_bench.py
// runs it).
//
//     search SEED FIRST_BLOCK BLOCKS MUTANT
//
// A block is 64 streams on one board, and depends on its seed and its number alone. It stops at the first
// violation. What was reached comes out as JSON.

#include <chrono>
#include <cstdlib>

#include "stream.h"

namespace {

constexpr uint32_t kStreams = 64;  // of a block
constexpr uint32_t kBuiltIn = 1;   // of those, on the firmware that the board was built with

void print_text(const std::string& text) {
    for (const char c : text) {
        if (c == '\n')
            std::printf("\\n");
        else if (c != '"' && c != '\\')
            std::putchar(c);
    }
}

void print_driven(const Driven& driven) {
    const auto number = [](uint64_t value) { return static_cast<unsigned long long>(value); };
    std::printf("\"form\": %llu, \"set\": %llu, \"reset\": %llu, ", number(driven.kinds[0]),
                number(driven.kinds[1]), number(driven.kinds[2]));
    std::printf("\"at_voltage\": %llu, \"near_voltage\": %llu, \"at_gate\": %llu, \"at_width\": %llu, ",
                number(driven.at_voltage), number(driven.near_voltage), number(driven.at_gate),
                number(driven.at_width));
    std::printf(
        "\"at_read\": %llu, \"reads\": %llu, \"whole\": %llu, \"cut\": %llu, \"by_firmware\": %llu, "
        "\"swept\": %llu",
        number(driven.at_read), number(driven.reads), number(driven.whole), number(driven.cut),
        number(driven.by_firmware), number(driven.swept));
}

}  // namespace

int main(int count, char** words) {
    if (count != 5) return 2;
    const uint64_t seed = std::strtoull(words[1], nullptr, 10);
    const uint64_t first = std::strtoull(words[2], nullptr, 10);
    const uint64_t blocks = std::strtoull(words[3], nullptr, 10);
    const uint32_t mutant = static_cast<uint32_t>(std::strtoul(words[4], nullptr, 10));
    const auto began = std::chrono::steady_clock::now();
    Observer observer;
    Coverage coverage;
    uint64_t streams = 0, cycles = 0;
    std::string violation, told;
    for (uint64_t block = first; block < first + blocks && violation.empty(); ++block) {
        Board board(mutant);
        observer.power_up();
        coverage.start();
        Random random(seed * 0x100000001B3u + block);
        for (uint32_t i = 0; i < kStreams && violation.empty(); ++i) {
            Stream stream(board, observer, coverage, random, block % 4 != 3, i >= kBuiltIn);
            ++streams;
            if (stream.run()) continue;
            violation = "block " + std::to_string(block) + ", stream " + std::to_string(i) + ": " +
                        stream.violation();
            told = stream.told();
        }
        cycles += board.cycles();
    }
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - began;
    std::printf("{\"streams\": %llu, \"cycles\": %llu, \"seconds\": %.1f, \"violation\": \"",
                static_cast<unsigned long long>(streams), static_cast<unsigned long long>(cycles),
                seconds.count());
    print_text(violation);
    std::printf("\", \"told\": \"");
    print_text(told);
    std::printf("\", \"driven\": {");
    print_driven(observer.driven());
    std::printf("}, ");
    coverage.print(stdout);
    std::printf("}\n");
    return violation.empty() ? 0 : 1;
}
