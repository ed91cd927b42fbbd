// SPDX-License-Identifier: BSD-3-Clause
//! What only a bug of ours can break: the core stops, the board ends what it began and answers
//! FIRMWARE_FAULT.
#ifndef TRAP_H
#define TRAP_H

#include <stdbool.h>

static inline void trap_unless(bool promise) {
    if (!promise) {
        __builtin_trap();
    }
}

#endif
