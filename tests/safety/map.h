// SPDX-License-Identifier: BSD-3-Clause
//
// The map: opcodes, status codes and the core's bridge as generated (firmware/src), register addresses from
// the build.
#pragma once

#include <cstdint>

#include "board_map.h"
#include "core_bridge.h"

constexpr unsigned kRows = 8;
constexpr unsigned kColumns = 8;

constexpr uint32_t kControl = REGISTER_CONTROL;
constexpr uint32_t kWatchdogCycles = REGISTER_WATCHDOG_CYCLES;
constexpr uint32_t kOperationCycles = REGISTER_OPERATION_CYCLES;
constexpr uint32_t kLimits = REGISTER_LIMIT_FORM_V;
constexpr uint32_t kLock = REGISTER_LIMIT_LOCK;
constexpr uint32_t kPhysics = REGISTER_EMU_PHYSICS;
constexpr uint32_t kDamage = REGISTER_EMU_DAMAGE;

constexpr uint32_t kControlSafe = 1u << 0;  // of CONTROL
constexpr uint32_t kControlClear = 1u << 1;
constexpr uint32_t kShorts = 1u << 1;  // of EMU_PHYSICS

// The limits, in the order of their registers.
enum Limit { kForm, kSet, kReset, kRead, kGate, kWidth, kLimitCount };
