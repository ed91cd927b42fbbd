// SPDX-License-Identifier: BSD-3-Clause
//! The bridge to the request, the macro and the reply (docs/modules/firmware.md).
//!
//! One run of the core serves one request: a handler reads its payload, gives commands, writes the reply's
//! words from word 1 on (word 0, the cycles, is the board's) and ends with exactly one bridge_finish or
//! bridge_refuse. A command waits for its end at most as long as the map permits. Nothing here can arm,
//! change a limit or feed the watchdog: the bridge has no register for it.
#ifndef BRIDGE_H
#define BRIDGE_H

#include <stdbool.h>
#include <stdint.h>

#include "board_map.h"
#include "core_bridge.h"

//! What a command says to the macro: words 0 to 2 of READ_CELLS or PULSE as on the wire, and where.
struct bridge_command {
    uint32_t row;
    uint32_t word0;
    uint32_t word1;
    uint32_t word2;    // PULSE: width, clk cycles
    uint32_t elapsed;  // PULSE: stress of this train so far, this pulse included, clk cycles
    uint64_t index;    // operation index
};

//! The request: its opcode, its payload words, word `place` of them, and the reply words that there is room
//! for.
uint32_t bridge_opcode(void);
uint32_t bridge_words(void);
uint32_t bridge_request(uint32_t place);
uint32_t bridge_room(void);

//! Columns of the following commands, column 0 in bit 0 of the first word; words not given stay (a run begins
//! with zeros). bridge_mask_holds: they are what the bridge holds.
void bridge_mask(const uint32_t mask[CORE_MASK_WORDS], uint32_t words);
bool bridge_mask_holds(const uint32_t mask[CORE_MASK_WORDS]);

//! Converts the columns of the mask; STATUS_OK, OVER_READ_LIMIT, BAD_WINDOW (empty mask, no such row) or
//! MACRO_TIMEOUT.
enum status_code bridge_read(const struct bridge_command* command);

//! Cell pulses left of the token, 0 without one; clk cycles of this run so far.
uint32_t bridge_token(void);
uint32_t bridge_cycles(void);

//! How many results the last read gave, result `i` of them, and bit `i % 32` of word `i / 32`: it was
//! saturated.
uint32_t bridge_results(void);
int32_t bridge_result(uint32_t i);
uint32_t bridge_flags(uint32_t word);

//! One pulse on the columns of the mask; STATUS_OK, why the guard refused it, ABORTED (cut short) or
//! MACRO_TIMEOUT.
enum status_code bridge_pulse(const struct bridge_command* command);

//! What the guard would say of that pulse; nothing is driven. bridge_bound is the limit that it compared.
enum status_code bridge_judge(const struct bridge_command* command);
uint32_t bridge_bound(void);

//! Rows done so far, for the answer when the run is stopped.
void bridge_progress(uint32_t rows);

//! Word `place` of the reply, from 1 on.
void bridge_reply(uint32_t place, uint32_t word);

//! The one answer: OK with `words` payload words, or a refusal with its three words.
void bridge_finish(uint32_t words);
void bridge_refuse(enum status_code status, uint32_t value, uint32_t limit, uint32_t place);

#endif
