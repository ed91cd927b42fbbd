// SPDX-License-Identifier: BSD-3-Clause
#include "selfcal.h"

#include "bridge.h"
#include "reference.h"
#include "window.h"
#include "workspace.h"

enum { HEAD_WORDS = 2u, WORDS_OF_CHANNEL = 4u };

static struct selfcal_channel* const channels = workspace.channels;

static void add_reading(uint32_t results) {
    for (uint32_t i = 0; i < results; i++) {
        int64_t code = bridge_result(i);
        channels[i].sum += code;
        channels[i].squares += (uint64_t)(code * code);
    }
}

static uint32_t count_flags(void) {
    uint32_t count = 0;
    for (uint32_t word = 0; word < CORE_MASK_WORDS; word++) {
        for (uint32_t flags = bridge_flags(word); flags != 0; flags &= flags - 1u) {
            count++;
        }
    }
    return count;
}

static void reply(uint32_t saturated) {
    bridge_reply(1, saturated);
    for (uint32_t i = 0; i < window_columns.count; i++) {
        uint32_t place = HEAD_WORDS + WORDS_OF_CHANNEL * i;
        bridge_reply(place, (uint32_t)(uint64_t)channels[i].sum);
        bridge_reply(place + 1u, (uint32_t)((uint64_t)channels[i].sum >> 32));
        bridge_reply(place + 2u, (uint32_t)channels[i].squares);
        bridge_reply(place + 3u, (uint32_t)(channels[i].squares >> 32));
    }
    bridge_finish(HEAD_WORDS + WORDS_OF_CHANNEL * window_columns.count);
}

void selfcal_run(void) {
    struct bridge_command command;
    uint32_t mask[CORE_MASK_WORDS];
    uint32_t readings = bridge_request(REFERENCE_COUNT) & 0xFFFFu;
    uint32_t saturated = 0;
    if (!reference_request(&command, &window_columns)) {
        return;
    }
    if (reference_averages(&command) != 0u) {
        bridge_refuse(STATUS_BAD_FIELD, reference_averages(&command), 0, 0);
        return;
    }
    if (readings == 0u) {
        bridge_refuse(STATUS_BAD_FIELD, 0, 1, REFERENCE_COUNT);
        return;
    }
    for (uint32_t i = 0; i < window_columns.count; i++) {
        channels[i] = (struct selfcal_channel){0, 0};
    }
    window_mask(&window_columns, mask);
    bridge_mask(mask, CORE_MASK_WORDS);
    for (uint32_t i = 0; i < readings; i++, command.index++) {
        enum status_code status = bridge_read(&command);
        if (status != STATUS_OK) {
            reference_refuse(status, &command);
            return;
        }
        add_reading(bridge_results());
        saturated += count_flags();
        bridge_progress(i + 1u);
    }
    reply(saturated);
}
