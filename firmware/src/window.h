// SPDX-License-Identifier: BSD-3-Clause
//! The two axes of a request's window as lists of lines (docs/protocol.md, "Windows").
//!
//! The board has judged the window before the core runs, so its counts and lines are within the macro.
#ifndef WINDOW_H
#define WINDOW_H

#include <stdint.h>

#include "board_map.h"
#include "core_bridge.h"

//! The lines of one axis, ascending for a bitmap, else in the order of the stride.
struct window_axis {
    uint32_t count;
    uint16_t line[MAX_LINES];
};

//! The rows and the columns of the request, where its handler keeps them.
extern struct window_axis window_rows, window_columns;

//! Reads the axis at payload word `place`; returns the word after it.
uint32_t window_read(uint32_t place, struct window_axis* axis);

//! The mask of the axis's lines.
void window_mask(const struct window_axis* axis, uint32_t mask[CORE_MASK_WORDS]);

//! A mask without lines, as far as the first `words` of it; the line of one of the window's columns in it,
//! and out of it.
void window_clear(uint32_t mask[CORE_MASK_WORDS], uint32_t words);
void window_set(uint32_t mask[CORE_MASK_WORDS], uint32_t column);
void window_drop(uint32_t mask[CORE_MASK_WORDS], uint32_t column);

#endif
