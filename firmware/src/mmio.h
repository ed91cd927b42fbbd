// SPDX-License-Identifier: BSD-3-Clause
//! The only way to an address outside the core's own memory.
//!
//! Addresses are made of the names of core_bridge.h. On the PC the two functions have another body, which the
//! tests give (MMIO_RECORDING): the same driver code then meets recorded traffic.
#ifndef MMIO_H
#define MMIO_H

#include <stdint.h>

#ifdef MMIO_RECORDING

uint32_t mmio_read32(uint32_t address);
void mmio_write32(uint32_t address, uint32_t value);

#else

static inline uint32_t mmio_read32(uint32_t address) {
    return *(const volatile uint32_t*)address;
}

static inline void mmio_write32(uint32_t address, uint32_t value) {
    *(volatile uint32_t*)address = value;
}

#endif

#endif
