// SPDX-License-Identifier: BSD-3-Clause
#include "window.h"

#include "bridge.h"
#include "trap.h"

enum { BITMAP = 1u << 31, STRIDE_MASK = 0x7FFFu, LINE_MASK = 0xFFFFu };

struct window_axis window_rows __attribute__((section(".buffers")));
struct window_axis window_columns __attribute__((section(".buffers")));

static void read_bitmap(uint32_t place, struct window_axis* axis) {
    axis->count = 0;
    for (uint32_t word = 0; word < CORE_MASK_WORDS; word++) {
        uint32_t bits = bridge_request(place + word);
        for (uint32_t bit = 0; bit < 32u; bit++, bits >>= 1) {
            if ((bits & 1u) != 0u) {
                axis->line[axis->count++] = (uint16_t)(32u * word + bit);
            }
        }
    }
}

uint32_t window_read(uint32_t place, struct window_axis* axis) {
    uint32_t lines = bridge_request(place);
    uint32_t shape = bridge_request(place + 1u);
    if ((shape & BITMAP) != 0u) {
        read_bitmap(place + 2u, axis);
        return place + 2u + CORE_MASK_WORDS;
    }
    uint32_t line = lines & LINE_MASK;
    axis->count = lines >> 16;
    trap_unless(axis->count <= MAX_LINES);
    for (uint32_t i = 0; i < axis->count; i++) {
        axis->line[i] = (uint16_t)line;
        line += shape & STRIDE_MASK;
    }
    return place + 2u;
}

void window_mask(const struct window_axis* axis, uint32_t mask[CORE_MASK_WORDS]) {
    for (uint32_t i = 0; i < CORE_MASK_WORDS; i++) {
        mask[i] = 0;
    }
    for (uint32_t i = 0; i < axis->count; i++) {
        uint32_t line = axis->line[i];
        trap_unless(line < MAX_LINES);
        mask[line / 32u] |= 1u << line % 32u;
    }
}

void window_clear(uint32_t mask[CORE_MASK_WORDS], uint32_t words) {
    for (uint32_t i = 0; i < words; i++) {
        mask[i] = 0;
    }
}

void window_set(uint32_t mask[CORE_MASK_WORDS], uint32_t column) {
    uint32_t line = window_columns.line[column];
    mask[line / 32u] |= 1u << line % 32u;
}

void window_drop(uint32_t mask[CORE_MASK_WORDS], uint32_t column) {
    uint32_t line = window_columns.line[column];
    mask[line / 32u] &= ~(1u << line % 32u);
}
