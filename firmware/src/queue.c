// SPDX-License-Identifier: BSD-3-Clause
#include "queue.h"

#include "trap.h"
#include "window.h"

enum { LAST = 0xFFFFu };

void queue_begin(const struct plan* plan, uint32_t kind, struct queue* queue) {
    uint32_t high;
    *queue = (struct queue){.kind = kind};
    plan_keys(plan, kind, &queue->low, &high);
    while ((high - queue->low) >> queue->shift >= QUEUE_BUCKETS) {
        queue->shift++;
    }
    for (uint32_t i = 0; i < QUEUE_BUCKETS; i++) {
        queue->first[i] = LAST;
    }
}

void queue_add(struct queue* queue, uint16_t column, struct program_cell* cell) {
    uint32_t bucket = (cell->key - queue->low) >> queue->shift;
    trap_unless(bucket < QUEUE_BUCKETS);
    cell->next = queue->first[bucket];
    queue->first[bucket] = column;
    queue->held |= 1u << bucket;
}

// The lowest key of a chain.
static uint32_t lowest_of(uint32_t column, const struct program_cell* cells) {
    uint32_t lowest = cells[column].key;
    for (column = cells[column].next; column != LAST; column = cells[column].next) {
        lowest = cells[column].key < lowest ? cells[column].key : lowest;
    }
    return lowest;
}

uint32_t queue_take(struct queue* queue, struct program_cell* cells, uint32_t words, struct group* group) {
    uint32_t bucket = (uint32_t)__builtin_ctz(queue->held);
    uint16_t* link = &queue->first[bucket];
    uint32_t key = lowest_of(*link, cells);
    uint32_t size = 0;
    window_clear(group->mask, words);
    while (*link != LAST) {
        uint32_t column = *link;
        struct program_cell* cell = &cells[column];
        if (cell->key == key) {
            window_set(group->mask, column);
            cell->pulses++;
            size++;
            *link = cell->next;
        } else {
            link = &cell->next;
        }
    }
    group->size = size;
    if (queue->first[bucket] == LAST) {
        queue->held &= queue->held - 1u;
    }
    return key;
}
