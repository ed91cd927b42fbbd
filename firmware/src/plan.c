// SPDX-License-Identifier: BSD-3-Clause
#include "plan.h"

enum { ONE_PLANE = 1u << 16, WIDTH_32 = 2u << 20, KIND_SHIFT = 8u, RANGE_SHIFT = 8u, AVERAGES_SHIFT = 12u };

static uint32_t low(uint32_t word) {
    return word & 0xFFFFu;
}

static uint32_t high(uint32_t word) {
    return word >> 16;
}

static void read_drives(struct plan* plan) {
    uint32_t start = bridge_request(6);
    uint32_t step = bridge_request(7);
    uint32_t end = bridge_request(8);
    uint32_t gate = bridge_request(9);
    uint32_t up = plan->algorithm == ALGORITHM_FORM_RAMP ? PULSE_FORM : PULSE_SET;
    plan->up = (struct plan_drive){up, low(start), low(step), low(end), low(gate), bridge_request(10)};
    plan->down =
        (struct plan_drive){PULSE_RESET, high(start), high(step), high(end), high(gate), bridge_request(11)};
}

void plan_read(struct plan* plan) {
    uint32_t word = bridge_request(0);
    plan->range = word >> RANGE_SHIFT & 15u;
    plan->a = word >> AVERAGES_SHIFT & 15u;
    plan->algorithm = word >> 16 & 15u;
    plan->b = word >> 20 & 15u;
    plan->most = word >> 24;
    word = bridge_request(1);
    plan->read_code = low(word);
    plan->budget = word >> 16 & 0xFFu;
    plan->stall = word >> 24;
    plan->base = bridge_request(2);
    plan->base |= (uint64_t)bridge_request(3) << 32;
    word = bridge_request(4);
    plan->guard_a = low(word);
    plan->guard_b = high(word);
    word = bridge_request(5);
    plan->final_a = low(word);
    plan->final_b = high(word);
    read_drives(plan);
    word = bridge_request(12);
    plan->gate_slope = low(word);
    plan->gate_gain = high(word);
    word = bridge_request(13);
    plan->gate_low = low(word);
    plan->gate_high = high(word);
    word = bridge_request(14);
    plan->delay = word & 0x0FFFFFFFu;
    plan->quantum = word >> 28;
}

const struct plan_drive* plan_drive(const struct plan* plan, uint32_t kind) {
    return kind == PULSE_RESET ? &plan->down : &plan->up;
}

void plan_reading(const struct plan* plan, uint32_t k, struct bridge_command* command) {
    command->word0 = plan->range << RANGE_SHIFT | k << AVERAGES_SHIFT | ONE_PLANE | WIDTH_32;
    command->word1 = plan->read_code;
}

static bool is_by_gate(const struct plan* plan, uint32_t kind) {
    return plan->algorithm == ALGORITHM_TWO_PULSE && kind == PULSE_SET;
}

void plan_keys(const struct plan* plan, uint32_t kind, uint32_t* lowest, uint32_t* highest) {
    const struct plan_drive* drive = plan_drive(plan, kind);
    bool by_gate = is_by_gate(plan, kind);
    uint32_t one = by_gate ? plan->gate_low : drive->start;
    uint32_t other = by_gate ? plan->gate_high : drive->end;
    *lowest = one < other ? one : other;
    *highest = one < other ? other : one;
}

void plan_pulse(const struct plan* plan, uint32_t kind, uint32_t key, struct bridge_command* command) {
    const struct plan_drive* drive = plan_drive(plan, kind);
    bool by_gate = is_by_gate(plan, kind);
    uint32_t voltage = by_gate ? drive->start : key;
    uint32_t gate = by_gate ? key : drive->gate;
    command->word0 = kind << KIND_SHIFT;
    command->word1 = gate << 16 | voltage;
    command->word2 = drive->width;
    command->elapsed = drive->width;
}

void plan_highest(const struct plan* plan, uint32_t kind, struct bridge_command* command, uint32_t place[3]) {
    const struct plan_drive* drive = plan_drive(plan, kind);
    bool two = plan->algorithm == ALGORITHM_TWO_PULSE;
    uint32_t voltage = two || drive->start > drive->end ? drive->start : drive->end;
    plan_pulse(plan, kind, two && kind == PULSE_SET ? plan->gate_high : voltage, command);
    place[0] = 6;
    place[1] = two && kind == PULSE_SET ? 13 : 9;
    place[2] = kind == PULSE_RESET ? 11 : 10;
}
