#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>

namespace kcap {

/**
 * Says when messages that wait in librdkafka for a fuller request are to be sent as they are.
 *
 * librdkafka would do that itself after linger.ms, but at a price: while a request is under way and
 * messages older than that wait behind it, its broker thread polls without a pause. So linger.ms is
 * long here. A busy stream fills its requests by itself; a slow one is pushed at most once an
 * interval, and a packet after a pause at once. For the same reason nothing is pushed while what
 * was pushed before is still on its way: over a long way the next push follows its arrival.
 */
class PushTimer {
 public:
  using Clock = std::chrono::steady_clock;

  /** `full_bytes`: as much within an interval fills requests by itself. An interval of 0: never. */
  PushTimer(std::chrono::milliseconds interval, size_t full_bytes)
      : interval_(interval), full_bytes_(full_bytes) {}

  void Produced(size_t bytes) {
    waiting_ = interval_.count() > 0;
    bytes_ += bytes;
    const auto now = Clock::now();
    if (now - produced_ >= kPause) began_ = now - interval_;
    produced_ = now;
  }

  /** How long nothing need be done, up to `most`. */
  int IdleMs(int most) const {
    if (!waiting_) return most;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(DueAt() - Clock::now());
    return static_cast<int>(std::clamp<int64_t>(left.count(), 0, most));
  }

  /** True where a push is due now, when so many messages have settled. Begins the next interval. */
  bool IsDue(uint64_t settled) {
    if (settled >= on_the_way_) on_the_way_ = 0;
    if (!waiting_ || Clock::now() < DueAt()) return false;
    const bool fills_requests = bytes_ >= full_bytes_;
    bytes_ = 0;
    began_ = Clock::now();
    return !fills_requests;
  }

  /** Nothing waits any more. */
  void Arrived() { waiting_ = false; }
  /** What was pushed, up to this number of messages, is on its way. */
  void Pushed(uint64_t messages) { on_the_way_ = messages; }

 private:
  /** Whatever comes this late has nobody to share its request with. */
  static constexpr std::chrono::milliseconds kPause{20};
  /** For so many intervals an arrival is waited for: of several partitions, one may be away. */
  static constexpr int kMostIntervals = 4;

  Clock::time_point DueAt() const {
    return began_ + (on_the_way_ > 0 ? kMostIntervals * interval_ : interval_);
  }

  const std::chrono::milliseconds interval_;
  const size_t full_bytes_;
  Clock::time_point began_;
  Clock::time_point produced_;
  uint64_t on_the_way_ = 0;  // messages up to this number, or none
  size_t bytes_ = 0;
  bool waiting_ = false;
};

}  // namespace kcap
