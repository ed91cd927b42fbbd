// SPDX-License-Identifier: BSD-3-Clause
//! The reference input in a request: words as MAC's, source = reference, one reading a command.
//!
//! SELF_TEST and ADC_SELFCAL begin with it. The columns axis says which channels; the rows axis is not used.
#ifndef REFERENCE_H
#define REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "bridge.h"
#include "window.h"

//! Payload word of the rows axis, and of the number of readings.
enum { REFERENCE_AXES = 5u, REFERENCE_COUNT = 4u };

//! Verifies the request's fields and gives the command of its first reading; false: it has been refused.
bool reference_request(struct bridge_command* command, struct window_axis* columns);

//! The level that the request asks (signed 16 bits), and log2 of its averages.
int32_t reference_asked(const struct bridge_command* command);
uint32_t reference_averages(const struct bridge_command* command);

//! Puts another level into the command.
void reference_level(struct bridge_command* command, int32_t level);

//! Ends the run with what a reading was refused for.
void reference_refuse(enum status_code status, const struct bridge_command* command);

#endif
