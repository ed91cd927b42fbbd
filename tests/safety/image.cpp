// SPDX-License-Identifier: BSD-3-Clause

#include "image.h"

namespace {

// Registers of the program: x5 the bridge's base, x6 a constant, x7 a counter, x8 what was read.
constexpr uint32_t kBase = 5, kValue = 6, kCount = 7, kRead8 = 8;

class Assembler {
 public:
    explicit Assembler(size_t most) : most_(most) {}

    bool room(size_t words) const { return code_.size() + words <= most_; }
    void raw(uint32_t word) { code_.push_back(word); }

    void load(uint32_t rd, uint32_t value) {
        const uint32_t low = value & 0xFFFu;
        raw(((value + 0x800u) & 0xFFFFF000u) | rd << 7 | 0x37u);  // lui
        raw(low << 20 | rd << 15 | rd << 7 | 0x13u);              // addi
    }
    void store(uint32_t rs, uint32_t base, uint32_t offset) {
        raw((offset >> 5 & 0x7Fu) << 25 | rs << 20 | base << 15 | 2u << 12 | (offset & 0x1Fu) << 7 | 0x23u);
    }
    void fetch(uint32_t rd, uint32_t base, uint32_t offset) {
        raw((offset & 0xFFFu) << 20 | base << 15 | 2u << 12 | rd << 7 | 0x03u);
    }
    void write(uint32_t offset, uint32_t value) {
        load(kValue, value);
        store(kValue, kBase, offset);
    }
    // Waits while BUSY, at most `looks` times.
    void wait(uint32_t looks) {
        load(kCount, looks);
        fetch(kRead8, kBase, BRIDGE_STATE);
        raw(1u << 20 | kRead8 << 15 | 7u << 12 | kRead8 << 7 | 0x13u);  // andi x8, x8, 1
        raw(branch(12, kRead8, 0, 0));                                  // beq x8, x0, +12
        raw(0xFFFu << 20 | kCount << 15 | kCount << 7 | 0x13u);         // addi x7, x7, -1
        raw(branch(static_cast<uint32_t>(-16), kCount, 0, 1));          // bne x7, x0, -16
    }
    void jump_to_start() {
        const uint32_t offset = 0u - static_cast<uint32_t>(4 * code_.size());
        raw((offset >> 20 & 1u) << 31 | (offset >> 1 & 0x3FFu) << 21 | (offset >> 11 & 1u) << 20 |
            (offset >> 12 & 0xFFu) << 12 | 0x6Fu);
    }
    Words code() const { return code_; }

 private:
    static uint32_t branch(uint32_t offset, uint32_t left, uint32_t right, uint32_t kind) {
        return (offset >> 12 & 1u) << 31 | (offset >> 5 & 0x3Fu) << 25 | right << 20 | left << 15 |
               kind << 12 | (offset >> 1 & 0xFu) << 8 | (offset >> 11 & 1u) << 7 | 0x63u;
    }

    size_t most_;
    Words code_;
};

Side side(Random& random) {
    return random.chance(65) ? static_cast<Side>(random.below(kAt + 1))
                             : static_cast<Side>(random.below(kSides));
}

// The fields of one pulse or read, each near its limit or past it.
void fields(Assembler& code, Random& random, const Observer& observer) {
    const auto& limits = observer.limits();
    const uint32_t kind = random.below(random.chance(10) ? 4 : 3);
    const Limit voltage_limit = random.chance(30) ? kRead : static_cast<Limit>(kind % 3);
    const uint32_t voltage = random.beside(side(random), limits[voltage_limit], VOLTAGE_CEILING);
    const uint32_t gate = random.beside(side(random), limits[kGate], VOLTAGE_CEILING);
    const uint32_t width =
        random.chance(80) ? random.beside(side(random), limits[kWidth], ~0u) : random.word();
    code.write(BRIDGE_WORD0, kind << 8 | (random.chance(20) ? random.word() : 1u << 16));
    code.write(BRIDGE_WORD1, gate << 16 | voltage);
    code.write(BRIDGE_WORD2, width);
    code.write(BRIDGE_ROW, random.chance(80) ? random.below(kRows) : random.word());
    code.write(BRIDGE_MASK, random.chance(50)   ? 1u << random.below(kColumns)
                            : random.chance(80) ? random.below(1u << kColumns)
                                                : random.word());
}

void command(Assembler& code, Random& random) {
    code.write(BRIDGE_COMMAND, random.chance(75) ? COMMAND_PULSE : random.below(4));
    switch (random.below(8)) {
        case 0:  // a field while the command runs: the bridge's fault
            code.write(BRIDGE_WORD1, random.word());
            break;
        case 1:  // another command while one runs
            code.write(BRIDGE_COMMAND, random.below(4));
            break;
        case 2:  // ends the run while the command runs
            code.write(BRIDGE_FINISH, random.below(32));
            break;
        default:
            code.wait(400);
    }
}

}  // namespace

Words hostile_image(Random& random, const Observer& observer, size_t most) {
    Assembler code(most);
    if (random.chance(6)) {
        for (uint32_t words = random.from(1, 40); words != 0; --words) code.raw(random.word());
        return code.code();
    }
    code.load(kBase, CORE_BRIDGE_BASE);
    const uint32_t rounds = random.from(1, 3);
    for (uint32_t i = 0; i < rounds && code.room(40); ++i) {
        fields(code, random, observer);
        command(code, random);
        if (random.chance(10)) code.write(random.below(64) * 4, random.word());  // any register of the bridge
    }
    if (random.chance(5)) code.write(CORE_MEMORY_BYTES - CORE_BRIDGE_BASE + random.word(), 0);
    if (random.chance(15)) code.jump_to_start();
    if (random.chance(80)) code.write(BRIDGE_FINISH, random.chance(70) ? 0u : random.below(256));
    return code.code();
}
