// SPDX-License-Identifier: BSD-3-Clause
#include "decide.h"

// ceil(16 * sqrt(m)), m = 0 .. 64
static const uint8_t root[65] = {0,   16,  23,  28,  32,  36,  40,  43,  46,  48,  51,  54,  56,
                                 58,  60,  62,  64,  66,  68,  70,  72,  74,  76,  77,  79,  80,
                                 82,  84,  85,  87,  88,  90,  91,  92,  94,  95,  96,  98,  99,
                                 100, 102, 103, 104, 105, 107, 108, 109, 110, 111, 112, 114, 115,
                                 116, 117, 118, 119, 120, 121, 122, 123, 124, 125, 126, 127, 128};

static uint32_t magnitude(int32_t value) {
    return value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
}

// Keys of pulses: a word of 16 bits, as the register's.
static uint16_t code(uint32_t value) {
    return (uint16_t)(value > 0xFFFFu ? 0xFFFFu : value);
}

// offset + slope * value, the slope in Q16.
static uint32_t line(uint32_t offset, uint32_t slope, uint32_t value) {
    return offset + (uint32_t)((uint64_t)slope * value >> 16);
}

void decide_begin(const struct plan* plan, uint32_t word, struct program_cell* cell) {
    *cell = (struct program_cell){.target = (int16_t)(word & 0xFFFFu), .tolerance = (uint16_t)(word >> 16)};
    cell->direction = DIRECTION_NONE;
    cell->outcome = OUTCOME_OPEN;
    cell->guard = line(plan->guard_a, plan->guard_b, magnitude(cell->target) << plan->a);
}

static uint32_t rising(const struct plan_drive* drive, uint32_t s) {
    uint32_t voltage = drive->start + s * drive->step;
    return voltage < drive->end ? voltage : drive->end;
}

static uint32_t falling(const struct plan_drive* drive, uint32_t s) {
    uint32_t fall = s * drive->step;
    uint32_t voltage = fall < drive->start ? drive->start - fall : 0u;
    return voltage > drive->end ? voltage : drive->end;
}

// TWO_PULSE: where the gate goes.
static int32_t next_gate(const struct plan* plan, bool first, bool is_high, uint32_t miss,
                         const struct program_cell* cell) {
    int32_t gate =
        (int32_t)plan->gate_low + (int32_t)((int64_t)cell->target * (int32_t)plan->gate_slope >> 8);
    if (!first) {
        uint32_t gain = (uint32_t)((uint64_t)(miss >> plan->a) * plan->gate_gain >> 8);
        int32_t move = (int32_t)(gain > 1u << plan->quantum ? gain : 1u << plan->quantum);
        gate = (int32_t)cell->gate + (is_high ? -move : move);
    }
    gate = gate >> plan->quantum << plan->quantum;
    gate = gate < (int32_t)plan->gate_low ? (int32_t)plan->gate_low : gate;
    return gate > (int32_t)plan->gate_high ? (int32_t)plan->gate_high : gate;
}

// True when nothing is left for the cell: pulses or amplitude used up, or it does not answer.
static bool given_up(const struct plan* plan, uint32_t direction, uint32_t cost, int32_t y,
                     struct program_cell* cell) {
    bool first = cell->direction == DIRECTION_NONE;
    bool at_end =
        plan->algorithm == ALGORITHM_FORM_RAMP && !first && rising(&plan->up, cell->s) == plan->up.end;
    if (cell->pulses + cost > plan->budget || at_end) {
        cell->outcome = OUTCOME_BUDGET;
        return true;
    }
    bool restart = direction != cell->direction;
    if (!restart) {
        cell->run++;
        if (plan->stall != 0u && cell->run >= plan->stall) {
            if (magnitude(y - cell->mark) <= 2u * cell->guard) {
                cell->outcome = OUTCOME_STUCK;
                return true;
            }
            restart = true;
        }
    }
    if (restart) {
        cell->run = 0;
        cell->mark = y;
    }
    return false;
}

// Steps of the amplitude, before the pulse: from the start again, one more, or as before.
static void step(const struct plan* plan, uint32_t direction, struct program_cell* cell) {
    bool first = cell->direction == DIRECTION_NONE;
    bool reversed = !first && direction != cell->direction;
    bool ping_pong = plan->algorithm == ALGORITHM_PING_PONG;
    if (first || (reversed && !ping_pong)) {
        cell->s = 0;
    } else if (reversed || !ping_pong) {
        cell->s++;  // at most once a pulse, and those fit a byte
    }
}

static uint32_t close(uint32_t outcome, struct program_cell* cell) {
    cell->outcome = (uint8_t)outcome;
    return COMING_NEVER;
}

static uint32_t decide(const struct plan* plan, bool is_high, int32_t y, struct program_cell* cell) {
    bool two = plan->algorithm == ALGORITHM_TWO_PULSE;
    bool first = cell->direction == DIRECTION_NONE;
    bool both = two && (first || is_high);
    uint32_t direction = is_high ? PULSE_RESET : plan->up.kind;
    if (given_up(plan, direction, both ? 2u : 1u, y, cell)) {
        return COMING_NEVER;
    }
    cell->m = 0;
    step(plan, direction, cell);
    cell->direction = (uint8_t)direction;
    if (two) {
        uint32_t miss = magnitude(y - (int32_t)((uint32_t)cell->target << plan->a));
        cell->gate = (uint16_t)next_gate(plan, first, is_high, miss, cell);
        cell->key = cell->gate;
        return both ? COMING_UP | COMING_DOWN : COMING_UP;
    }
    const struct plan_drive* drive = plan_drive(plan, direction);
    bool falls = plan->algorithm == ALGORITHM_PING_PONG;
    cell->key = code(falls ? falling(drive, cell->s) : rising(drive, cell->s));
    return is_high ? COMING_DOWN : COMING_UP;
}

uint32_t decide_reading(const struct plan* plan, int32_t y, struct program_cell* cell) {
    int32_t t = (int32_t)((uint32_t)cell->target << plan->a);
    if (plan->algorithm == ALGORITHM_FORM_RAMP) {
        return y >= t ? close(OUTCOME_DONE, cell) : decide(plan, false, y, cell);
    }
    // Both sides of the page's comparisons, over 16: what is left to the bound, and the guard.
    // The first reading after a pulse, the most frequent, needs no product.
    uint32_t m = cell->m + 1u;
    uint32_t bound = (uint32_t)cell->tolerance << plan->a;
    uint32_t guard = cell->guard;
    uint32_t above = guard;
    int32_t e = y - t;
    if (m != 1u) {
        e += cell->error;
        bound *= m;
        guard *= root[m];
        above = (guard + 15u) >> 4;
        guard >>= 4;
    }
    int32_t left = (int32_t)(bound - magnitude(e));
    if (left >= (int32_t)above) {
        return close(OUTCOME_DONE, cell);
    }
    if (left < -(int32_t)guard || m >= plan->most) {
        return decide(plan, e > 0, y, cell);
    }
    cell->error = e;
    cell->m = (uint8_t)m;
    return 0;
}

uint32_t decide_final(const struct plan* plan, int32_t z, bool saturated, const struct program_cell* cell) {
    int32_t target = (int32_t)((uint32_t)cell->target << plan->b);
    uint32_t final = line(plan->final_a, plan->final_b, magnitude(target));
    if (cell->outcome != OUTCOME_DONE) {
        return cell->outcome;
    }
    if (saturated) {
        return OUTCOME_SATURATED;
    }
    if (plan->algorithm == ALGORITHM_FORM_RAMP) {
        return (int64_t)z + final < target ? OUTCOME_MOVED : OUTCOME_DONE;
    }
    uint32_t bound = ((uint32_t)cell->tolerance << plan->b) + final;
    return magnitude(z - target) > bound ? OUTCOME_MOVED : OUTCOME_DONE;
}
