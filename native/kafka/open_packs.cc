#include "kafka/open_packs.h"

#include <algorithm>

namespace kcap {
namespace {

/** Memory of packs that is kept for others: as much as is under way on a quick link. */
constexpr size_t kMostFreeBytes = 16 * 1024 * 1024;

}  // namespace

Pack* OpenPacks::Find(int32_t partition) {
  const auto found = packs_.find(partition);
  return found == packs_.end() ? nullptr : found->second.pack.get();
}

Pack& OpenPacks::Open(int32_t partition, const PackLink& link) {
  std::unique_ptr<Pack> pack;
  if (free_.empty()) {
    pack = std::make_unique<Pack>(link, limit_);
  } else {
    // The one that was given back last: the processor's cache may still have it.
    pack = std::move(free_.back());
    free_.pop_back();
    pack->Reset(link, limit_);
  }
  auto& opened = packs_[partition];
  opened = {std::move(pack), Clock::now() + age_};
  return *opened.pack;
}

std::unique_ptr<Pack> OpenPacks::Take(int32_t partition) {
  auto taken = packs_.extract(partition);
  return taken ? std::move(taken.mapped().pack) : nullptr;
}

std::vector<int32_t> OpenPacks::Due() const {
  std::vector<int32_t> due;
  const auto now = Clock::now();
  for (const auto& [partition, open] : packs_)
    if (open.due <= now) due.push_back(partition);
  return due;
}

std::vector<int32_t> OpenPacks::All() const {
  std::vector<int32_t> all;
  for (const auto& [partition, open] : packs_) all.push_back(partition);
  return all;
}

int OpenPacks::IdleMs(int most) const {
  const auto now = Clock::now();
  for (const auto& [partition, open] : packs_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(open.due - now).count();
    most = static_cast<int>(std::clamp<int64_t>(left, 0, most));
  }
  return most;
}

void OpenPacks::Recycle(std::unique_ptr<Pack> pack) {
  if (pack->capacity() == limit_ && (free_.size() + 1) * limit_ <= kMostFreeBytes)
    free_.push_back(std::move(pack));
}

}  // namespace kcap
