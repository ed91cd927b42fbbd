// SPDX-License-Identifier: BSD-3-Clause
//! What becomes of one cell after a reading: accepted, read again, given up, or pulsed (docs/programming.md,
//! steps 3 and 4).
//!
//! Pure: no register is touched, so it is tested on the PC cell by cell.
#ifndef DECIDE_H
#define DECIDE_H

#include <stdint.h>

#include "plan.h"
#include "workspace.h"

enum { OUTCOME_OPEN = 0xFFu, DIRECTION_NONE = 0xFFu };

//! An open cell before its first reading; `word` is its target and tolerance as on the wire.
void decide_begin(const struct plan* plan, uint32_t word, struct program_cell* cell);

//! What a reading leads to: pulses (RESET, SET or FORM; in TWO_PULSE both), nothing yet (0), an outcome.
enum { COMING_DOWN = 1u, COMING_UP = 2u, COMING_NEVER = 4u };

//! Takes the reading `y` of an open cell; gives it an outcome, or the key of the pulses that it waits for.
uint32_t decide_reading(const struct plan* plan, int32_t y, struct program_cell* cell);

//! The outcome that an independent reading `z` leaves it.
uint32_t decide_final(const struct plan* plan, int32_t z, bool saturated, const struct program_cell* cell);

#endif
