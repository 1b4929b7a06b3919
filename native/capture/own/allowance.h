#pragma once

#include <chrono>

namespace kcap {

/** Of each second so much time, for work that others can cause as often as they like. */
class Allowance {
 public:
  using Clock = std::chrono::steady_clock;

  explicit Allowance(Clock::duration a_second) : a_second_(a_second) {}

  bool IsLeft() {
    const auto now = Clock::now();
    if (now - began_ >= std::chrono::seconds(1)) {
      began_ = now;
      spent_ = {};
    }
    return spent_ < a_second_;
  }

  /** Time counts as spent while this lives. */
  class Spending {
   public:
    explicit Spending(Allowance& allowance) : allowance_(allowance) {}
    ~Spending() { allowance_.spent_ += Clock::now() - began_; }
    Spending(const Spending&) = delete;
    Spending& operator=(const Spending&) = delete;

   private:
    Allowance& allowance_;
    const Clock::time_point began_ = Clock::now();
  };
  Spending Spend() { return Spending(*this); }

 private:
  const Clock::duration a_second_;
  Clock::time_point began_{};
  Clock::duration spent_{};
};

}  // namespace kcap
