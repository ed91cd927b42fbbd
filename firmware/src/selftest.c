// SPDX-License-Identifier: BSD-3-Clause
#include "selftest.h"

#include "bridge.h"
#include "reference.h"
#include "window.h"

enum { FAILED_MEMORY = 1u, FAILED_MASK = 2u, FAILED_GUARD = 4u, FAILED_REFERENCE = 8u };
enum { LEVELS = 3u, WORDS_OF_LEVEL = 5u, HEAD_WORDS = 4u, FORBIDDEN_CODES = 0xFFFFFFFFu };

// What one level of the reference input gave, over all columns.
struct readings {
    int64_t sum;
    int32_t lowest, highest;
    uint32_t saturated;
};

// Memory that neither variables nor stack use: symbols of the linker.
extern uint32_t __free_start[], __free_end[];

// Memory that nothing uses: what is written, and its inverse, must be read back. Returns the bytes marched
// through.
static uint32_t march(volatile uint32_t* from, const volatile uint32_t* to, uint32_t* failed) {
    uint32_t words = (uint32_t)(to - from);
    for (uint32_t flip = 0; flip != 2u; flip++) {
        uint32_t inverse = 0u - flip;
        for (uint32_t i = 0; i < words; i++) {
            from[i] = (i * 0x9E3779B1u) ^ inverse;
        }
        for (uint32_t i = 0; i < words; i++) {
            *failed |= from[i] == ((i * 0x9E3779B1u) ^ inverse) ? 0u : FAILED_MEMORY;
        }
    }
    return 4u * words;
}

// A pulse that no limit permits: every code at its end, no width. Returns the guard's answer.
static enum status_code forbidden(void) {
    const struct bridge_command command = {.word0 = PULSE_FORM << 8, .word1 = FORBIDDEN_CODES};
    return bridge_judge(&command);
}

static enum status_code read_level(struct bridge_command* command, int32_t level, struct readings* readings) {
    reference_level(command, level);
    enum status_code status = bridge_read(command);
    *readings = (struct readings){.lowest = INT32_MAX, .highest = INT32_MIN};
    for (uint32_t i = 0; status == STATUS_OK && i < bridge_results(); i++) {
        int32_t code = bridge_result(i);
        readings->sum += code;
        readings->lowest = code < readings->lowest ? code : readings->lowest;
        readings->highest = code > readings->highest ? code : readings->highest;
        readings->saturated += bridge_flags(i / 32u) >> i % 32u & 1u;
    }
    command->index += 1u << reference_averages(command);
    return status;
}

static void reply_level(uint32_t place, const struct readings* readings) {
    bridge_reply(place, (uint32_t)(uint64_t)readings->sum);
    bridge_reply(place + 1u, (uint32_t)((uint64_t)readings->sum >> 32));
    bridge_reply(place + 2u, (uint32_t)readings->lowest);
    bridge_reply(place + 3u, (uint32_t)readings->highest);
    bridge_reply(place + 4u, readings->saturated);
}

void selftest_run(void) {
    struct bridge_command command;
    struct readings readings[LEVELS];
    uint32_t mask[CORE_MASK_WORDS];
    uint32_t failed = 0;
    if (!reference_request(&command, &window_columns)) {
        return;
    }
    uint32_t marched = march(__free_start, __free_end, &failed);
    window_mask(&window_columns, mask);
    bridge_mask(mask, CORE_MASK_WORDS);
    failed |= bridge_mask_holds(mask) ? 0u : FAILED_MASK;
    enum status_code refusal = forbidden();
    failed |= refusal == STATUS_OK || refusal == STATUS_MACRO_TIMEOUT ? FAILED_GUARD : 0u;
    int32_t level = reference_asked(&command);
    for (uint32_t i = 0; i < LEVELS; i++) {
        enum status_code status = read_level(&command, level * ((int32_t)i - 1), &readings[i]);
        if (status != STATUS_OK) {
            reference_refuse(status, &command);
            return;
        }
        reply_level(HEAD_WORDS + WORDS_OF_LEVEL * i, &readings[i]);
    }
    failed |= readings[0].sum < readings[1].sum && readings[1].sum < readings[2].sum ? 0u : FAILED_REFERENCE;
    bridge_reply(1, failed);
    bridge_reply(2, marched);
    bridge_reply(3, (uint32_t)refusal);
    bridge_finish(HEAD_WORDS + WORDS_OF_LEVEL * LEVELS);
}
