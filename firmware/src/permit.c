// SPDX-License-Identifier: BSD-3-Clause
#include "permit.h"

#include "window.h"

static bool is_limit(enum status_code status) {
    return status == STATUS_OVER_VOLTAGE_LIMIT || status == STATUS_OVER_TOKEN_VOLTAGE ||
           status == STATUS_OVER_GATE_LIMIT || status == STATUS_OVER_WIDTH_LIMIT;
}

static void refuse(enum status_code status, uint32_t row, const struct bridge_command* command,
                   const uint32_t place[3]) {
    uint32_t bound = bridge_bound();
    uint32_t kind = command->word0 >> 8;
    switch (status) {
        case STATUS_OPERATION_NOT_ARMED:
            bridge_refuse(status, kind, bound, 0);
            break;
        case STATUS_OUTSIDE_TOKEN:
            bridge_refuse(status, window_rows.line[row], 0, PLAN_AXES);
            break;
        case STATUS_OVER_VOLTAGE_LIMIT:
        case STATUS_OVER_TOKEN_VOLTAGE:
            bridge_refuse(status, command->word1 & 0xFFFFu, bound, place[0]);
            break;
        case STATUS_OVER_GATE_LIMIT:
            bridge_refuse(status, command->word1 >> 16, bound, place[1]);
            break;
        case STATUS_OVER_WIDTH_LIMIT:
            bridge_refuse(status, command->word2, bound, place[2]);
            break;
        default:
            bridge_refuse(status, 0, 0, 0);
    }
}

bool permit_kind(const struct plan* plan, uint32_t kind) {
    struct bridge_command command = {.row = 0};
    uint32_t place[3];
    enum status_code limit = STATUS_OK;
    plan_highest(plan, kind, &command, place);
    for (uint32_t row = 0; row < window_rows.count; row++) {
        command.row = window_rows.line[row];
        enum status_code status = bridge_judge(&command);
        if (is_limit(status)) {
            limit = status;
        } else if (status != STATUS_OK && status != STATUS_PULSE_BUDGET) {
            refuse(status, row, &command, place);
            return false;
        }
    }
    if (limit != STATUS_OK) {
        refuse(limit, 0, &command, place);
    }
    return limit == STATUS_OK;
}
