#include "kafka/lent_batches.h"

#include <algorithm>
#include <utility>

namespace kcap {
namespace {

/** Beyond that a client's messages wait for brokers, and cost less where each has its own memory.
 */
constexpr size_t kMostBytes = 16 * 1024 * 1024;
/** Of a batch's memory, at least this part is to hold packets. */
constexpr size_t kLeastPart = 8;

bool Holds(const BatchMemory& memory, const uint8_t* value) {
  // A value follows its record's header; an empty one may follow the last.
  return value > memory.data() && value <= memory.data() + memory.capacity();
}

}  // namespace

bool LentBatches::Begin(std::span<const uint8_t> records) {
  if (records.empty()) return false;
  auto memory = BatchMemory::Of(records.data());
  if (!memory || records.size() < memory->capacity() / kLeastPart) return false;
  size_t held = 0;
  for (const auto& lent : loans_) held += lent.loan.memory().capacity();
  if (held + memory->capacity() > kMostBytes) return false;
  loans_.push_back({.loan = BatchMemory::Loan(std::move(memory))});
  adds_ = true;
  return true;
}

void LentBatches::End() {
  if (std::exchange(adds_, false) && loans_.back().messages == 0) loans_.pop_back();
}

void LentBatches::Return(const void* value) {
  const auto* const byte = static_cast<const uint8_t*>(value);
  const auto lent = std::ranges::find_if(loans_, [&](const Lent& each) {
    return each.messages > 0 && Holds(each.loan.memory(), byte);
  });
  if (lent == loans_.end() || --lent->messages > 0) return;
  const bool is_added_to = adds_ && lent + 1 == loans_.end();
  if (!is_added_to) loans_.erase(lent);
}

}  // namespace kcap
