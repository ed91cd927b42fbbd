// SPDX-License-Identifier: BSD-3-Clause
#include "bridge.h"

#include "mmio.h"

enum {
    STATE_BUSY = 1u,
    STATE_STATUS_SHIFT = 8u,
    STATE_STATUS_MASK = 0xFFu,
    AVERAGES_SHIFT = 12u,
    AVERAGES_MASK = 7u
};

static uint32_t get(uint32_t name) {
    return mmio_read32(CORE_BRIDGE_BASE + name);
}

static void put(uint32_t name, uint32_t value) {
    mmio_write32(CORE_BRIDGE_BASE + name, value);
}

uint32_t bridge_opcode(void) {
    return get(BRIDGE_OPCODE);
}

uint32_t bridge_words(void) {
    return get(BRIDGE_WORDS);
}

uint32_t bridge_request(uint32_t place) {
    return mmio_read32(CORE_REQUEST_BASE + 4u * place);
}

uint32_t bridge_room(void) {
    return get(BRIDGE_LARGEST);
}

uint32_t bridge_token(void) {
    return get(BRIDGE_TOKEN);
}

uint32_t bridge_cycles(void) {
    return get(BRIDGE_CYCLES);
}

void bridge_mask(const uint32_t mask[CORE_MASK_WORDS], uint32_t words) {
    for (uint32_t i = 0; i < words; i++) {
        put(BRIDGE_MASK + 4u * i, mask[i]);
    }
}

bool bridge_mask_holds(const uint32_t mask[CORE_MASK_WORDS]) {
    bool holds = true;
    for (uint32_t i = 0; i < CORE_MASK_WORDS; i++) {
        holds = holds && get(BRIDGE_MASK + 4u * i) == mask[i];
    }
    return holds;
}

// Gives the command and waits for its end, `polls` looks at most.
static enum status_code execute(const struct bridge_command* command, uint32_t kind, uint32_t polls) {
    put(BRIDGE_ROW, command->row);
    put(BRIDGE_WORD0, command->word0);
    put(BRIDGE_WORD1, command->word1);
    put(BRIDGE_WORD2, command->word2);
    put(BRIDGE_ELAPSED, command->elapsed);
    put(BRIDGE_INDEX_LO, (uint32_t)command->index);
    put(BRIDGE_INDEX_HI, (uint32_t)(command->index >> 32));
    put(BRIDGE_COMMAND, kind);
    for (; polls != 0; polls--) {
        uint32_t state = get(BRIDGE_STATE);
        if ((state & STATE_BUSY) == 0u) {
            return (enum status_code)(state >> STATE_STATUS_SHIFT & STATE_STATUS_MASK);
        }
    }
    return STATUS_MACRO_TIMEOUT;
}

enum status_code bridge_read(const struct bridge_command* command) {
    uint32_t repeats = 1u << (command->word0 >> AVERAGES_SHIFT & AVERAGES_MASK);
    uint32_t conversions = repeats * MAX_LINES * (CORE_CONVERSION_CYCLES / CORE_POLL_CYCLES);
    return execute(command, COMMAND_READ, conversions + CORE_COMMAND_CYCLES / CORE_POLL_CYCLES);
}

uint32_t bridge_results(void) {
    return get(BRIDGE_RESULTS);
}

int32_t bridge_result(uint32_t i) {
    return (int32_t)get(BRIDGE_RESULT + 4u * i);
}

uint32_t bridge_flags(uint32_t word) {
    return get(BRIDGE_FLAGS + 4u * word);
}

enum status_code bridge_pulse(const struct bridge_command* command) {
    uint32_t polls = command->word2 / CORE_POLL_CYCLES + CORE_COMMAND_CYCLES / CORE_POLL_CYCLES;
    return execute(command, COMMAND_PULSE, polls);
}

enum status_code bridge_judge(const struct bridge_command* command) {
    return execute(command, COMMAND_JUDGE, CORE_COMMAND_CYCLES / CORE_POLL_CYCLES);
}

uint32_t bridge_bound(void) {
    return get(BRIDGE_BOUND);
}

void bridge_progress(uint32_t rows) {
    put(BRIDGE_PROGRESS, rows);
}

void bridge_reply(uint32_t place, uint32_t word) {
    mmio_write32(CORE_REPLY_BASE + 4u * place, word);
}

void bridge_finish(uint32_t words) {
    put(BRIDGE_REPLY, words);
    put(BRIDGE_FINISH, STATUS_OK);
}

void bridge_refuse(enum status_code status, uint32_t value, uint32_t limit, uint32_t place) {
    put(BRIDGE_VALUE, value);
    put(BRIDGE_LIMIT, limit);
    put(BRIDGE_PLACE, place);
    put(BRIDGE_FINISH, (uint32_t)status);
}
