// SPDX-License-Identifier: BSD-3-Clause
//! The one large buffer: a run serves one request, so its handlers share the memory, each by its own name.
//!
//! Nothing clears it at the start of a run: a handler writes what it reads.
#ifndef WORKSPACE_H
#define WORKSPACE_H

#include <stdint.h>

#include "board_map.h"

//! Most cells of one PROGRAM request.
enum { PROGRAM_CELLS = 512u };

//! One ADC channel of ADC_SELFCAL: 65,535 codes of 24 bits keep the sum below 2^40, the squares below 2^62.
struct selfcal_channel {
    int64_t sum;
    uint64_t squares;
};

//! One cell of PROGRAM, by the names of docs/programming.md.
struct program_cell {
    int32_t error;   // e = S - m * t, where m is not 0
    int32_t mark;    // the reading when its direction last changed
    uint32_t guard;  // of one reading
    int16_t target;  // codes of one conversion
    uint16_t tolerance;
    uint16_t gate;  // G
    uint16_t key;   // of its coming pulse: voltage, or gate in TWO_PULSE
    uint16_t next;  // column after it in a chain of those that wait for a kind of pulse
    uint8_t s;      // steps of the amplitude
    uint8_t readings;
    uint8_t m;  // readings in the error
    uint8_t run;
    uint8_t pulses;
    uint8_t direction;  // kind of its last pulse; DIRECTION_NONE before the first
    uint8_t outcome;    // OUTCOME_OPEN while undecided
};

union workspace {
    struct selfcal_channel channels[MAX_LINES];
    struct program_cell cells[PROGRAM_CELLS];
};

extern union workspace workspace;

//! Columns of the row whose cells are open, ascending, as places in the list of the window's columns.
extern uint16_t workspace_open[MAX_LINES];

_Static_assert(sizeof(struct program_cell) <= 32, "memory is planned for 32 bytes a cell");

#endif
