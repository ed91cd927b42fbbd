// SPDX-License-Identifier: BSD-3-Clause
//
// One stream: a fresh board, limits set and locked, then requests and mishaps until something is driven that
// must not be.
#pragma once

#include <deque>
#include <string>

#include "board.h"
#include "coverage.h"

class Stream {
 public:
    Stream(Board& board, Observer& observer, Coverage& coverage, Random& random, bool damage_watched,
           bool firmware)
        : board_(board),
          observer_(observer),
          coverage_(coverage),
          random_(random),
          maker_(random, observer, damage_watched, firmware),
          damage_watched_(damage_watched),
          firmware_(firmware) {}

    // Runs it; false when the observer or the board's behaviour was violated.
    bool run();
    const std::string& violation() const { return violation_; }
    const std::string& told() const { return told_; }  // the requests, for a report

 private:
    struct Waiting {
        Request request;
        State state = kOpen;
    };

    bool good() const { return violation_.empty(); }
    void fail(const std::string& what);
    State state() const;
    Activity activity() const;
    void tick(Pins pins = Pins());
    void rest(uint64_t cycles);
    void answered(const Seen& seen);
    void send(const Words& words, bool ends = true);
    void post(const Request& request);
    void post_badly(const Request& request);
    bool done(uint64_t cycles, bool heartbeats);
    void settle();
    void call(const Request& request);
    void urgent(uint32_t opcode);
    void hello();
    void set_up();
    void reach(State wanted);
    void step();
    void mishap();
    void make_safe(Cause cause);

    Board& board_;
    Observer& observer_;
    Coverage& coverage_;
    Random& random_;
    Maker maker_;
    bool damage_watched_, firmware_;
    std::deque<Waiting> waiting_;
    Seen seen_{};
    uint32_t epoch_ = 0, sequence_ = 0, answered_ = 0;
    bool opened_ = false, in_frame_ = false, stop_ = false;
    uint64_t stalled_ = 0;
    std::string violation_, told_;
};
