// SPDX-License-Identifier: BSD-3-Clause
//! The words of a PROGRAM request, read once, and what follows from them alone (docs/protocol.md,
//! docs/programming.md).
#ifndef PLAN_H
#define PLAN_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge.h"

//! What one kind of pulse is given: SET (or FORM) and RESET.
struct plan_drive {
    uint32_t kind, start, step, end, gate, width;
};

//! The request.
struct plan {
    uint32_t range, a, b, algorithm, most, budget, stall, read_code;
    uint64_t base;
    uint32_t guard_a, guard_b, final_a, final_b;
    struct plan_drive up, down;  // SET or FORM; RESET
    uint32_t gate_slope, gate_gain, gate_low, gate_high, quantum, delay;
};

//! Payload word of the rows axis.
enum { PLAN_AXES = 15u };

void plan_read(struct plan* plan);

//! The drive of a kind of pulse.
const struct plan_drive* plan_drive(const struct plan* plan, uint32_t kind);

//! Words 0 and 1 of a reading with 2^k conversions.
void plan_reading(const struct plan* plan, uint32_t k, struct bridge_command* command);

//! A pulse of one kind; `key` is its voltage, or in TWO_PULSE the gate of a SET.
void plan_pulse(const struct plan* plan, uint32_t kind, uint32_t key, struct bridge_command* command);

//! The lowest and the highest key that a pulse of a kind can have.
void plan_keys(const struct plan* plan, uint32_t kind, uint32_t* lowest, uint32_t* highest);

//! The highest pulse that a kind can take, and the payload words of its voltage, gate and width.
void plan_highest(const struct plan* plan, uint32_t kind, struct bridge_command* command, uint32_t place[3]);

#endif
