#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace kcap {

/**
 * The memory of a batch's records. Who sends records from where they lie borrows it until they have
 * arrived; nobody writes to it meanwhile, and the batch goes on with other memory.
 */
class BatchMemory {
 public:
  class Loan;

  static std::shared_ptr<BatchMemory> New(size_t capacity);
  /** The memory in which this byte lies; null where it is not a batch's. Any thread. */
  static std::shared_ptr<BatchMemory> Of(const uint8_t* byte);
  ~BatchMemory();
  BatchMemory(const BatchMemory&) = delete;
  BatchMemory& operator=(const BatchMemory&) = delete;

  uint8_t* data() const { return data_.get(); }
  size_t capacity() const { return capacity_; }
  /** Whether somebody has borrowed it. What they have read is behind them once this is false. */
  bool IsLent() const { return loans_.load(std::memory_order_acquire) > 0; }

 private:
  explicit BatchMemory(size_t capacity);

  const std::unique_ptr<uint8_t[]> data_;
  const size_t capacity_;
  std::atomic<uint32_t> loans_ = 0;
};

/** Keeps a batch's memory as it is. */
class BatchMemory::Loan {
 public:
  explicit Loan(std::shared_ptr<BatchMemory> memory) : memory_(std::move(memory)) {
    memory_->loans_.fetch_add(1, std::memory_order_relaxed);
  }
  ~Loan() {
    if (memory_) memory_->loans_.fetch_sub(1, std::memory_order_release);
  }
  Loan(Loan&&) = default;
  Loan& operator=(Loan&& other) noexcept {
    std::swap(memory_, other.memory_);
    return *this;
  }

  const BatchMemory& memory() const { return *memory_; }

 private:
  std::shared_ptr<BatchMemory> memory_;
};

}  // namespace kcap
