// SPDX-License-Identifier: BSD-3-Clause
//! PROGRAM: write-verify of a window of at most 512 cells, and the forming ramp (docs/programming.md, step by
//! step).
//!
//! The board has judged the request's fields, its window and its read voltage. The guard is asked about the
//! highest pulses before anything is driven; every pulse is judged again when it is given.
#ifndef PROGRAM_H
#define PROGRAM_H

void program_run(void);

#endif
