// SPDX-License-Identifier: BSD-3-Clause
//! SELF_TEST: the core's memory, the bridge, the guard and the reference input (docs/protocol.md,
//! "Firmware").
//!
//! Drives nothing but the reference input. What a reading should be is the host's to say: codes in, codes
//! out.
#ifndef SELFTEST_H
#define SELFTEST_H

void selftest_run(void);

#endif
