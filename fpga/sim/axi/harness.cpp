// SPDX-License-Identifier: BSD-3-Clause
// A plain C interface to the verilated axi_sim: registers read and written over AXI4-Lite, memory that the
// DMA reaches, cycles run.
//
// The clock runs while a call needs it, and for the cycles that axi_run is asked for; so the same calls give
// the same cycles. Memory answers a burst's first word LATENCY cycles after its address, a write LATENCY
// cycles after its last word, and refuses what is outside with DECERR.

#include <cstdint>
#include <cstring>
#include <deque>
#include <memory>

#include "Vaxi_sim.h"
#include "verilated.h"

#define API extern "C" __attribute__((visibility("default")))

namespace {

constexpr uint64_t kLatency = 20;    // clk cycles; of an idle memory controller, assumed
constexpr uint64_t kAnswer = 10000;  // clk cycles in which a register access must end
constexpr uint8_t kDecodeError = 3;

enum Probe : unsigned {
    kDriveActive = 0,
    kReadActive = 1,
    kSafeLatched = 2,
    kWordsIn = 3,       // taken by the board's stream, since creation
    kWordsOut = 4,      // given by it
    kFirstWordIn = 5,   // cycle of the first word in since axi_mark
    kLastWordIn = 6,    // cycle of the last word in
    kFirstWordOut = 7,  // cycle of the first word out since axi_mark
    kLastWordOut = 8,   // cycle of the last word out
};

struct Burst {
    uint32_t address;
    unsigned words;
    uint64_t ready;  // first cycle of its data, or of its answer
};

// The memory behind the DMA: one stretch of addresses.
class Memory {
 public:
    Memory(uint8_t* bytes, uint32_t base, uint32_t size) : bytes_(bytes), base_(base), size_(size) {}

    // What the memory puts on its pins for this cycle.
    void present(Vaxi_sim& top, uint64_t cycle) {
        top.m_axi_arready = reads_.size() < 4;
        top.m_axi_awready = !writing_;
        top.m_axi_wready = writing_;
        const bool data = !reads_.empty() && reads_.front().ready <= cycle;
        top.m_axi_rvalid = data;
        if (data) {
            const Burst& burst = reads_.front();
            const bool there = inside(burst.address);
            top.m_axi_rresp = there ? 0 : kDecodeError;
            top.m_axi_rdata = 0;
            if (there) std::memcpy(&top.m_axi_rdata, bytes_ + (burst.address - base_), 4);
            top.m_axi_rlast = burst.words == 1;
        }
        const bool answer = !answers_.empty() && answers_.front().ready <= cycle;
        top.m_axi_bvalid = answer;
        top.m_axi_bresp = answer && answers_.front().words != 0 ? kDecodeError : 0;
    }

    // What the DMA moved in this cycle.
    void take(const Vaxi_sim& top, uint64_t cycle) {
        if (top.forget) {
            reads_.clear();
            answers_.clear();
            writing_ = false;
            return;
        }
        if (top.m_axi_rvalid && top.m_axi_rready) step_read();
        if (top.m_axi_arvalid && top.m_axi_arready)
            reads_.push_back({top.m_axi_araddr, top.m_axi_arlen + 1u, cycle + kLatency});
        if (top.m_axi_bvalid && top.m_axi_bready) answers_.pop_front();
        if (top.m_axi_wvalid && top.m_axi_wready) step_write(top, cycle);
        if (top.m_axi_awvalid && top.m_axi_awready) {
            writing_ = true;
            refused_ = false;
            target_ = top.m_axi_awaddr;
        }
    }

 private:
    bool inside(uint32_t address) const { return address >= base_ && address - base_ <= size_ - 4; }

    void step_read() {
        Burst& burst = reads_.front();
        burst.address += 4;
        if (--burst.words == 0) reads_.pop_front();
    }

    void step_write(const Vaxi_sim& top, uint64_t cycle) {
        if (inside(target_)) {
            uint8_t* place = bytes_ + (target_ - base_);
            for (unsigned i = 0; i < 4; ++i)
                if (top.m_axi_wstrb >> i & 1u) place[i] = static_cast<uint8_t>(top.m_axi_wdata >> 8 * i);
        } else {
            refused_ = true;
        }
        target_ += 4;
        if (!top.m_axi_wlast) return;
        writing_ = false;
        answers_.push_back({0, refused_ ? 1u : 0u, cycle + kLatency});
    }

    uint8_t* bytes_;
    uint32_t base_;
    uint32_t size_;
    std::deque<Burst> reads_;
    std::deque<Burst> answers_;
    bool writing_ = false;
    bool refused_ = false;
    uint32_t target_ = 0;
};

class Board {
 public:
    Board(uint8_t* memory, uint32_t base, uint32_t size)
        : top_(std::make_unique<Vaxi_sim>(&context_, "axi_sim")), memory_(memory, base, size) {
        top_->rst_n = 0;
        run(8);
        top_->rst_n = 1;
        run(1);
        cycles_ = 0;
        mark();
    }

    ~Board() { top_->final(); }

    void run(uint64_t budget) {
        for (uint64_t i = 0; i < budget; ++i) clock();
    }

    // One register read; false when the board does not answer.
    bool read(uint32_t address, uint32_t& value) {
        top_->s_axi_arvalid = 1;
        top_->s_axi_araddr = address;
        for (uint64_t i = 0; i < kAnswer; ++i) {
            top_->eval();
            const bool taken = top_->s_axi_arvalid && top_->s_axi_arready;
            const bool answered = top_->s_axi_rvalid;
            if (answered) value = top_->s_axi_rdata;
            clock();
            if (taken) top_->s_axi_arvalid = 0;
            if (answered) return true;
        }
        top_->s_axi_arvalid = 0;
        return false;
    }

    // One register write; false when the board does not answer.
    bool write(uint32_t address, uint32_t value) {
        top_->s_axi_awvalid = 1;
        top_->s_axi_wvalid = 1;
        top_->s_axi_awaddr = address;
        top_->s_axi_wdata = value;
        for (uint64_t i = 0; i < kAnswer; ++i) {
            top_->eval();
            const bool taken = top_->s_axi_awvalid && top_->s_axi_awready;
            const bool answered = top_->s_axi_bvalid;
            clock();
            if (taken) {
                top_->s_axi_awvalid = 0;
                top_->s_axi_wvalid = 0;
            }
            if (answered) return true;
        }
        top_->s_axi_awvalid = 0;
        top_->s_axi_wvalid = 0;
        return false;
    }

    void set_stop(bool level) { top_->stop = level; }
    uint64_t cycles() const { return cycles_; }
    void mark() { first_in_ = first_out_ = ~uint64_t{0}; }

    uint64_t probe(unsigned which) const {
        switch (which) {
            case kDriveActive:
                return top_->drive_active;
            case kReadActive:
                return top_->read_active;
            case kSafeLatched:
                return top_->safe_latched;
            case kWordsIn:
                return words_in_;
            case kWordsOut:
                return words_out_;
            case kFirstWordIn:
                return first_in_;
            case kLastWordIn:
                return last_in_;
            case kFirstWordOut:
                return first_out_;
            case kLastWordOut:
                return last_out_;
            default:
                return ~uint64_t{0};
        }
    }

 private:
    // One clk cycle: memory's outputs on, the board's taken, the edge.
    void clock() {
        memory_.present(*top_, cycles_);
        top_->eval();
        memory_.take(*top_, cycles_);
        watch();
        top_->clk = 0;
        top_->eval();
        top_->clk = 1;
        top_->eval();
        ++cycles_;
    }

    void watch() {
        if (top_->word_in) {
            ++words_in_;
            last_in_ = cycles_;
            if (first_in_ > cycles_) first_in_ = cycles_;
        }
        if (top_->word_out) {
            ++words_out_;
            last_out_ = cycles_;
            if (first_out_ > cycles_) first_out_ = cycles_;
        }
    }

    VerilatedContext context_;
    std::unique_ptr<Vaxi_sim> top_;
    Memory memory_;
    uint64_t cycles_ = 0;
    uint64_t words_in_ = 0, words_out_ = 0;
    uint64_t first_in_ = 0, last_in_ = 0, first_out_ = 0, last_out_ = 0;
};

Board* board(void* handle) {
    return static_cast<Board*>(handle);
}

}  // namespace

// Creates a powered, reset board whose DMA reaches `size` bytes at `base`: the caller's, which must outlive
// it.
API void* axi_create(uint8_t* memory, uint32_t base, uint32_t size) {
    return new Board(memory, base, size);
}

API void axi_free(void* handle) {
    delete board(handle);
}

// Reads a register; 0 when the board does not answer.
API int axi_read(void* handle, uint32_t address, uint32_t* value) {
    return board(handle)->read(address, *value);
}

// Writes a register; 0 when the board does not answer.
API int axi_write(void* handle, uint32_t address, uint32_t value) {
    return board(handle)->write(address, value);
}

API void axi_run(void* handle, uint64_t cycles) {
    board(handle)->run(cycles);
}

API uint64_t axi_cycles(void* handle) {
    return board(handle)->cycles();
}

// Level of the board's stop input.
API void axi_stop(void* handle, int level) {
    board(handle)->set_stop(level != 0);
}

// Forgets the cycles of the first words, for the next to be marked.
API void axi_mark(void* handle) {
    board(handle)->mark();
}

// Debug: one of `Probe`.
API uint64_t axi_probe(void* handle, unsigned which) {
    return board(handle)->probe(which);
}
