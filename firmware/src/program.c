// SPDX-License-Identifier: BSD-3-Clause
#include "program.h"

#include "decide.h"
#include "plan.h"
#include "trap.h"
#include "window.h"
#include "workspace.h"

enum { MAX_ROUNDS = 1024u, INDICES = 1u << 20, HEAD_WORDS = 4u, LAST = 0xFFFFu, COUNT_TOP = 255u };
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

// What a reading of a row left: the open cells (workspace_open), and the kinds of pulse for which cells
// wait, a bit each.
struct round {
    uint32_t mask[CORE_MASK_WORDS];
    uint32_t open;
    uint32_t waiting;
};

// The cells that wait for one kind of pulse, chained by `next`; the lowest of their keys.
struct chain {
    uint32_t kind, lowest;
    uint16_t first;
};

static struct job job;

static bool runs(void) {
    return !job.stopped && job.failure == STATUS_OK;
}

static struct program_cell* cells_of(uint32_t row) {
    return &workspace.cells[row * window_columns.count];
}

static void clear_mask(uint32_t mask[CORE_MASK_WORDS]) {
    for (uint32_t i = 0; i < job.mask_words; i++) {
        mask[i] = 0;
    }
}

static void set_bit(uint32_t mask[CORE_MASK_WORDS], uint32_t column) {
    uint32_t line = window_columns.line[column];
    mask[line / 32u] |= 1u << line % 32u;
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

// ---- Before anything is driven ----

static bool is_limit(enum status_code status) {
    return status == STATUS_OVER_VOLTAGE_LIMIT || status == STATUS_OVER_TOKEN_VOLTAGE ||
           status == STATUS_OVER_GATE_LIMIT || status == STATUS_OVER_WIDTH_LIMIT;
}

static void refuse(enum status_code status, uint32_t row, const struct bridge_command* command,
                   const uint32_t place[3]) {
    uint32_t bound = bridge_bound();
    uint32_t kind = command->word0 >> 8;
    switch (status) {
        case STATUS_OPERATION_NOT_ARMED:
            bridge_refuse(status, kind, bound, 0);
            break;
        case STATUS_OUTSIDE_TOKEN:
            bridge_refuse(status, window_rows.line[row], 0, PLAN_AXES);
            break;
        case STATUS_OVER_VOLTAGE_LIMIT:
        case STATUS_OVER_TOKEN_VOLTAGE:
            bridge_refuse(status, command->word1 & 0xFFFFu, bound, place[0]);
            break;
        case STATUS_OVER_GATE_LIMIT:
            bridge_refuse(status, command->word1 >> 16, bound, place[1]);
            break;
        case STATUS_OVER_WIDTH_LIMIT:
            bridge_refuse(status, command->word2, bound, place[2]);
            break;
        default:
            bridge_refuse(status, 0, 0, 0);
    }
}

// Asks the guard about the highest pulse of a kind on every row. What is above a limit is told only when no
// row is outside the token; whether the token has pulses enough is asked at every pulse.
static bool permitted(uint32_t kind) {
    struct bridge_command command = {.row = 0};
    uint32_t place[3];
    enum status_code limit = STATUS_OK;
    plan_highest(&job.plan, kind, &command, place);
    for (uint32_t row = 0; row < window_rows.count; row++) {
        command.row = window_rows.line[row];
        enum status_code status = bridge_judge(&command);
        if (is_limit(status)) {
            limit = status;
        } else if (status != STATUS_OK && status != STATUS_PULSE_BUDGET) {
            refuse(status, row, &command, place);
            return false;
        }
    }
    if (limit != STATUS_OK) {
        refuse(limit, 0, &command, place);
    }
    return limit == STATUS_OK;
}

// ---- A row ----

// RESETs of TWO_PULSE share one voltage, whatever their cells' keys.
static bool is_erase(uint32_t kind) {
    return job.plan.algorithm == ALGORITHM_TWO_PULSE && kind == PULSE_RESET;
}

static void begin(struct round* round) {
    window_mask(&window_columns, round->mask);
    round->open = window_columns.count;
    for (uint32_t i = 0; i < round->open; i++) {
        workspace_open[i] = (uint16_t)i;
    }
}

static void drop_bit(uint32_t mask[CORE_MASK_WORDS], uint32_t column) {
    uint32_t line = window_columns.line[column];
    mask[line / 32u] &= ~(1u << line % 32u);
}

// Reads the open cells, for the time `readings`, and judges them; `round` says which are open, and comes back
// with what is left.
static void read_and_judge(uint32_t row, uint32_t readings, struct program_cell* cells, struct round* round) {
    uint16_t* kept = workspace_open;
    uint32_t waiting = 0;
    bridge_mask(round->mask, job.mask_words);
    job.readings += round->open;
    read_row(row, job.plan.a);
    uint32_t open = job.failure == STATUS_OK ? round->open : 0u;
    for (uint32_t i = 0; i < open; i++) {
        uint16_t column = workspace_open[i];
        struct program_cell* cell = &cells[column];
        decide_reading(&job.plan, bridge_result(i), cell);
        if (cell->outcome == OUTCOME_OPEN) {
            *kept++ = column;
            waiting |= cell->coming;
        } else {
            cell->readings = (uint8_t)readings;
            drop_bit(round->mask, column);
        }
    }
    round->open = (uint32_t)(kept - workspace_open);
    round->waiting = waiting;
}

// A pulse that was not given is not counted.
static void take_back(const uint32_t mask[CORE_MASK_WORDS], struct program_cell* cells) {
    for (uint32_t i = 0; i < window_columns.count; i++) {
        uint32_t line = window_columns.line[i];
        cells[i].pulses = (uint8_t)(cells[i].pulses - (mask[line / 32u] >> line % 32u & 1u));
    }
}

// One pulse on the cells of a mask; false, and programming stops, when it was not permitted.
static bool give(uint32_t row, uint32_t kind, uint32_t key, uint32_t size,
                 const uint32_t mask[CORE_MASK_WORDS]) {
    if (bridge_token() < size) {
        job.stopped = true;
        return false;
    }
    struct bridge_command command = next_command(row, 1);
    plan_pulse(&job.plan, kind, key, &command);
    bridge_mask(mask, job.mask_words);
    enum status_code status = bridge_pulse(&command);
    job.failure = status == STATUS_MACRO_TIMEOUT ? status : STATUS_OK;
    job.stopped = status != STATUS_OK;
    return status == STATUS_OK || status == STATUS_ABORTED;
}

// The cells that wait for a kind of pulse, columns ascending.
static struct chain chain_of(uint32_t kind, const struct round* round, struct program_cell* cells) {
    struct chain chain = {.kind = kind, .lowest = UINT32_MAX, .first = LAST};
    uint16_t* link = &chain.first;
    for (uint32_t i = 0; i < round->open; i++) {
        struct program_cell* cell = &cells[workspace_open[i]];
        if ((cell->coming >> kind & 1u) != 0u) {
            cell->coming = (uint8_t)(cell->coming & ~(1u << kind));
            chain.lowest = cell->key < chain.lowest ? cell->key : chain.lowest;
            *link = workspace_open[i];
            link = &cell->next;
        }
    }
    *link = LAST;
    chain.lowest = is_erase(kind) ? job.plan.down.start : chain.lowest;
    return chain;
}

// The group of the lowest key leaves the chain and is pulsed; the lowest of those that are left is found on
// the way.
static void pulse_group(uint32_t row, struct program_cell* cells, struct chain* chain) {
    uint32_t mask[CORE_MASK_WORDS];
    uint32_t key = chain->lowest;
    uint32_t size = 0;
    bool all = is_erase(chain->kind);
    uint16_t* link = &chain->first;
    clear_mask(mask);
    chain->lowest = UINT32_MAX;
    while (*link != LAST) {
        uint32_t column = *link;
        struct program_cell* cell = &cells[column];
        if (all || cell->key == key) {
            set_bit(mask, column);
            cell->pulses++;
            size++;
            *link = cell->next;
        } else {
            chain->lowest = cell->key < chain->lowest ? cell->key : chain->lowest;
            link = &cell->next;
        }
    }
    if (give(row, chain->kind, key, size, mask)) {
        job.given += size;
    } else {
        take_back(mask, cells);
    }
}

// The pulses of a kind, keys rising.
static void pulse_kind(uint32_t row, uint32_t kind, const struct round* round, struct program_cell* cells) {
    if ((round->waiting >> kind & 1u) == 0u || !runs()) {
        return;
    }
    struct chain chain = chain_of(kind, round, cells);
    for (uint32_t groups = 0; runs() && chain.first != LAST && groups < window_columns.count; groups++) {
        pulse_group(row, cells, &chain);
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
        pulse_kind(row, PULSE_RESET, &round, cells);
        pulse_kind(row, job.plan.up.kind, &round, cells);
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
    if (!permitted(job.plan.up.kind) || (job.plan.up.kind == PULSE_SET && !permitted(PULSE_RESET))) {
        return;
    }
    for (uint32_t i = 0; i < cells; i++) {
        decide_begin(&job.plan, bridge_request(word + i), &workspace.cells[i]);
    }
    for (uint32_t row = 0; row < window_rows.count; row++) {
        program_row(row, cells_of(row));
    }
    report();
}
