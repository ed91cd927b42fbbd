// SPDX-License-Identifier: BSD-3-Clause
//! What the guard says of PROGRAM's pulses before anything is driven.
#ifndef PERMIT_H
#define PERMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "plan.h"

//! Asks the guard about the highest pulse of a kind on every row; false, and the request is refused, when one
//! is not permitted. What is above a limit is told only when no row is outside the token; whether the token
//! has pulses enough is asked at every pulse.
bool permit_kind(const struct plan* plan, uint32_t kind);

#endif
