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
#include <deque>
#include <memory>
#include <vector>

#include "Vboard_sim.h"
#include "Vboard_sim___024root.h"
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

    template <typename Root>
    static bool forget_edges(Root& root) {
        if constexpr (requires { root.__Vtrigprevexpr___TOP__clk_time__0; }) {
            root.__Vtrigprevexpr___TOP__clk__0 = 0;
            root.__Vtrigprevexpr___TOP__clk_time__0 = 0;
            root.__Vtrigprevexpr___TOP__clk_link__0 = 0;
            root.__Vtrigprevexpr___TOP__clk_check__0 = 0;
            root.__Vtrigprevexpr___TOP__clk_registers__0 = 0;
            root.__Vtrigprevexpr___TOP__clk_pulses__0 = 0;
            root.__Vtrigprevexpr___TOP__clk_results__0 = 0;
            root.__Vtrigprevexpr___TOP__clk_core__0 = 0;
            root.__Vtrigprevexpr___TOP__clk_rows__0 = 0;
            return true;
        }
        return false;
    }

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

    // Loads the cells and their column sums, as a chip that kept them would show them.
    void restore() {
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

// Debug: from now on no clock rests. The board does the same, slower.
API void ohmloop_all_clocks(void* handle) {
    board(handle)->run_all_clocks();
}

// Debug: one of `Probe`.
API uint64_t ohmloop_probe(void* handle, unsigned which) {
    return board(handle)->probe(which);
}
