// SPDX-License-Identifier: BSD-3-Clause
//! ADC_SELFCAL: n readings of the reference input; sum and sum of squares of every ADC channel's codes.
//!
//! The array stays disconnected. Mean and spread are the host's to compute, and the DARK table is its to
//! write.
#ifndef SELFCAL_H
#define SELFCAL_H

void selfcal_run(void);

#endif
