// SPDX-License-Identifier: BSD-3-Clause
#include "reference.h"

enum { RANGE_SHIFT = 8u, AVERAGES_SHIFT = 12u, IDLE_SHIFT = 25u, SOURCE_SHIFT = 27u, LEVEL_SHIFT = 16u };
enum { NIBBLE = 15u, MOST_AVERAGES = 7u, MOST_IDLE = 2u, CODE_MASK = 0xFFFFu };

// Bits that the request chooses: range, averages, polarity, idle policy, source; and those that are ours: one
// plane, 32 bits.
enum { CHOSEN = 0x0F000000u | NIBBLE << AVERAGES_SHIFT | NIBBLE << RANGE_SHIFT, OURS = 1u << 16 | 2u << 20 };

// The first field outside its range is refused, with the nearest value that would have been taken.
static bool verify(uint32_t value, uint32_t bound, bool fits, uint32_t place) {
    if (!fits) {
        bridge_refuse(STATUS_BAD_FIELD, value, bound, place);
    }
    return fits;
}

bool reference_request(struct bridge_command* command, struct window_axis* columns) {
    uint32_t word0 = bridge_request(0);
    uint32_t range = word0 >> RANGE_SHIFT & NIBBLE;
    uint32_t averages = word0 >> AVERAGES_SHIFT & NIBBLE;
    uint32_t idle = word0 >> IDLE_SHIFT & 3u;
    uint32_t source = word0 >> SOURCE_SHIFT & 1u;
    if (!verify(range, RANGES - 1u, range < RANGES, 0) ||
        !verify(averages, MOST_AVERAGES, averages <= MOST_AVERAGES, 0) ||
        !verify(idle, MOST_IDLE, idle <= MOST_IDLE, 0) || !verify(source, 1, source == 1u, 0)) {
        return false;
    }
    *command = (struct bridge_command){.word0 = (word0 & CHOSEN) | OURS};
    command->word1 = bridge_request(1);
    command->index = bridge_request(2);
    command->index |= (uint64_t)bridge_request(3) << 32;
    window_read(window_read(REFERENCE_AXES, columns), columns);
    return true;
}

int32_t reference_asked(const struct bridge_command* command) {
    return (int32_t)(int16_t)(command->word1 >> LEVEL_SHIFT);
}

uint32_t reference_averages(const struct bridge_command* command) {
    return command->word0 >> AVERAGES_SHIFT & NIBBLE;
}

void reference_level(struct bridge_command* command, int32_t level) {
    command->word1 = (command->word1 & CODE_MASK) | (uint32_t)level << LEVEL_SHIFT;
}

void reference_refuse(enum status_code status, const struct bridge_command* command) {
    bridge_refuse(status, command->word1 & CODE_MASK, bridge_bound(), 1);
}
