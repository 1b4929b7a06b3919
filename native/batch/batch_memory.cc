#include "batch/batch_memory.h"

#include <iterator>
#include <map>
#include <mutex>

namespace kcap {
namespace {

/** All that there is, by where it begins. */
struct Known {
  std::mutex mutex;
  std::map<const uint8_t*, std::weak_ptr<BatchMemory>> by_data;
};

/** Never destroyed: threads may outlive what a process destroys at its end. */
Known& All() {
  static auto* const known = new Known;
  return *known;
}

}  // namespace

BatchMemory::BatchMemory(size_t capacity)
    : data_(std::make_unique_for_overwrite<uint8_t[]>(capacity)), capacity_(capacity) {}

std::shared_ptr<BatchMemory> BatchMemory::New(size_t capacity) {
  std::shared_ptr<BatchMemory> memory(new BatchMemory(capacity));
  auto& [mutex, by_data] = All();
  std::lock_guard lock(mutex);
  by_data.emplace(memory->data(), memory);
  return memory;
}

BatchMemory::~BatchMemory() {
  auto& [mutex, by_data] = All();
  std::lock_guard lock(mutex);
  by_data.erase(data());
}

std::shared_ptr<BatchMemory> BatchMemory::Of(const uint8_t* byte) {
  // Perhaps the last share of it, which may not go while the mutex is locked.
  std::shared_ptr<BatchMemory> memory;
  auto& [mutex, by_data] = All();
  std::lock_guard lock(mutex);
  const auto after = by_data.upper_bound(byte);
  if (after == by_data.begin()) return nullptr;
  memory = std::prev(after)->second.lock();
  return memory && byte < memory->data() + memory->capacity() ? memory : nullptr;
}

}  // namespace kcap
