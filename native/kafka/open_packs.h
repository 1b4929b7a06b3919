#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "kafka/pack.h"

namespace kcap {

/**
 * The packs that are being filled: one, or one a partition where flows are spread over several.
 * Their memory is used again once they have been delivered: fresh pages would cost more than the
 * packets do. One thread uses it.
 */
class OpenPacks {
 public:
  using Clock = std::chrono::steady_clock;
  /** Stands for any partition. */
  static constexpr int32_t kAnyPartition = -1;

  struct OpenPack {
    std::unique_ptr<Pack> pack;
    Clock::time_point due;
  };

  /** @param limit bytes of a value; @param age how long a pack's first packet waits for others */
  OpenPacks(size_t limit, std::chrono::milliseconds age) : limit_(limit), age_(age) {}

  size_t limit() const { return limit_; }
  /** Of the packs that are opened from now on. */
  void SetLimit(size_t limit) { limit_ = limit; }

  /** The open pack of a partition; null where there is none. */
  Pack* Find(int32_t partition);
  /** Opens one where there is none. */
  Pack& Open(int32_t partition, const PackLink& link);
  /** The pack is closed and somebody else's. */
  std::unique_ptr<Pack> Take(int32_t partition);
  bool empty() const { return packs_.empty(); }
  /** Partitions with a pack that is due, or with any. */
  std::vector<int32_t> Due() const;
  std::vector<int32_t> All() const;
  /** How long until the next one is due, up to `most` ms. */
  int IdleMs(int most) const;

  /** Takes back a pack that nobody needs any more. */
  void Recycle(std::unique_ptr<Pack> pack);

 private:
  size_t limit_;
  const std::chrono::milliseconds age_;
  std::map<int32_t, OpenPack> packs_;
  std::vector<std::unique_ptr<Pack>> free_;
};

}  // namespace kcap
