// SPDX-License-Identifier: BSD-3-Clause
#include "workspace.h"

union workspace workspace __attribute__((section(".buffers")));
uint16_t workspace_open[MAX_LINES] __attribute__((section(".buffers")));
