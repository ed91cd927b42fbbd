// SPDX-License-Identifier: BSD-3-Clause

#include "analog.h"

#include <algorithm>
#include <cmath>

namespace ohmloop {

namespace {

enum Channel { kGround = 0, kPlus = 1, kMinus = 2, kPulse = 3, kBias = 4, kOpen = 7 };  // of a row
constexpr unsigned kSensed = 1;                                                         // of a column
enum Rail {
    kReadPlus = 0,
    kReadMinus = 1,
    kPulseRail = 2,
    kGate = 3,
    kBiasRail = 4,
    kReference = 5,
    kCommon = 6
};

constexpr double kLeakSiemens = 1e-12;  // of a node that nothing holds
constexpr double kLeastOhm = 1e-3;      // a line without resistance has this
constexpr size_t kSolutions = 600;      // kept: every row alone, and some windows
constexpr double kHalfSpan = 8192.0;    // codes
constexpr double kTwoPi = 6.283185307179586;

// Inverts a symmetric positive definite matrix [n, n] in place.
void invert(std::vector<double>& matrix, size_t n) {
    for (size_t k = 0; k < n; ++k) {
        double* pivot = &matrix[k * n];
        const double scale = 1.0 / pivot[k];
        for (size_t j = 0; j < n; ++j) pivot[j] *= scale;
        pivot[k] = scale;
        for (size_t i = 0; i < n; ++i) {
            if (i == k) continue;
            double* line = &matrix[i * n];
            const double factor = line[k];
            if (factor == 0.0) continue;
            line[k] = 0.0;
            for (size_t j = 0; j < n; ++j) line[j] -= factor * pivot[j];
        }
    }
}

double siemens(double ohm) {
    return 1.0 / std::max(ohm, kLeastOhm);
}

}  // namespace

Analog::Analog(size_t rows, size_t columns, size_t converters, uint16_t* g_codes,
               const AnalogNumbers& numbers, const double* breakdown_v, const double* formed)
    : rows_(rows),
      columns_(columns),
      converters_(converters),
      g_codes_(g_codes),
      numbers_(numbers),
      breakdown_v_(breakdown_v, breakdown_v + rows * columns),
      formed_(formed, formed + rows * columns),
      was_(converters, 0.0),
      target_(converters, 0.0),
      spread_(converters, 0.0),
      noise_(converters, 0.0) {}

// ---- Reading ----

void Analog::lines_changed(const Lines& lines, uint64_t cycle) {
    const double left = std::exp(-static_cast<double>(cycle - moved_) / numbers_.time_constant);
    for (size_t i = 0; i < converters_; ++i) was_[i] = target_[i] + (was_[i] - target_[i]) * left;
    moved_ = cycle;
    std::fill(target_.begin(), target_.end(), 0.0);
    std::fill(spread_.begin(), spread_.end(), 0.0);
    if (lines.shorted || lines.inhibit) return;

    std::vector<double> amperes(converters_, 0.0), variance(converters_, 0.0);
    if (lines.reference) {
        const double volts = rail_volts(lines, 0, 1, kReference);
        std::fill(amperes.begin(), amperes.end(), volts / numbers_.reference_ohm);
    } else {
        const Solution& found = solution(lines);
        for (size_t c = 0; c < columns_; ++c) {
            if (lines.column_channel[c] != kSensed) continue;
            for (size_t r = 0; r < rows_; ++r) {
                const double one = row_volts(lines, r) * found.of_rows[r * columns_ + c];
                amperes[c % converters_] += one;
                variance[c % converters_] += one * one;
            }
            for (size_t other = 0; other < columns_; ++other)
                amperes[c % converters_] +=
                    column_volts(lines, other) * found.of_columns[other * columns_ + c];
        }
    }
    const double ohm = numbers_.feedback_ohm[lines.range];
    const double codes_per_volt = kHalfSpan / numbers_.reference_v;
    for (size_t i = 0; i < converters_; ++i) {
        const double volts = std::clamp(amperes[i] * ohm, -numbers_.swing_v, numbers_.swing_v);
        target_[i] = volts * codes_per_volt;
        spread_[i] = numbers_.read_noise * std::sqrt(variance[i]) * ohm * codes_per_volt;
    }
}

void Analog::conversion_begins() {
    for (size_t i = 0; i < converters_; ++i) {
        const double cells = normal(), converter = normal();
        noise_[i] = spread_[i] * cells + numbers_.adc_noise * converter;
    }
}

std::vector<int> Analog::inputs(uint64_t cycle) const {
    const double left = std::exp(-static_cast<double>(cycle - moved_) / numbers_.time_constant);
    std::vector<int> found(converters_);
    for (size_t i = 0; i < converters_; ++i) {
        const double code = std::floor(target_[i] + (was_[i] - target_[i]) * left + noise_[i] + 0.5);
        found[i] = static_cast<int>(std::clamp(code, -kHalfSpan, kHalfSpan - 1));
    }
    return found;
}

// Box and Muller's: the same numbers with every library.
double Analog::normal() {
    const double first = (static_cast<double>(random_() >> 11) + 0.5) * 0x1p-53;
    const double second = static_cast<double>(random_() >> 11) * 0x1p-53;
    return std::sqrt(-2.0 * std::log(first)) * std::cos(kTwoPi * second);
}

// Volts above COMMON; every DAC carries its share of the lines.
double Analog::rail_volts(const Lines& lines, size_t line, size_t count, unsigned channel) const {
    const size_t dacs = lines.rails.size() / 8;
    const uint16_t* rails = &lines.rails[line * dacs / count * 8];
    return (static_cast<double>(rails[channel]) - rails[kCommon]) * numbers_.volts_per_code;
}

double Analog::row_volts(const Lines& lines, size_t row) const {
    switch (lines.row_channel[row]) {
        case kPlus:
            return rail_volts(lines, row, rows_, kReadPlus);
        case kMinus:
            return rail_volts(lines, row, rows_, kReadMinus);
        case kPulse:
            return lines.pulse ? rail_volts(lines, row, rows_, kPulseRail) : 0.0;
        case kBias:
            return rail_volts(lines, row, rows_, kBiasRail);
        default:
            return 0.0;
    }
}

double Analog::column_volts(const Lines& lines, size_t column) const {
    if (lines.column_channel[column] == kPulse && lines.pulse)
        return rail_volts(lines, column, columns_, kPulseRail);
    return lines.column_channel[column] == kBias ? rail_volts(lines, column, columns_, kBiasRail) : 0.0;
}

// ---- Nodes ----

const Analog::Solution& Analog::solution(const Lines& lines) {
    std::vector<uint8_t> key(lines.word_line);
    for (const uint8_t channel : lines.row_channel) key.push_back(channel != kOpen);
    for (const uint8_t channel : lines.column_channel) key.push_back(channel != kOpen);
    auto place = solutions_.find(key);
    if (place == solutions_.end()) {
        if (solutions_.size() >= kSolutions) solutions_.clear();
        place = solutions_.emplace(key, solve(lines)).first;
    }
    return place->second;
}

// A row's nodes, its cells' other ends held: what current into them does to their voltages, [columns,
// columns].
void Analog::row_ladder(const Lines& lines, size_t row, Matrix& inverse) const {
    const size_t n = columns_;
    const double piece = siemens(numbers_.row_ohm);
    inverse.assign(n * n, 0.0);
    for (size_t c = 0; c < n; ++c) {
        const double g = lines.word_line[row] ? g_codes_[row * n + c] * numbers_.siemens_per_code : 0.0;
        inverse[c * n + c] += g + kLeakSiemens;
        if (c + 1 == n) continue;
        inverse[c * n + c] += piece;
        inverse[(c + 1) * n + c + 1] += piece;
        inverse[c * n + c + 1] = inverse[(c + 1) * n + c] = -piece;
    }
    if (lines.row_channel[row] != kOpen) inverse[0] += siemens(numbers_.mux_ohm);
    invert(inverse, n);
}

// The rows' nodes are eliminated, then the columns' from the first row to the last, where the amplifiers are;
// the way back gives what each row does there.
Analog::Solution Analog::solve(const Lines& lines) const {
    const size_t n = columns_;
    const double piece = siemens(numbers_.column_ohm), mux = siemens(numbers_.mux_ohm);
    std::vector<Matrix> inverse(rows_);  // of the columns' nodes up to each row
    std::vector<std::vector<double>> driven(rows_, std::vector<double>(n, 0.0));
    Matrix ladder;
    for (size_t r = 0; r < rows_; ++r) {
        Matrix nodes(n * n, 0.0);
        for (size_t c = 0; c < n; ++c) {
            nodes[c * n + c] = kLeakSiemens + (r > 0 ? piece : 0.0) + (r + 1 < rows_ ? piece : 0.0);
            if (r + 1 == rows_ && lines.column_channel[c] != kOpen) nodes[c * n + c] += mux;
        }
        if (lines.word_line[r]) {
            row_ladder(lines, r, ladder);
            for (size_t i = 0; i < n; ++i) {
                const double g = g_codes_[r * n + i] * numbers_.siemens_per_code;
                nodes[i * n + i] += g;
                driven[r][i] = lines.row_channel[r] != kOpen ? g * ladder[i * n] * mux : 0.0;
                for (size_t j = 0; j < n; ++j)
                    nodes[i * n + j] -=
                        g * ladder[i * n + j] * g_codes_[r * n + j] * numbers_.siemens_per_code;
            }
        }
        if (r > 0) {
            for (size_t i = 0; i < n * n; ++i) nodes[i] -= piece * piece * inverse[r - 1][i];
        }
        invert(nodes, n);
        inverse[r] = std::move(nodes);
    }

    Solution found{Matrix(rows_ * n, 0.0), Matrix(n * n, 0.0)};
    Matrix reach = inverse[rows_ - 1],
           further;  // volts at this row's nodes per ampere into the columns' ends
    for (size_t i = 0; i < n; ++i)
        for (size_t c = 0; c < n; ++c)
            if (lines.column_channel[i] != kOpen) found.of_columns[i * n + c] = mux * reach[i * n + c] * mux;
    for (size_t r = rows_; r-- > 0;) {
        for (size_t i = 0; i < n; ++i)
            for (size_t c = 0; c < n; ++c) found.of_rows[r * n + c] += driven[r][i] * reach[i * n + c] * mux;
        if (r == 0) break;
        further.assign(n * n, 0.0);
        for (size_t i = 0; i < n; ++i)
            for (size_t k = 0; k < n; ++k) {
                const double factor = inverse[r - 1][i * n + k] * piece;
                for (size_t c = 0; c < n; ++c) further[i * n + c] += factor * reach[k * n + c];
            }
        reach.swap(further);
    }
    for (size_t c = 0; c < n; ++c)
        found.of_columns[c * n + c] -= lines.column_channel[c] != kOpen ? mux : 0.0;
    return found;
}

// ---- Pulses ----

void Analog::pulse_ended(const Lines& lines, uint64_t width) {
    for (size_t r = 0; r < rows_; ++r) {
        if (!lines.word_line[r] || lines.row_channel[r] == kOpen) continue;
        std::vector<uint16_t> train(lines.rails);
        train.push_back(static_cast<uint16_t>(r));
        for (const uint8_t channel : lines.column_channel) train.push_back(channel);
        stressed_ = train == train_ ? stressed_ + static_cast<double>(width) : static_cast<double>(width);
        train_.swap(train);
        const double gate_v = rail_volts(lines, r, rows_, kGate);
        for (size_t c = 0; c < columns_; ++c) {
            if (lines.column_channel[c] == kOpen) continue;
            stress(r, c, column_volts(lines, c) - row_volts(lines, r), gate_v);
        }
    }
    cells_changed();
}

// The column above the row breaks and sets, below it resets.
void Analog::stress(size_t row, size_t column, double volts, double gate_v) {
    const AnalogNumbers& n = numbers_;
    uint16_t& cell = g_codes_[row * columns_ + column];
    const size_t place = row * columns_ + column;
    double g = cell;
    if (g < n.formed_floor) {
        const double fall = n.forming_fall_v * std::log10(stressed_ / n.forming_width);
        if (volts < breakdown_v_[place] - fall) return;
        const double factor =
            std::clamp((gate_v - n.gate_threshold_v) / (n.gate_nominal_v - n.gate_threshold_v), 0.0, 7.0);
        g = std::max(formed_[place] * factor, n.formed_floor);
    } else if (-volts > n.reset_onset_v) {
        const double part = (-volts - n.reset_onset_v) * n.reset_per_volt +
                            n.reset_per_decade * std::log10(stressed_ / n.forming_width);
        g -= (g - n.formed_floor) * std::clamp(part, 0.0, 1.0);
    } else if (volts > n.set_onset_v && gate_v > n.set_gate_onset_v && n.set_level_per_volt > 0.0) {
        const double part = (volts - n.set_onset_v) * n.set_per_volt +
                            n.set_per_decade * std::log10(stressed_ / n.forming_width);
        const double level = (gate_v - n.set_gate_onset_v) * n.set_level_per_volt;
        if (level > g) g += (level - g) * std::clamp(part, 0.0, 1.0);
    }
    cell = static_cast<uint16_t>(std::clamp(std::floor(g + 0.5), 0.0, 1023.0));
}

}  // namespace ohmloop
