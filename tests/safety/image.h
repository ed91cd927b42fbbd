// SPDX-License-Identifier: BSD-3-Clause
//
// Firmware that was written to do harm: RV32 programs which drive the bridge's registers past every limit.
#pragma once

#include "observer.h"
#include "random.h"

// An image of at most `most` words.
Words hostile_image(Random& random, const Observer& observer, size_t most);
