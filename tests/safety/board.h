// SPDX-License-Identifier: BSD-3-Clause
//
// The verilated board (watched_board.v), a clk cycle at a time.
#pragma once

#include <memory>

#include "Vwatched_board.h"
#include "observer.h"
#include "verilated.h"

// Pins of one cycle.
struct Pins {
    bool valid = false, last = false, stop = false, break_seen = false, tx_ready = true;
    uint32_t data = 0;
};

class Board {
 public:
    explicit Board(uint32_t mutant) : top_(std::make_unique<Vwatched_board>(&context_, "watched_board")) {
        top_->mutant = static_cast<uint8_t>(mutant);
    }
    ~Board() { top_->final(); }

    void reset() {
        top_->rst_n = 0;
        for (int i = 0; i < 3; ++i) clock(Pins());
        top_->rst_n = 1;
        cycles_ += 3;
    }

    // Puts the pins, returns what the cycle shows before its edge.
    Seen clock(const Pins& pins) {
        top_->rx_valid = pins.valid;
        top_->rx_data = pins.data;
        top_->rx_last = pins.last;
        top_->stop_pin = pins.stop;
        top_->break_seen = pins.break_seen;
        top_->tx_ready = pins.tx_ready;
        top_->clk = 0;
        top_->eval();
        const Seen seen = look();
        sent_ = top_->tx_valid && pins.tx_ready;
        word_ = top_->tx_data;
        last_ = top_->tx_last;
        top_->clk = 1;
        top_->eval();
        ++cycles_;
        return seen;
    }

    bool sent() const { return sent_; }  // a word left the board in the last cycle
    uint32_t word() const { return word_; }
    bool last() const { return last_; }
    uint64_t cycles() const { return cycles_; }

 private:
    Seen look() const {
        return {top_->p_valid != 0,
                top_->p_ready != 0,
                top_->p_drive != 0,
                top_->x_valid != 0,
                top_->drive_active != 0,
                top_->read_active != 0,
                top_->armed != 0,
                top_->busy != 0,
                top_->safe_latched != 0,
                top_->nv_write != 0,
                top_->q_done != 0,
                top_->p_kind,
                top_->p_row,
                top_->p_mask,
                top_->p_voltage,
                top_->p_gate,
                top_->read_code,
                top_->nv_row,
                top_->nv_column,
                top_->nv_g,
                top_->q_opcode,
                top_->r_status};
    }

    VerilatedContext context_;
    std::unique_ptr<Vwatched_board> top_;
    bool sent_ = false, last_ = false;
    uint32_t word_ = 0;
    uint64_t cycles_ = 0;
};
