// SPDX-License-Identifier: BSD-3-Clause
//! The cells of a row that wait for one kind of pulse, given away group by group: all of one key, keys
//! rising.
//!
//! Cells lie in chains (`next`), one for each part of the range that the plan leaves to keys, so that taking
//! a group looks at few others.
#ifndef QUEUE_H
#define QUEUE_H

#include <stdint.h>

#include "plan.h"
#include "workspace.h"

enum { QUEUE_BUCKETS = 32u };

//! The cells of one pulse: window columns as lines of the macro.
struct group {
    uint32_t mask[CORE_MASK_WORDS];
    uint32_t size;
};

//! Buckets by a key's distance from the lowest possible; a bit of `held` where one has cells.
struct queue {
    uint32_t kind, low, shift, held;
    uint16_t first[QUEUE_BUCKETS];
};

//! An empty queue for a kind of pulse.
void queue_begin(const struct plan* plan, uint32_t kind, struct queue* queue);

//! A cell, with its key, at a place among the window's columns.
void queue_add(struct queue* queue, uint16_t column, struct program_cell* cell);

//! The cells of the lowest key leave the queue, which is not empty, and count a pulse more; the key. `words`
//! of the mask are written.
uint32_t queue_take(struct queue* queue, struct program_cell* cells, uint32_t words, struct group* group);

#endif
