// SPDX-License-Identifier: BSD-3-Clause

#include "stream.h"

namespace {

constexpr uint64_t kEndCycles = 20000;      // after SAFE every request ends within these
constexpr uint64_t kOpenCycles = 20000;     // a new epoch opens within these
constexpr size_t kQueueWords = 360;         // request ring that is used
constexpr uint64_t kLongestSilence = 5000;  // longer watchdog times are not waited for

bool serves(uint32_t opcode) {
    return opcode == OPCODE_PROGRAM || opcode == OPCODE_SELF_TEST || opcode == OPCODE_ADC_SELFCAL ||
           opcode == OPCODE_FIRMWARE;
}

}  // namespace

void Stream::fail(const std::string& what) {
    if (violation_.empty()) violation_ = what + ", cycle " + std::to_string(observer_.cycle());
}

State Stream::state() const {
    if (observer_.latched()) return kLatched;
    if (observer_.expired()) return kExpired;
    return observer_.armed() ? kArmed : kOpen;
}

Activity Stream::activity() const {
    if (seen_.p_drive) return kPulsing;
    if (seen_.read_active) return kReading;
    if (waiting_.empty()) return kIdle;
    return serves(waiting_.front().request.opcode) ? kServing : kBusy;
}

// One clk cycle, seen by the observer.
void Stream::tick(Pins pins) {
    static const Request nothing;
    pins.stop = stop_;
    pins.tx_ready = stalled_ == 0;
    if (stalled_ != 0) --stalled_;
    if (stop_) observer_.made_safe();
    seen_ = board_.clock(pins);
    observer_.look(seen_, waiting_.empty() ? nothing : waiting_.front().request);
    if (seen_.q_done) answered(seen_);
    if (board_.sent()) {
        const bool hello = !in_frame_ && (board_.word() >> 8 & 0xFFu) == OPCODE_HELLO;
        opened_ = opened_ || hello;
        in_frame_ = !board_.last();
    }
    if (!observer_.violation().empty()) fail(observer_.violation());
}

void Stream::rest(uint64_t cycles) {
    for (; cycles != 0 && good(); --cycles) tick();
}

// The request at the head has been answered.
void Stream::answered(const Seen& seen) {
    if (waiting_.empty() || waiting_.front().request.opcode != seen.opcode) {
        fail("the board answers what it was not asked");
        return;
    }
    observer_.ended(seen, waiting_.front().request);
    coverage_.outcome(seen.opcode, waiting_.front().state, seen.status);
    told_ += "  -> " + std::to_string(seen.status) + "\n";
    waiting_.pop_front();
    ++answered_;
    if (!waiting_.empty()) waiting_.front().state = state();
}

// Puts words on the wire; all but the frame's last, when it is to be put by itself.
void Stream::send(const Words& words, bool ends) {
    for (size_t i = 0; i < words.size() && good(); ++i) {
        Pins pins;
        pins.valid = true;
        pins.data = words[i];
        pins.last = ends && i + 1 == words.size();
        tick(pins);
    }
}

void Stream::post(const Request& request) {
    size_t queued = request.payload.size() + 1;
    for (const Waiting& each : waiting_) queued += each.request.payload.size() + 1;
    if (queued > kQueueWords) settle();
    if (!good()) return;
    char line[64];
    std::snprintf(line, sizeof line, "%02X [", request.opcode);
    told_ += line;
    for (const uint32_t word : request.payload) {
        std::snprintf(line, sizeof line, " %X", word);
        told_ += line;
    }
    told_ += " ]\n";
    const Words words = frame({request.opcode, sequence_, epoch_, answered_}, request.payload);
    send(Words(words.begin(), words.end() - 1), false);
    waiting_.push_back({request, state()});
    ++sequence_;
    send({words.back()});
    observer_.fed();
}

// Frames that the board must not take: broken, of another epoch, number, version or direction.
void Stream::post_badly(const Request& request) {
    Header header{request.opcode, sequence_, epoch_, answered_};
    const uint32_t how = random_.below(6);
    if (how == 0) header.epoch ^= 1u << random_.below(16);
    if (how == 1) header.sequence += random_.from(1, 100);
    if (how == 2) header.version = 2;
    if (how == 3) header.reply = true;
    Words words = frame(header, request.payload);
    if (how == 4) words[random_.below(static_cast<uint32_t>(words.size()))] ^= 1u << random_.below(32);
    if (how == 5) words.resize(random_.from(1, static_cast<uint32_t>(words.size()) - 1));
    send(words);
    if (how == 1) observer_.fed();
}

// Waits until all is answered, at most `cycles`.
bool Stream::done(uint64_t cycles, bool heartbeats) {
    const uint64_t every = observer_.watchdog() / 3 + 20;
    for (uint64_t i = 1; i <= cycles && !waiting_.empty() && good(); ++i) {
        if (heartbeats && i % every == 0) {
            urgent(OPCODE_HEARTBEAT);
        } else {
            tick();
        }
    }
    return waiting_.empty() || !good();
}

// Ends whatever runs: by itself, or by SAFE.
void Stream::settle() {
    if (done(4000, true)) return;
    if (!done(random_.chance(20) ? 20000 : 0, true)) make_safe(kSafe);
    if (!done(kEndCycles, false)) fail("a request never ends");
}

void Stream::call(const Request& request) {
    post(request);
    settle();
}

void Stream::urgent(uint32_t opcode) {
    Header header{opcode, random_.below(65536), epoch_};
    header.urgent = true;
    const Words words = frame(header, {});
    send(Words(words.begin(), words.end() - 1), false);
    if (opcode == OPCODE_SAFE && good()) coverage_.cause(kSafe, activity());
    send({words.back()});
    if (!good()) return;
    if (opcode == OPCODE_SAFE) observer_.made_safe();
    observer_.fed();
}

// A new epoch: what waits is gone.
void Stream::hello() {
    const uint32_t nonce = (epoch_ ^ random_.from(1, 65535)) | random_.word() << 16;
    Header header{OPCODE_HELLO};
    header.urgent = true;
    const Words words = frame(header, {nonce, 1, 2, 3, 4});
    opened_ = false;
    send(words);
    observer_.epoch();
    told_ += "HELLO\n";
    for (uint64_t i = 0; i < kOpenCycles && !opened_ && good(); ++i) tick();
    if (!opened_) fail("the epoch never opens");
    waiting_.clear();
    epoch_ = nonce & 0xFFFFu;
    sequence_ = answered_ = 0;
}

// Limits, the lock, the emulator's damage voltages at the limits, short times.
void Stream::set_up() {
    Words limits{kLimits};
    for (int i = 0; i < kGate; ++i)
        limits.push_back(random_.chance(3) ? random_.below(2) * 65535 : random_.from(1, 65534));
    limits.push_back(random_.from(1, 65534));
    limits.push_back(random_.chance(12) ? random_.from(200, 3000) : random_.from(1, 60));
    const bool locked = random_.chance(90);
    if (locked) limits.push_back(1);
    call({OPCODE_REG_WRITE, limits});
    const bool real = !firmware_;
    const uint32_t operation = real ? random_.from(4000, 25000) : random_.from(100, 4000);
    call({OPCODE_REG_WRITE, {kWatchdogCycles, random_.from(80, 3000), operation}});
    observer_.watch_damage(damage_watched_ && locked);
    if (!damage_watched_) return;
    const auto& held = observer_.limits();
    call({OPCODE_REG_WRITE, {kPhysics, held[kReset] << 16 | kShorts}});
    call({OPCODE_REG_WRITE, {kDamage, held[kSet] << 16 | held[kForm]}});
}

void Stream::reach(State wanted) {
    if (state() == wanted || !good()) return;
    if (state() == kLatched) call(maker_.control(kControlClear));
    Request arm = maker_.arm();
    switch (wanted) {
        case kLatched:
            if (random_.chance(50))
                urgent(OPCODE_SAFE);
            else
                call(maker_.control(kControlSafe));
            break;
        case kExpired:
            arm.payload[4] = 0;
            call(arm);
            break;
        case kArmed:
            call(arm);
            break;
        default:
            if (observer_.armed()) call({OPCODE_DISARM, {}});
    }
}

void Stream::make_safe(Cause cause) {
    if (cause == kSafe) {
        urgent(OPCODE_SAFE);
        return;
    }
    coverage_.cause(cause, activity());
    if (cause == kEpoch) {
        hello();
    } else if (cause == kBreak) {
        Pins pins;
        pins.break_seen = true;
        observer_.made_safe();
        tick(pins);
    } else if (cause == kStop) {
        stop_ = true;
        rest(random_.from(1, 60));
        if (random_.chance(30)) post(maker_.control(kControlClear));
        observer_.made_safe();
        stop_ = false;
        rest(4);
    } else if (observer_.watchdog() < kLongestSilence) {
        rest(observer_.watchdog() + 60);
    }
}

// Something else than waiting for the answer.
void Stream::mishap() {
    const uint32_t what = random_.below(10);
    if (what < 6) {
        for (uint64_t i = 0, most = random_.below(1500);
             i < most && good() && !seen_.p_drive && !seen_.read_active; ++i)
            tick();
        rest(random_.below(random_.chance(70) ? 12 : 400));
        if (good()) make_safe(static_cast<Cause>(random_.below(kCauses)));
    } else if (what < 8) {
        post_badly(maker_.make(static_cast<Template>(random_.below(kTemplates)), kMost));
    } else if (what == 8) {
        stalled_ = random_.below(2000);
    } else if (!waiting_.empty()) {  // the same number again
        const Words words = frame({waiting_.back().request.opcode, sequence_ - 1, epoch_, answered_},
                                  waiting_.back().request.payload);
        send(words);
        observer_.fed();
    }
}

void Stream::step() {
    const Goal goal = coverage_.next(random_);
    if (!waiting_.empty() && random_.chance(70)) settle();
    if (waiting_.empty()) reach(goal.state);
    if (!good()) return;
    if (goal.what == kFirmware && firmware_ && observer_.armed()) call({OPCODE_DISARM, {}});
    const Request request = maker_.make(goal.what, goal.side);
    if (request.payload.size() > 120 || request.opcode == OPCODE_HELLO) return;
    post(request);
    if (goal.what == kFirmware && firmware_ && good()) {  // what was loaded is run
        settle();
        if (good()) reach(kArmed);
        if (good()) post(maker_.make(random_.chance(80) ? kProgram : kSelfTest, kAt));
    }
    if (!good()) return;
    const uint32_t then = random_.below(100);
    if (then < 35)
        mishap();
    else if (then < 80)
        settle();
}

bool Stream::run() {
    board_.reset();
    observer_.reset();
    hello();
    if (good()) set_up();
    for (uint32_t steps = random_.from(2, 7); steps != 0 && good(); --steps) step();
    if (good()) settle();
    return good();
}
