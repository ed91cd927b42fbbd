// SPDX-License-Identifier: BSD-3-Clause
//
// The analog half of a board at pin level: array, lines, multiplexers, amplifiers, what the converters
// sample.
//
// Currents are the nodal solution of the whole array: two nodes a cell, a multiplexer at the end of every
// line. Amplifiers approach what it gives with one time constant, and clip at their swing. Pulses move cells
// when they end (docs/modules/afe.md).

#ifndef OHMLOOP_ANALOG_H
#define OHMLOOP_ANALOG_H

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <vector>

namespace ohmloop {

// In the order of `_NUMBERS` in wires/_sim_analog.py. Voltages in volts, times in clk cycles, cells in g
// codes.
struct AnalogNumbers {
    double siemens_per_code;
    double mux_ohm;
    double row_ohm;  // from cell to cell
    double column_ohm;
    double reference_v;  // of the converters: they span twice that
    double swing_v;      // of an amplifier's output about COMMON
    double feedback_ohm[4];
    double reference_ohm;  // of the reference input
    double volts_per_code;
    double time_constant;
    double adc_noise;   // codes, root mean square
    double read_noise;  // of a cell's current, a fraction
    double formed_floor;
    double gate_threshold_v;
    double gate_nominal_v;
    double forming_width;
    double forming_fall_v;  // of the breakdown voltage, a decade of stress time
    double reset_onset_v;
    double reset_per_volt;
    double reset_per_decade;
    double set_onset_v;
    double set_per_volt;
    double set_per_decade;
    double set_gate_onset_v;
    double set_level_per_volt;  // g codes; 0: SET moves nothing
};

// What the pins make of the lines in one cycle; channels as in part_lines.v.
struct Lines {
    std::vector<uint8_t> row_channel, column_channel, word_line;
    std::vector<uint16_t> rails;  // [dacs * 8]
    bool inhibit, shorted, reference, pulse;
    unsigned range;
};

class Analog {
 public:
    // `g_codes` [rows, columns] are the cells; `breakdown_v` and `formed` [rows, columns] what each breaks
    // at, and to.
    Analog(size_t rows, size_t columns, size_t converters, uint16_t* g_codes, const AnalogNumbers& numbers,
           const double* breakdown_v, const double* formed);

    void seed(uint32_t seed) { random_.seed(seed); }
    void cells_changed() { solutions_.clear(); }
    void lines_changed(const Lines& lines, uint64_t cycle);
    void conversion_begins();
    std::vector<int> inputs(uint64_t cycle) const;  // the converters', codes, [converters]
    void pulse_ended(const Lines& lines, uint64_t width);

 private:
    using Matrix = std::vector<double>;

    // Of one set of lines that are connected: amperes out of each column per volt behind each row, [rows,
    // columns], and behind each column.
    struct Solution {
        Matrix of_rows;
        Matrix of_columns;
    };

    const Solution& solution(const Lines& lines);
    Solution solve(const Lines& lines) const;
    void row_ladder(const Lines& lines, size_t row, Matrix& inverse) const;
    double row_volts(const Lines& lines, size_t row) const;
    double column_volts(const Lines& lines, size_t column) const;
    double rail_volts(const Lines& lines, size_t line, size_t count, unsigned channel) const;
    double normal();
    void stress(size_t row, size_t column, double volts, double gate_v);

    size_t rows_, columns_, converters_;
    uint16_t* g_codes_;
    AnalogNumbers numbers_;
    std::vector<double> breakdown_v_, formed_;
    std::map<std::vector<uint8_t>, Solution> solutions_;
    std::mt19937_64 random_;

    std::vector<double> was_, target_, spread_, noise_;  // by converter, codes
    uint64_t moved_ = 0;

    std::vector<uint16_t> train_;  // rails and row of the pulses so far that are alike
    double stressed_ = 0.0;        // their time
};

}  // namespace ohmloop

#endif
