// SPDX-License-Identifier: BSD-3-Clause
// One request, one run: the table says who serves it.
#include "bridge.h"
#include "program.h"
#include "selfcal.h"
#include "selftest.h"

struct entry {
    uint32_t opcode;
    void (*run)(void);
};

static const struct entry entries[] = {
    {OPCODE_PROGRAM, program_run},
    {OPCODE_SELF_TEST, selftest_run},
    {OPCODE_ADC_SELFCAL, selfcal_run},
};

int main(void) {
    uint32_t opcode = bridge_opcode();
    for (uint32_t i = 0; i < sizeof entries / sizeof entries[0]; i++) {
        if (entries[i].opcode == opcode) {
            entries[i].run();
            return 0;
        }
    }
    bridge_refuse(STATUS_UNKNOWN_OPCODE, opcode, 0, 0);
    return 0;
}
