#pragma once

#include <cstdint>
#include <deque>

namespace kcap {

/**
 * The low watermark of what is numbered 1, 2, 3 … and settles in any order (messages over several
 * partitions): the number up to which all has settled. Exact to a block of numbers, which is as
 * much as it keeps of them.
 */
class SettledMark {
 public:
  /** Numbers begin in their order. */
  void Begin(uint64_t number) {
    const uint64_t block = number / kBlock;
    while (first_block_ + under_way_.size() <= block) under_way_.push_back(0);
    under_way_[block - first_block_]++;
    last_ = number;
  }

  void Settle(uint64_t number) {
    under_way_[number / kBlock - first_block_]--;
    // The last block may still get numbers.
    while (under_way_.size() > 1 && under_way_.front() == 0) {
      under_way_.pop_front();
      first_block_++;
    }
  }

  /** This number and all before it have settled. */
  uint64_t value() const {
    if (under_way_.empty() || (under_way_.size() == 1 && under_way_.front() == 0)) return last_;
    return first_block_ == 0 ? 0 : first_block_ * kBlock - 1;
  }

 private:
  static constexpr uint64_t kBlock = 1024;

  std::deque<uint32_t> under_way_;  // numbers of each block that have begun and not settled
  uint64_t first_block_ = 0;
  uint64_t last_ = 0;
};

}  // namespace kcap
