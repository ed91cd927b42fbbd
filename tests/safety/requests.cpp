// SPDX-License-Identifier: BSD-3-Clause

#include "requests.h"

#include "image.h"

namespace {

constexpr uint32_t kAllRows = (1u << kRows) - 1;
constexpr uint32_t kAllColumns = (1u << kColumns) - 1;
constexpr size_t kImageWords = 100;

uint32_t lowest(uint32_t lines) {
    uint32_t line = 0;
    while (line < 31 && (lines >> line & 1u) == 0) ++line;
    return line;
}

uint32_t run_from(uint32_t lines, uint32_t first) {
    uint32_t count = 0;
    while ((lines >> (first + count) & 1u) != 0) ++count;
    return count;
}

}  // namespace

uint32_t limits_hash(const std::array<uint32_t, kLimitCount>& limits) {
    return crc32(Words(limits.begin(), limits.end()));
}

Request Maker::make(Template what, Side side) {
    Request request;
    switch (what) {
        case kPulse:
            request = pulse(side);
            break;
        case kArm:
            request = arm(side);
            break;
        case kDisarm:
            request = {OPCODE_DISARM, {}};
            break;
        case kLimitWrite:
            request = limit(side);
            break;
        case kControlWrite:
            request = control(random_.below(8));
            break;
        case kTimeWrite:
            request = times();
            break;
        case kAnyWrite:
            request = any_write();
            break;
        case kRegisterRead:
            request = {OPCODE_REG_READ, {random_.below(32) * 4, random_.from(1, 8)}};
            break;
        case kPing:
            request = {OPCODE_PING, Words(random_.below(9), random_.word())};
            break;
        case kVectors:
            request = vectors(random_.chance(50) ? OPCODE_MAC : OPCODE_MAC_RAW, side);
            break;
        case kReadCells:
            request = vectors(OPCODE_READ_CELLS, side);
            break;
        case kSweep:
            request = sweep(side);
            break;
        case kProgram:
            request = program(side);
            break;
        case kSelfTest:
            request = reference(OPCODE_SELF_TEST, side);
            break;
        case kSelfCalibrate:
            request = reference(OPCODE_ADC_SELFCAL, side);
            break;
        case kFirmware:
            request = firmware_ ? image() : pulse(side);
            break;
        case kTable:
            request = table();
            break;
        case kCells:
            request = cells();
            break;
        case kEnvironment:
            request = environment();
            break;
        default:
            request = {random_.below(256), Words(random_.below(24), random_.word())};
            break;
    }
    if (random_.chance(6)) bend(request);
    return request;
}

// Half-valid: bits turned, words lost or too many. What destroys cells by the emulator's own rules stays out.
void Maker::bend(Request& request) {
    const bool rules = request.opcode == OPCODE_REG_WRITE || request.opcode == OPCODE_TABLE_WRITE ||
                       request.opcode == OPCODE_CELL_LOAD || request.opcode == OPCODE_ENV;
    Words& words = request.payload;
    if (words.empty() || (damage_watched_ && rules)) return;
    switch (random_.below(3)) {
        case 0:
            for (uint32_t turns = random_.from(1, 4); turns != 0; --turns)
                words[random_.below(static_cast<uint32_t>(words.size()))] ^= 1u << random_.below(32);
            break;
        case 1:
            words.resize(random_.below(static_cast<uint32_t>(words.size())));
            break;
        default:
            words.resize(words.size() + random_.from(1, 3), random_.word());
    }
}

// An axis inside the lines `within`, or, now and then, one that is not.
Words Maker::axis(uint32_t within, uint32_t lines) {
    if (within == 0 || random_.chance(4)) {
        const uint32_t start = random_.below(lines + 2);
        const uint32_t count = random_.below(lines + 2);
        return {start | count << 16, random_.below(4)};
    }
    if (random_.chance(25)) {
        const uint32_t bits = (random_.word() & within) != 0 ? random_.word() & within : within;
        Words words(18, 0);
        const uint32_t asked = bits == 0 ? within : bits;
        uint32_t count = 0;
        for (uint32_t i = 0; i < 32; ++i) count += asked >> i & 1u;
        words[0] = count << 16;
        words[1] = 1u << 31;
        words[2] = asked;
        return words;
    }
    const uint32_t first = lowest(within);
    return {first | random_.from(1, run_from(within, first)) << 16, 1};
}

// Rows and columns, within the token when there is one.
void Maker::window(Words& words) {
    const bool armed = observer_.armed() && !random_.chance(8);
    append(words, axis(armed ? observer_.token().rows : kAllRows, kRows));
    append(words, axis(armed ? observer_.token().columns : kAllColumns, kColumns));
}

// Of the quantities that are not the one meant: mostly at their limits, so that only one is wrong.
Side Maker::other(Side side) {
    if (side <= kAt || random_.chance(80))
        return random_.chance(40) ? kAt : random_.chance(50) ? kBelow : kLow;
    return static_cast<Side>(random_.below(kSides));
}

Request Maker::arm() {
    const uint32_t kinds = random_.chance(75) ? 7 : random_.from(1, 6);
    const uint32_t limit = observer_.limits()[random_.below(3)];
    const uint32_t voltage =
        random_.chance(65) ? VOLTAGE_CEILING : random_.beside(kLow, limit, VOLTAGE_CEILING);
    Words words{limits_hash(observer_.limits()), kinds, random_.from(1, 400), voltage, random_.from(1, 40)};
    const bool whole = random_.chance(60);
    append(words, whole ? Words{kRows << 16, 1} : axis(kAllRows, kRows));
    append(words, whole ? Words{kColumns << 16, 1} : axis(kAllColumns, kColumns));
    return {OPCODE_ARM, words};
}

Request Maker::arm(Side side) {
    Request request = arm();
    Words& words = request.payload;
    if (random_.chance(8)) words[0] = random_.word();
    if (random_.chance(40)) words[1] = random_.below(random_.chance(10) ? 256 : 8);
    if (random_.chance(20)) words[2] = random_.chance(50) ? 0 : random_.word();
    if (random_.chance(50))
        words[3] = random_.beside(side, observer_.limits()[random_.below(3)], VOLTAGE_CEILING);
    if (random_.chance(30)) words[4] = random_.chance(50) ? random_.below(3) : random_.word();
    return request;
}

Request Maker::pulse(Side side) {
    const auto& limits = observer_.limits();
    const uint32_t wrong = random_.below(4);  // voltage, gate, width, all
    const uint32_t kind = random_.below(random_.chance(4) ? 4 : 3);
    const auto at = [&](uint32_t quantity) { return wrong == quantity || wrong == 3 ? side : other(side); };
    uint32_t most = limits[kind % 3];
    if (observer_.armed() && random_.chance(50) && observer_.token().voltage < most)
        most = observer_.token().voltage;
    const uint32_t voltage = random_.beside(at(0), most, VOLTAGE_CEILING);
    const uint32_t gate = random_.beside(at(1), limits[kGate], VOLTAGE_CEILING);
    const uint32_t width = random_.beside(at(2), limits[kWidth], random_.chance(50) ? ~0u : WIDTH_CEILING);
    const uint32_t pulses =
        random_.chance(80) ? random_.from(1, 3) : random_.from(random_.below(2), 1u << random_.below(16));
    Words words{kind << 8 | random_.below(2) << 10 | random_.below(random_.chance(5) ? 4 : 3) << 11,
                gate << 16 | voltage,
                width,
                random_.word(),
                0,
                pulses};
    window(words);
    return {OPCODE_PULSE, words};
}

Request Maker::vectors(uint32_t opcode, Side side) {
    const uint32_t bits = opcode == OPCODE_READ_CELLS ? 1 : random_.from(1, 3);
    const bool reference = opcode != OPCODE_READ_CELLS && random_.chance(20);
    const Side meant = random_.chance(50) ? other(kAt) : side;
    const uint32_t code = random_.beside(meant, observer_.limits()[kRead], VOLTAGE_CEILING);
    const uint32_t averages = opcode == OPCODE_MAC_RAW ? 0 : random_.below(random_.chance(30) ? 8 : 3);
    const uint32_t vectors = opcode == OPCODE_READ_CELLS ? 0 : random_.from(1, 3);
    Words words{random_.below(4) << 8 | averages << 12 | bits << 16 | 1u << 20 | (reference ? 1u << 27 : 0u),
                code, random_.word(), 0, vectors};
    window(words);
    const Axis rows = axis_at(words, 5);
    uint32_t lines = 0;
    for (uint32_t i = 0; i < 32; ++i) lines += rows.lines >> i & 1u;
    if (!reference) words.resize(words.size() + vectors * ((lines * bits + 31) / 32), random_.word());
    return {opcode, words};
}

Request Maker::sweep(Side side) {
    const auto& limits = observer_.limits();
    const uint32_t points = random_.from(1, 3);
    Words words{random_.below(4) << 8 | 1u << 20, points, random_.word(), 0};
    window(words);
    for (uint32_t i = 0; i < points; ++i) {
        const uint32_t kind = random_.below(3);
        const uint32_t voltage = random_.beside(
            side, limits[random_.chance(50) ? static_cast<uint32_t>(kRead) : kind], VOLTAGE_CEILING);
        const uint32_t gate = random_.beside(other(side), limits[kGate], VOLTAGE_CEILING);
        const uint32_t dwell =
            random_.beside(random_.chance(70) ? other(side) : side, limits[kWidth], (1u << 28) - 1);
        words.push_back(gate << 16 | voltage);
        words.push_back(kind << 28 | (random_.chance(50) ? 1u << 30 : 0u) | (dwell & 0x0FFFFFFFu));
    }
    return {OPCODE_SWEEP, words};
}

Request Maker::program(Side side) {
    const auto& limits = observer_.limits();
    const uint32_t algorithm = random_.below(4);
    const Limit first = algorithm == 3 ? kForm : kSet;
    const auto pair = [&](Side which, uint32_t low, uint32_t high) {
        return random_.beside(which, low, VOLTAGE_CEILING) | random_.beside(which, high, VOLTAGE_CEILING)
                                                                 << 16;
    };
    const Side lawful = other(side);
    Words words{random_.below(4) << 8 | algorithm << 16 | 2u << 24,
                random_.beside(random_.chance(70) ? lawful : side, limits[kRead], VOLTAGE_CEILING) | 3u << 16,
                1u << 24,
                0,
                0x00080008,
                0x00080008,
                pair(lawful, limits[first], limits[kReset]),
                random_.word() & 0x03FF03FFu,
                pair(side, limits[first], limits[kReset]),
                pair(random_.chance(50) ? lawful : side, limits[kGate], limits[kGate]),
                random_.beside(lawful, limits[kWidth], ~0u),
                random_.beside(lawful, limits[kWidth], ~0u),
                random_.word(),
                pair(lawful, limits[kGate], limits[kGate]),
                random_.below(64)};
    window(words);
    const Axis rows = axis_at(words, 15);
    const Axis columns = axis_at(words, 15 + rows.words);
    uint32_t counts[2] = {0, 0};
    for (uint32_t i = 0; i < 32; ++i) {
        counts[0] += rows.lines >> i & 1u;
        counts[1] += columns.lines >> i & 1u;
    }
    words.resize(words.size() + counts[0] * counts[1], random_.below(1024) | 16u << 16);
    return {OPCODE_PROGRAM, words};
}

Request Maker::reference(uint32_t opcode, Side side) {
    const uint32_t code = random_.beside(side, observer_.limits()[kRead], VOLTAGE_CEILING);
    Words words{1u << 27 | 1u << 16, code | random_.below(64) << 16, random_.word(), 0, random_.from(1, 3)};
    window(words);
    return {opcode, words};
}

Request Maker::image() {
    const Words code = hostile_image(random_, observer_, kImageWords);
    const uint32_t crc = random_.chance(96) ? crc32(code) : random_.word();
    Words words{random_.chance(97) ? 0 : random_.below(64), static_cast<uint32_t>(code.size()), crc};
    append(words, code);
    return {OPCODE_FIRMWARE, words};
}

Request Maker::limit(Side side) {
    const uint32_t index = random_.below(kLimitCount + 1);
    Words words{kLimits + 4 * index};
    for (uint32_t i = index; i <= kLimitCount && (words.size() == 1 || random_.chance(40)); ++i) {
        if (i == kLimitCount) {
            words.push_back(random_.below(3));
        } else {
            const Side meant =
                side == kLow && random_.chance(80) ? kAt : side;  // lowering is rare: it ends a stream
            words.push_back(random_.beside(meant, observer_.limits()[i], random_.chance(50) ? 65535 : ~0u));
        }
    }
    return {OPCODE_REG_WRITE, words};
}

Request Maker::times() {
    const bool watchdog = random_.chance(60);
    return {OPCODE_REG_WRITE, {watchdog ? kWatchdogCycles : kOperationCycles, random_.from(60, 4000)}};
}

Request Maker::any_write() {
    if (damage_watched_) return {OPCODE_REG_WRITE, {random_.below(kPhysics), random_.word()}};
    Words words{random_.below(1u << random_.from(6, 9)) & (random_.chance(90) ? ~3u : ~0u)};
    words.resize(1 + random_.from(1, 4), random_.word());
    return {OPCODE_REG_WRITE, words};
}

Request Maker::table() {
    uint32_t index = random_.below(12);
    if (damage_watched_ && index == TABLE_FORMED) index = TABLE_GAUSS;
    return {OPCODE_TABLE_WRITE, {index | random_.below(300) << 16, random_.word(), random_.word()}};
}

Request Maker::cells() {
    if (random_.chance(40)) {
        Words words{0};
        window(words);
        return {OPCODE_CELL_DUMP, words};
    }
    Words words{0, random_.below(kRows) | 1u << 16, 1, kColumns << 16, 1};
    const uint32_t most = damage_watched_ ? 1000 : 1024;
    for (uint32_t i = 0; i < kColumns / 2; ++i)
        words.push_back(random_.below(most) | random_.below(most) << 16);
    return {OPCODE_CELL_LOAD, words};
}

Request Maker::environment() {
    Words words{random_.below(1u << 13) << 16, random_.below(100), random_.word(), 0};
    window(words);
    return {OPCODE_ENV, words};
}
