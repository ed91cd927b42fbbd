// SPDX-License-Identifier: BSD-3-Clause
//
// The simulated board as a library: a plain C interface around the verilated `board_sim`.
//
// The caller writes packets (words front) or bytes (bytes and uart fronts), lets the model run within a
// budget of clk cycles, and reads packets or bytes. A run stops at the first whole frame that came out, so
// the same calls give the same cycles, whatever the machine does. Nothing here runs by itself.
//
// The cells are the caller's memory (the state file): restored at creation, written through cell by cell.
// Cell (row, column) is g_codes[row * OHMLOOP_COLS + column].

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>
#include <optional>
#include <type_traits>
#include <vector>

#include "Vboard_sim.h"
#include "Vboard_sim___024root.h"
#include "analog.h"
#include "verilated.h"

#define API extern "C" __attribute__((visibility("default")))

namespace {

constexpr unsigned kRows = OHMLOOP_ROWS;
constexpr unsigned kColumns = OHMLOOP_COLS;
constexpr unsigned kLanes = OHMLOOP_LANES;
constexpr unsigned kGroups = kColumns / kLanes;
constexpr unsigned kCellBits = 10;
constexpr uint64_t kClockHz = OHMLOOP_CLK_HZ;
constexpr uint64_t kBaud = OHMLOOP_BAUD;

enum Front { kWords = 0, kBytes = 1, kUart = 2 };
constexpr bool kPins = OHMLOOP_PINS != 0;  // macro_afe and the parts of a board
constexpr unsigned kConverters = OHMLOOP_ADCS;
constexpr unsigned kDacs = OHMLOOP_DACS;
constexpr Front kFront = static_cast<Front>(OHMLOOP_FRONT);

// Probes of the debug interface, in the order of `_Probe` in wires/_sim_library.py.
enum Probe {
    kDriveActive,
    kReadActive,
    kSafeLatched,
    kArmed,
    kBusy,
    kDriveChanged,  // cycle of the last change of drive_active
    kReadChanged,   // cycle of the last change of read_active
    kInputTaken,    // cycle in which the last word or bit of the input was taken
    kDriveRises,    // how often drive_active rose
    kInputWaits,    // 1 while input is queued or on the line
    kPinsOut,       // pins of afe_front
    kPinsSafe,  // cycle in which multiplexers and shift registers were last switched off and the pulse rail
                // grounded
    kRulesBroken,  // rules of the parts broken so far, as part_board.v has them
    kRails,        // 1 while any rail is off zero
    kLinesOff,     // lines off ground, or word lines on
    kConversions,  // so far, of all converters together
    kFirstBegan,   // cycle in which the first began
    kLastBegan,    // and the last
};

uint64_t integer_root(uint64_t value) {
    uint64_t root = 0;
    for (uint64_t bit = uint64_t{1} << 31; bit != 0; bit >>= 1) {
        const uint64_t candidate = root | bit;
        if (candidate * candidate <= value) root = candidate;
    }
    return root;
}

// The host's end of the serial line: 8N1, bit by bit, at kBaud against kClockHz, without rounding drift.
class SerialLine {
 public:
    // One clk cycle of the line to the board. Takes the next byte from `source` when the last is sent.
    template <typename Source>
    bool drive(Source&& source) {
        if (break_cycles_ != 0) {
            --break_cycles_;
            return false;
        }
        if (bits_left_ == 0) {
            uint8_t byte = 0;
            if (!source(byte)) return true;
            shift_ = static_cast<uint16_t>(0x200u | (byte << 1));  // stop, eight data bits, start
            bits_left_ = 10;
            phase_ = 0;
        }
        const bool level = (shift_ & 1u) != 0;
        phase_ += kBaud;
        if (phase_ >= kClockHz) {
            phase_ -= kClockHz;
            shift_ >>= 1;
            --bits_left_;
        }
        return level;
    }

    // One clk cycle of the line from the board; true when a byte is complete.
    bool sample(bool level, uint8_t& byte) {
        if (!receiving_) {
            if (!level) {
                receiving_ = true;
                received_bits_ = 0;
                sample_phase_ = kClockHz / 2;
            }
            return false;
        }
        sample_phase_ += kBaud;
        if (sample_phase_ < kClockHz) return false;
        sample_phase_ -= kClockHz;
        return take_bit(level, byte);
    }

    void send_break(uint64_t cycles) { break_cycles_ = cycles; }
    bool idle() const { return bits_left_ == 0 && break_cycles_ == 0; }

 private:
    bool take_bit(bool level, uint8_t& byte) {
        ++received_bits_;
        if (received_bits_ == 1) {
            receiving_ = !level;  // a start bit that did not last was a glitch
            return false;
        }
        if (received_bits_ <= 9) {
            received_ = static_cast<uint8_t>((received_ >> 1) | (level ? 0x80u : 0u));
            return false;
        }
        receiving_ = false;
        byte = received_;
        return level;  // a low stop bit is a framing error: the byte is dropped
    }

    uint16_t shift_ = 0;
    unsigned bits_left_ = 0;
    uint64_t phase_ = 0;
    uint64_t break_cycles_ = 0;
    bool receiving_ = false;
    unsigned received_bits_ = 0;
    uint64_t sample_phase_ = 0;
    uint8_t received_ = 0;
};

// A queue whose front moves; storage is reused once it is empty.
template <typename T>
class Queue {
 public:
    void push(const T& item) { items_.push_back(item); }
    bool empty() const { return head_ == items_.size(); }
    T pop() {
        const T item = items_[head_++];
        if (head_ == items_.size()) {
            items_.clear();
            head_ = 0;
        }
        return item;
    }

 private:
    std::vector<T> items_;
    size_t head_ = 0;
};

struct Word {
    uint32_t data;
    bool valid;
    bool last;
    bool bad;
};

class Board {
 public:
    Board(uint16_t* g_codes, uint32_t boot_id, uint64_t uid)
        : top_(std::make_unique<Vboard_sim>(&context_, "board_sim")), g_codes_(g_codes) {
        top_->boot_id = boot_id;
        top_->uid = uid;
        top_->rxd = 1;
        top_->afe_power = (1u << kDacs) - 1;
        for (int i = 0; i < kResetCycles; ++i) clock();
        top_->rst_n = 1;
        clock();
        restore();
        all_clocks_ = false;
        cycles_ = 0;
    }

    ~Board() { top_->final(); }

    void write(const uint8_t* data, size_t length) {
        if (kFront == kWords) {
            write_packet(data, length);
            return;
        }
        for (size_t i = 0; i < length; ++i) bytes_in_.push(data[i]);
    }

    uint64_t run(uint64_t budget) {
        uint64_t used = 0;
        while (used < budget && frames_out_ == 0) {
            feed();
            clock();
            ++used;
        }
        return used;
    }

    size_t ready() const {
        if (kFront != kWords) return bytes_out_.size();
        return packets_out_.empty() ? 0 : packets_out_.front().size();
    }

    size_t read(uint8_t* out, size_t capacity) {
        const size_t length = ready();
        if (length == 0 || capacity < length) return 0;
        const std::vector<uint8_t>& data = (kFront == kWords) ? packets_out_.front() : bytes_out_;
        for (size_t i = 0; i < length; ++i) out[i] = data[i];
        if (kFront == kWords) {
            packets_out_.pop_front();
            --frames_out_;
        } else {
            bytes_out_.clear();
            frames_out_ = 0;
        }
        return length;
    }

    uint64_t cycles() const { return cycles_; }
    void send_break(uint64_t cycles) { line_.send_break(cycles); }
    void set_stop(bool level) { top_->stop_pin = level; }
    void run_all_clocks() { all_clocks_ = true; }

    void set_analog(const ohmloop::AnalogNumbers& numbers, const double* breakdown_v, const double* formed) {
        analog_.emplace(kRows, kColumns, kConverters, g_codes_, numbers, breakdown_v, formed);
        analog_->seed(top_->noise_seed);
    }

    // DACs without supply, and broken wires of the last one: SDO, SDI, SCLK.
    void set_faults(unsigned unpowered, unsigned cut) {
        top_->afe_power = ~unpowered & ((1u << kDacs) - 1);
        top_->afe_cut = cut & 7u;
    }

    uint64_t probe(unsigned which) const {
        switch (which) {
            case kDriveActive:
                return top_->drive_active;
            case kReadActive:
                return top_->read_active;
            case kSafeLatched:
                return top_->safe_latched;
            case kArmed:
                return top_->armed;
            case kBusy:
                return top_->busy;
            case kDriveChanged:
                return drive_changed_;
            case kReadChanged:
                return read_changed_;
            case kInputTaken:
                return input_taken_;
            case kDriveRises:
                return drive_rises_;
            case kInputWaits:
                return !words_in_.empty() || !bytes_in_.empty() || !line_.idle();
            case kPinsOut:
                return top_->afe_pins;
            case kPinsSafe:
                return pins_safe_;
            case kRulesBroken:
                return top_->afe_broken;
            case kRails:
                return any(top_->afe_rails, kDacs * 128);
            case kLinesOff:
                return any(top_->afe_row_channel, 3 * kRows) || any(top_->afe_column_channel, 3 * kColumns) ||
                       any(top_->afe_word_line, kRows);
            case kConversions:
                return conversions_;
            case kFirstBegan:
                return first_began_;
            case kLastBegan:
                return last_began_;
            default:
                return ~uint64_t{0};
        }
    }

 private:
    static constexpr int kResetCycles = 8;

    void write_packet(const uint8_t* data, size_t length) {
        if (length == 0) return;
        const size_t whole = length / 4;
        const bool bad = length % 4 != 0;
        for (size_t i = 0; i < whole; ++i) {
            const uint8_t* b = data + 4 * i;
            const uint32_t word = static_cast<uint32_t>(b[0]) | static_cast<uint32_t>(b[1]) << 8 |
                                  static_cast<uint32_t>(b[2]) << 16 | static_cast<uint32_t>(b[3]) << 24;
            const bool last = i + 1 == whole;
            words_in_.push({word, true, last, last && bad});
        }
        if (whole == 0) words_in_.push({0, false, true, true});
    }

    // Puts this cycle's input on the pins.
    void feed() {
        if (kFront == kWords) {
            feed_word();
        } else if (kFront == kBytes) {
            feed_byte();
        } else {
            const bool was_idle = line_.idle();
            top_->rxd = line_.drive([this](uint8_t& byte) {
                if (bytes_in_.empty()) return false;
                byte = bytes_in_.pop();
                return true;
            });
            if (!was_idle || !line_.idle()) input_taken_ = cycles_;
        }
    }

    void feed_word() {
        if (words_in_.empty()) {
            top_->rxw_valid = 0;
            top_->rxw_last = 0;
            top_->rxw_bad = 0;
            return;
        }
        const Word word = words_in_.pop();
        top_->rxw_valid = word.valid;
        top_->rxw_data = word.data;
        top_->rxw_last = word.last;
        top_->rxw_bad = word.bad;
        input_taken_ = cycles_;
    }

    void feed_byte() {
        if (bytes_in_.empty()) {
            top_->rxb_valid = 0;
            return;
        }
        top_->rxb_valid = 1;
        top_->rxb_data = bytes_in_.pop();
        input_taken_ = cycles_;
    }

    // One clk cycle: the outputs of the cycle are taken, the inputs put on, the edge comes.
    void clock() {
        collect();
        watch();
        fall();
        rise();
        top_->eval();
        ++cycles_;
        if constexpr (kPins) follow();
    }

    // Nothing happens at a falling edge but that the model remembers low clocks: where those memories are
    // found they are set, which saves half of the simulator's bookkeeping. With all clocks on it is done in
    // full.
    void fall() {
        if (!all_clocks_ && forget_edges(*top_->rootp)) return;
        top_->clk = 0;
        top_->clk_time = 0;
        top_->clk_link = 0;
        top_->clk_check = 0;
        top_->clk_registers = 0;
        top_->clk_pulses = 0;
        top_->clk_results = 0;
        top_->clk_core = 0;
        top_->clk_rows = 0;
        top_->eval();
    }

    // A board at pin level has no rows' clock.
#define OHMLOOP_FORGET(name)                                             \
    if constexpr (requires { root.__Vtrigprevexpr___TOP__##name##__0; }) \
    root.__Vtrigprevexpr___TOP__##name##__0 = 0
    template <typename Root>
    static bool forget_edges(Root& root) {
        if constexpr (requires { root.__Vtrigprevexpr___TOP__clk_time__0; }) {
            OHMLOOP_FORGET(clk);
            OHMLOOP_FORGET(clk_time);
            OHMLOOP_FORGET(clk_link);
            OHMLOOP_FORGET(clk_check);
            OHMLOOP_FORGET(clk_registers);
            OHMLOOP_FORGET(clk_pulses);
            OHMLOOP_FORGET(clk_results);
            OHMLOOP_FORGET(clk_core);
            OHMLOOP_FORGET(clk_rows);
            return true;
        }
        return false;
    }
#undef OHMLOOP_FORGET

    // Only the clocks that something waits for rise (resting_clocks.v, in the order of its bits).
    void rise() {
        const unsigned needed = all_clocks_ ? ~0u : top_->needed;
        top_->clk_time = 1;
        top_->clk_link = needed & 1u;
        top_->clk_check = needed >> 1 & 1u;
        top_->clk_registers = needed >> 2 & 1u;
        top_->clk_pulses = needed >> 3 & 1u;
        top_->clk_results = needed >> 4 & 1u;
        top_->clk_core = needed >> 5 & 1u;
        top_->clk_rows = needed >> 6 & 1u;
        top_->clk = needed >> 7 & 1u;
    }

    // Output of the cycle before its edge. The ready inputs are always high: whatever is valid moves.
    void collect() {
        if (kFront == kWords) {
            if (top_->txw_valid) take_word(top_->txw_data, top_->txw_last);
        } else if (kFront == kBytes) {
            if (top_->txb_valid) take_byte(top_->txb_data);
        } else {
            uint8_t byte = 0;
            if (line_.sample(top_->txd, byte)) take_byte(byte);
        }
    }

    void take_word(uint32_t word, bool last) {
        for (unsigned shift = 0; shift < 32; shift += 8)
            packet_.push_back(static_cast<uint8_t>(word >> shift));
        if (!last) return;
        packets_out_.push_back(std::move(packet_));
        packet_.clear();
        ++frames_out_;
    }

    void take_byte(uint8_t byte) {
        bytes_out_.push_back(byte);
        if (byte != 0) {
            inside_frame_ = true;
        } else if (inside_frame_) {
            inside_frame_ = false;
            ++frames_out_;
        }
    }

    void watch() {
        if (top_->nv_write) g_codes_[size_t{top_->nv_row} * kColumns + top_->nv_column] = top_->nv_g;
        if (top_->drive_active != drive_) {
            drive_ = top_->drive_active;
            drive_changed_ = cycles_;
            drive_rises_ += drive_;
        }
        if (top_->read_active != read_) {
            read_ = top_->read_active;
            read_changed_ = cycles_;
        }
    }

    // ---- Pins ----

    // Bits of a signal of any width.
    static uint64_t bits(uint64_t signal, unsigned from, unsigned width) {
        return signal >> from & ((uint64_t{1} << width) - 1);
    }
    template <typename Wide>
    static uint64_t bits(const Wide& signal, unsigned from, unsigned width)
        requires(!std::is_integral_v<Wide>)
    {
        uint64_t found = 0;
        for (unsigned i = 0; i < width; ++i)
            found |= uint64_t{signal[(from + i) / 32] >> (from + i) % 32 & 1u} << i;
        return found;
    }
    template <typename Signal>
    static bool any(const Signal& signal, unsigned width) {
        for (unsigned from = 0; from < width; from += 16)
            if (bits(signal, from, width - from < 16 ? width - from : 16) != 0) return true;
        return false;
    }
    template <typename Signal>
    static void set_bits(Signal& signal, unsigned from, unsigned width, uint64_t value) {
        for (unsigned i = 0; i < width; ++i) {
            const bool on = (value >> i & 1u) != 0;
            if constexpr (std::is_integral_v<Signal>) {
                const Signal bit = Signal{1} << (from + i);
                signal = on ? signal | bit : signal & ~bit;
            } else {
                const uint32_t bit = 1u << (from + i) % 32;
                signal[(from + i) / 32] = on ? signal[(from + i) / 32] | bit : signal[(from + i) / 32] & ~bit;
            }
        }
    }

    bool pin(unsigned which) const { return (top_->afe_pins >> which & 1u) != 0; }

    // What an edge did at the pins: the analog half follows.
    void follow() {
        const bool safe = pin(0) && pin(1) && !pin(10);
        if (safe && !safe_) pins_safe_ = cycles_;
        safe_ = safe;
        if (!top_->nv_write)
            set_bits(top_->nv_data, 0, kCellBits,
                     g_codes_[size_t{top_->nv_row} * kColumns + top_->nv_column]);
        if (!analog_) return;
        if (top_->nv_write) cells_written_ = true;
        if (top_->noise_seed != seed_) {
            seed_ = top_->noise_seed;
            analog_->seed(seed_);
        }
        if (pin(10) && !pulsing_) {
            pulse_began_ = cycles_;
            pulse_lines_ = lines();
        } else if (!pin(10) && pulsing_) {
            analog_->pulse_ended(pulse_lines_, cycles_ - pulse_began_);
        }
        pulsing_ = pin(10);
        if (top_->afe_changed) {
            if (cells_written_) analog_->cells_changed();
            cells_written_ = false;
            analog_->lines_changed(lines(), cycles_);
        }
        convert();
    }

    void convert() {
        if (top_->afe_begun) {
            sampling_ = true;
            analog_->conversion_begins();
            if (conversions_++ == 0) first_began_ = cycles_;
            last_began_ = cycles_;
        }
        if (!sampling_) return;
        const std::vector<int> inputs = analog_->inputs(cycles_);
        for (unsigned i = 0; i < kConverters; ++i)
            set_bits(top_->afe_level, 14 * i, 14, static_cast<uint32_t>(inputs[i]));
        sampling_ = !top_->afe_sampled;
    }

    ohmloop::Lines lines() const {
        ohmloop::Lines found;
        for (unsigned r = 0; r < kRows; ++r) {
            found.row_channel.push_back(static_cast<uint8_t>(bits(top_->afe_row_channel, 3 * r, 3)));
            found.word_line.push_back(static_cast<uint8_t>(bits(top_->afe_word_line, r, 1)));
        }
        for (unsigned c = 0; c < kColumns; ++c)
            found.column_channel.push_back(static_cast<uint8_t>(bits(top_->afe_column_channel, 3 * c, 3)));
        for (unsigned i = 0; i < 8 * kDacs; ++i)
            found.rails.push_back(static_cast<uint16_t>(bits(top_->afe_rails, 16 * i, 16)));
        found.inhibit = pin(0);
        found.pulse = pin(10);
        found.reference = pin(11);
        found.shorted = pin(12);
        found.range = static_cast<unsigned>(bits(top_->afe_pins, 13, 2));
        return found;
    }

    // Loads the cells and their column sums, as a chip that kept them would show them.
    void restore() {
        if (kPins) return;  // the array model has them
        top_->nv_load = 1;
        top_->nv_kind = 0;
        for (unsigned group = 0; group < kGroups; ++group) {
            for (unsigned row = 0; row < kRows; ++row) restore_cells(group, row);
        }
        top_->nv_kind = 1;
        for (unsigned column = 0; column < kColumns; ++column) restore_column(column);
        top_->nv_load = 0;
        clock();
    }

    void set_nv_bits(unsigned offset, unsigned width, uint64_t value) {
        for (unsigned i = 0; i < width; ++i) {
            const uint32_t bit = 1u << ((offset + i) % 32);
            uint32_t& word = top_->nv_data[(offset + i) / 32];
            word = ((value >> i) & 1u) != 0 ? word | bit : word & ~bit;
        }
    }

    void restore_cells(unsigned group, unsigned row) {
        for (unsigned lane = 0; lane < kLanes; ++lane) {
            const uint16_t g = g_codes_[size_t{row} * kColumns + group * kLanes + lane];
            set_nv_bits(lane * kCellBits, kCellBits, g);
        }
        top_->nv_address = static_cast<uint16_t>(group << 9 | row);
        clock();
    }

    void restore_column(unsigned column) {
        uint64_t s1 = 0;
        uint64_t s2 = 0;
        for (unsigned row = 0; row < kRows; ++row) {
            const uint64_t g = g_codes_[size_t{row} * kColumns + column];
            s1 += g;
            s2 += g * g;
        }
        const uint64_t mroot = s1 == 0 ? 0 : integer_root(((s2 << 10) / s1) << 4);
        set_nv_bits(0, 19, s1);
        set_nv_bits(19, 29, s2);
        set_nv_bits(48, 12, mroot);
        top_->nv_address = static_cast<uint16_t>(column);
        clock();
    }

    VerilatedContext context_;
    std::unique_ptr<Vboard_sim> top_;
    uint16_t* g_codes_;
    uint64_t cycles_ = 0;
    bool all_clocks_ = true;  // until the cells are restored

    Queue<Word> words_in_;
    Queue<uint8_t> bytes_in_;
    SerialLine line_;
    std::vector<uint8_t> packet_;
    std::deque<std::vector<uint8_t>> packets_out_;
    std::vector<uint8_t> bytes_out_;
    bool inside_frame_ = false;
    unsigned frames_out_ = 0;

    bool drive_ = false;
    bool read_ = false;
    uint64_t drive_changed_ = 0;
    uint64_t read_changed_ = 0;
    uint64_t drive_rises_ = 0;
    uint64_t input_taken_ = 0;

    std::optional<ohmloop::Analog> analog_;
    ohmloop::Lines pulse_lines_;
    uint32_t seed_ = 0;
    bool safe_ = false;
    bool cells_written_ = false;
    bool pulsing_ = false;
    bool sampling_ = false;
    uint64_t pins_safe_ = 0;
    uint64_t pulse_began_ = 0;
    uint64_t conversions_ = 0;
    uint64_t first_began_ = 0;
    uint64_t last_began_ = 0;
};

Board* board(void* handle) {
    return static_cast<Board*>(handle);
}

}  // namespace

// Creates a powered, reset board over the caller's cells, which must outlive it.
API void* ohmloop_create(uint16_t* g_codes, uint32_t boot_id, uint64_t uid) {
    return new Board(g_codes, boot_id, uid);
}

API void ohmloop_free(void* handle) {
    delete board(handle);
}

// Queues input: one packet (words front) or bytes. The model takes it as it runs.
API void ohmloop_write(void* handle, const uint8_t* data, size_t length) {
    board(handle)->write(data, length);
}

// Runs at most `budget` cycles, less when a whole frame is out. Returns the cycles used.
API uint64_t ohmloop_run(void* handle, uint64_t budget) {
    return board(handle)->run(budget);
}

// Bytes that ohmloop_read would give: of one packet, or of the stream. 0: nothing yet.
API size_t ohmloop_ready(void* handle) {
    return board(handle)->ready();
}

// Moves the first packet, or all bytes, to `out`; 0 and nothing moved when `capacity` is too small.
API size_t ohmloop_read(void* handle, uint8_t* out, size_t capacity) {
    return board(handle)->read(out, capacity);
}

API uint64_t ohmloop_cycles(void* handle) {
    return board(handle)->cycles();
}

// Holds the serial line low (uart front).
API void ohmloop_break(void* handle, uint64_t cycles) {
    board(handle)->send_break(cycles);
}

// Level of the board's stop input.
API void ohmloop_stop_pin(void* handle, int level) {
    board(handle)->set_stop(level != 0);
}

// Gives a board at pin level its analog half: ohmloop::AnalogNumbers, and two arrays [rows, columns]
// (analog.h).
API void ohmloop_analog(void* handle, const double* numbers, const double* breakdown_v,
                        const double* formed) {
    ohmloop::AnalogNumbers given;
    static_assert(sizeof(given) % sizeof(double) == 0);
    std::memcpy(&given, numbers, sizeof(given));
    board(handle)->set_analog(given, breakdown_v, formed);
}

// Debug: faults of a board at pin level.
API void ohmloop_faults(void* handle, unsigned unpowered, unsigned cut) {
    board(handle)->set_faults(unpowered, cut);
}

// Debug: from now on no clock rests. The board does the same, slower.
API void ohmloop_all_clocks(void* handle) {
    board(handle)->run_all_clocks();
}

// Debug: one of `Probe`.
API uint64_t ohmloop_probe(void* handle, unsigned which) {
    return board(handle)->probe(which);
}
