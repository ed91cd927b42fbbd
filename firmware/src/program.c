// SPDX-License-Identifier: BSD-3-Clause
#include "program.h"

#include "decide.h"
#include "permit.h"
#include "plan.h"
#include "queue.h"
#include "trap.h"
#include "window.h"
#include "workspace.h"

enum { MAX_ROUNDS = 1024u, INDICES = 1u << 20, HEAD_WORDS = 4u, COUNT_TOP = 255u };
enum { SUM_TOP = (1 << 23) - 1 };

// What a request has used and decided so far. Rows and columns are those of the window module.
struct job {
    struct plan plan;
    uint32_t n;  // operation indices used
    uint32_t rows_done, given, readings;
    uint32_t mask_words;  // words of a mask that hold columns of the window
    bool stopped;
    enum status_code failure;  // OK while the macro answers
};

// What a reading of a row left: the open cells (workspace_open), and those that wait for TWO_PULSE's RESET.
struct round {
    uint32_t mask[CORE_MASK_WORDS];
    uint32_t open;
    struct group erased;
};

static struct job job;
enum { DOWN, UP, KINDS };

static struct queue queues[KINDS];  // for RESET; for SET or FORM

static bool runs(void) {
    return !job.stopped && job.failure == STATUS_OK;
}

static struct program_cell* cells_of(uint32_t row) {
    return &workspace.cells[row * window_columns.count];
}

// A command on a row, with the next operation indices.
static struct bridge_command next_command(uint32_t row, uint32_t indices) {
    struct bridge_command command = {.row = window_rows.line[row], .index = job.plan.base + job.n};
    job.n += indices;
    return command;
}

// One reading of the columns of the mask, 2^k conversions.
static void read_row(uint32_t row, uint32_t k) {
    struct bridge_command command = next_command(row, 1u << k);
    plan_reading(&job.plan, k, &command);
    job.failure = bridge_read(&command);
}

// ---- A row ----

static void begin(struct round* round) {
    window_mask(&window_columns, round->mask);
    window_clear(round->erased.mask, job.mask_words);
    round->erased.size = 0;
    round->open = window_columns.count;
    for (uint32_t i = 0; i < round->open; i++) {
        workspace_open[i] = (uint16_t)i;
    }
}

// A cell that decided on pulses waits for them. RESETs of TWO_PULSE share one voltage, so they are one group.
static void await(uint32_t coming, uint16_t column, struct program_cell* cell, struct round* round) {
    bool up = (coming & COMING_UP) != 0u;
    queue_add(&queues[up ? UP : DOWN], column, cell);
    if (up && (coming & COMING_DOWN) != 0u) {
        window_set(round->erased.mask, column);
        round->erased.size++;
        cell->pulses++;
    }
}

// Reads the open cells, for the time `readings`, and judges them; `round` says which are open, and comes back
// with what is left.
static void read_and_judge(uint32_t row, uint32_t readings, struct program_cell* cells, struct round* round) {
    uint16_t* kept = workspace_open;
    bridge_mask(round->mask, job.mask_words);
    job.readings += round->open;
    read_row(row, job.plan.a);
    uint32_t open = job.failure == STATUS_OK ? round->open : 0u;
    for (uint32_t i = 0; i < open; i++) {
        uint16_t column = workspace_open[i];
        struct program_cell* cell = &cells[column];
        uint32_t coming = decide_reading(&job.plan, bridge_result(i), cell);
        if (coming == COMING_NEVER) {
            cell->readings = (uint8_t)readings;
            window_drop(round->mask, column);
            continue;
        }
        *kept++ = column;
        if (coming != 0u) {
            await(coming, column, cell, round);
        }
    }
    round->open = (uint32_t)(kept - workspace_open);
}

// A pulse that was not given is not counted.
static void take_back(const uint32_t mask[CORE_MASK_WORDS], struct program_cell* cells) {
    for (uint32_t i = 0; i < window_columns.count; i++) {
        uint32_t line = window_columns.line[i];
        cells[i].pulses = (uint8_t)(cells[i].pulses - (mask[line / 32u] >> line % 32u & 1u));
    }
}

// One pulse on the cells of a mask; false, and programming stops, when it was not permitted.
static bool give(uint32_t row, uint32_t kind, uint32_t key, const struct group* group) {
    if (bridge_token() < group->size) {
        job.stopped = true;
        return false;
    }
    struct bridge_command command = next_command(row, 1);
    plan_pulse(&job.plan, kind, key, &command);
    bridge_mask(group->mask, job.mask_words);
    enum status_code status = bridge_pulse(&command);
    job.failure = status == STATUS_MACRO_TIMEOUT ? status : STATUS_OK;
    job.stopped = status != STATUS_OK;
    return status == STATUS_OK || status == STATUS_ABORTED;
}

static void pulse_group(uint32_t row, uint32_t kind, uint32_t key, const struct group* group,
                        struct program_cell* cells) {
    if (give(row, kind, key, group)) {
        job.given += group->size;
    } else {
        take_back(group->mask, cells);
    }
}

// The pulses of a kind, keys rising: one group a cell at most.
static void pulse_kind(uint32_t row, struct queue* queue, struct program_cell* cells) {
    for (uint32_t groups = 0; runs() && queue->held != 0u && groups < window_columns.count; groups++) {
        struct group group;
        uint32_t key = queue_take(queue, cells, job.mask_words, &group);
        pulse_group(row, queue->kind, key, &group, cells);
    }
}

// The pulses that a reading led to, RESETs first.
static void pulse_all(uint32_t row, struct round* round, struct program_cell* cells) {
    if (round->erased.size != 0u) {
        pulse_group(row, PULSE_RESET, job.plan.down.start, &round->erased, cells);
        round->erased.size = 0;
        window_clear(round->erased.mask, job.mask_words);
    }
    for (uint32_t i = 0; i < KINDS; i++) {
        pulse_kind(row, &queues[i], cells);
    }
}

// All open cells of a row get an outcome, after so many readings of each.
static void close(uint32_t outcome, uint32_t readings, struct program_cell* cells) {
    for (uint32_t i = 0; i < window_columns.count; i++) {
        if (cells[i].outcome == OUTCOME_OPEN) {
            cells[i].outcome = (uint8_t)outcome;
            cells[i].readings = (uint8_t)readings;
        }
    }
}

static void program_row(uint32_t row, struct program_cell* cells) {
    struct round round;
    begin(&round);
    uint32_t readings = 0;  // of a cell that is open: one a round
    for (uint32_t rounds = 0; rounds < MAX_ROUNDS && round.open != 0u && runs(); rounds++) {
        if (job.n + (1u << job.plan.a) + 2u * window_columns.count > INDICES) {
            job.stopped = true;
            break;
        }
        readings += readings < COUNT_TOP ? 1u : 0u;
        read_and_judge(row, readings, cells, &round);
        pulse_all(row, &round, cells);
    }
    if (runs()) {
        close(OUTCOME_BUDGET, readings, cells);
        job.rows_done++;
        bridge_progress(job.rows_done);
    } else {
        close(OUTCOME_UNFINISHED, readings, cells);
    }
}

// ---- After the last row ----

static void wait(uint32_t cycles) {
    uint32_t begun = bridge_cycles();
    for (uint32_t looks = cycles / CORE_POLL_CYCLES + 1u; looks != 0u; looks--) {
        if (bridge_cycles() - begun >= cycles) {
            return;
        }
    }
}

static uint32_t clamp(int32_t z) {
    z = z > SUM_TOP ? SUM_TOP : z;
    return (uint32_t)(z < -SUM_TOP - 1 ? -SUM_TOP - 1 : z) & 0xFFFFFFu;
}

static uint32_t counts(uint32_t i, const struct program_cell* cells) {
    return i < window_columns.count ? cells[i].pulses | (uint32_t)cells[i].readings << 8 : 0u;
}

// Reads a row once more and writes its part of the reply; returns the word after it.
static uint32_t report_row(uint32_t row, uint32_t place, const struct program_cell* cells) {
    uint32_t flags = 0;
    read_row(row, job.plan.b);
    for (uint32_t i = 0; job.failure == STATUS_OK && i < window_columns.count; i++) {
        int32_t z = bridge_result(i);
        flags = i % 32u == 0u ? bridge_flags(i / 32u) : flags;
        uint32_t outcome = decide_final(&job.plan, z, (flags >> i % 32u & 1u) != 0u, &cells[i]);
        bridge_reply(place++, clamp(z) | outcome << 24);
    }
    for (uint32_t i = 0; i < window_columns.count; i += 2u) {
        bridge_reply(place++, counts(i, cells) | counts(i + 1u, cells) << 16);
    }
    return place;
}

static void report(void) {
    uint32_t mask[CORE_MASK_WORDS];
    uint32_t place = HEAD_WORDS;
    wait(job.plan.delay);
    window_mask(&window_columns, mask);
    bridge_mask(mask, CORE_MASK_WORDS);
    for (uint32_t row = 0; row < window_rows.count && job.failure == STATUS_OK; row++) {
        place = report_row(row, place, cells_of(row));
    }
    if (job.failure != STATUS_OK) {
        bridge_refuse(job.failure, 0, 0, 0);
        return;
    }
    bridge_reply(1, job.rows_done);
    bridge_reply(2, job.given);
    bridge_reply(3, job.readings);
    bridge_finish(place);
}

void program_run(void) {
    uint32_t mask[CORE_MASK_WORDS];
    job = (struct job){.failure = STATUS_OK};
    plan_read(&job.plan);
    uint32_t word = window_read(window_read(PLAN_AXES, &window_rows), &window_columns);
    uint32_t cells = window_rows.count * window_columns.count;
    trap_unless(cells != 0u && cells <= PROGRAM_CELLS);
    job.mask_words = window_columns.line[window_columns.count - 1u] / 32u + 1u;
    window_mask(&window_columns, mask);
    bridge_mask(mask, CORE_MASK_WORDS);
    if (!permit_kind(&job.plan, job.plan.up.kind) ||
        (job.plan.up.kind == PULSE_SET && !permit_kind(&job.plan, PULSE_RESET))) {
        return;
    }
    for (uint32_t i = 0; i < cells; i++) {
        decide_begin(&job.plan, bridge_request(word + i), &workspace.cells[i]);
    }
    for (uint32_t i = 0; i < KINDS; i++) {
        queue_begin(&job.plan, i == UP ? job.plan.up.kind : PULSE_RESET, &queues[i]);
    }
    for (uint32_t row = 0; row < window_rows.count; row++) {
        program_row(row, cells_of(row));
    }
    report();
}
