// SPDX-License-Identifier: BSD-3-Clause
// The PC's body of mmio.h: every access goes to the test, which plays the
// bridge. And the memory that SELF_TEST marches through.
#include <stdint.h>
#include <stdlib.h>

#define FREE_WORDS 64

uint32_t recording_memory[FREE_WORDS];
__asm__(
    ".globl __free_start\n.set __free_start, recording_memory\n"
    ".globl __free_end\n.set __free_end, recording_memory + 256\n");

static uint32_t (*on_read)(uint32_t address);
static void (*on_write)(uint32_t address, uint32_t value);

void recording_begin(uint32_t (*reader)(uint32_t), void (*writer)(uint32_t, uint32_t)) {
    on_read = reader;
    on_write = writer;
}

uint32_t mmio_read32(uint32_t address) {
    return on_read(address);
}

void mmio_write32(uint32_t address, uint32_t value) {
    on_write(address, value);
}
