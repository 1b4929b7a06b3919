#include "kafka/packs.h"

#include <algorithm>

namespace kcap {
namespace {

/** Memory that is kept for further packs: as much as is under way on a quick link. */
constexpr size_t kMostFreeBytes = 16 * 1024 * 1024;

}  // namespace

std::unique_ptr<Pack>* Packs::Find(int32_t partition) {
  const auto found = open_.find(partition);
  return found == open_.end() ? nullptr : &found->second.pack;
}

std::unique_ptr<Pack>& Packs::Open(int32_t partition, const PackLink& link) {
  std::unique_ptr<Pack> pack;
  if (free_.empty()) {
    pack = std::make_unique<Pack>(link, limit_);
  } else {
    // The one that came back last: the processor's cache may still have it.
    pack = std::move(free_.back());
    free_.pop_back();
    pack->Reset(link, limit_);
  }
  auto& opened = open_[partition];
  opened = {std::move(pack), Clock::now() + age_};
  return opened.pack;
}

uint64_t Packs::open_packets() const {
  uint64_t packets = 0;
  for (const auto& [partition, open] : open_) packets += open.pack->packets();
  return packets;
}

std::vector<int32_t> Packs::Due() const {
  std::vector<int32_t> due;
  if (open_.empty()) return due;
  const auto now = Clock::now();
  for (const auto& [partition, open] : open_)
    if (open.due <= now) due.push_back(partition);
  return due;
}

std::vector<int32_t> Packs::All() const {
  std::vector<int32_t> all;
  for (const auto& [partition, open] : open_) all.push_back(partition);
  return all;
}

int Packs::IdleMs(int most) const {
  if (open_.empty()) return most;
  const auto now = Clock::now();
  for (const auto& [partition, open] : open_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(open.due - now).count();
    most = static_cast<int>(std::clamp<int64_t>(left, 0, most));
  }
  return most;
}

void Packs::Lend(std::unique_ptr<Pack> pack) {
  lent_bytes_ += pack->value().size();
  Pack* const lent = pack.get();
  lent_.emplace(lent, std::move(pack));
}

std::unique_ptr<Pack> Packs::TakeBack(Pack* pack) {
  lent_bytes_ -= pack->value().size();
  return std::move(lent_.extract(pack).mapped());
}

void Packs::Recycle(std::unique_ptr<Pack> pack) {
  if (pack->capacity() == limit_ && (free_.size() + 1) * limit_ <= kMostFreeBytes)
    free_.push_back(std::move(pack));
}

}  // namespace kcap
