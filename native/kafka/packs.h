#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

#include "wire/packed_message.h"

namespace kcap {

/**
 * A producer's packs: those that are being filled (one, or one a partition where flows are spread
 * over several), those that librdkafka has, and memory for further ones. Fresh pages would cost
 * more than the packets do. One thread uses it.
 */
class Packs {
 public:
  using Clock = std::chrono::steady_clock;
  /** Stands for any partition. */
  static constexpr int32_t kAnyPartition = -1;

  /** @param limit bytes of a value; @param age how long a pack's first packet waits for others */
  Packs(size_t limit, std::chrono::milliseconds age) : limit_(limit), age_(age) {}

  /** Of packs that are opened from now on. */
  void SetLimit(size_t limit) { limit_ = limit; }
  size_t limit() const { return limit_; }

  /** The pack of a partition that is being filled; null where there is none. */
  std::unique_ptr<Pack>* Find(int32_t partition);
  /** Begins one where there is none. */
  std::unique_ptr<Pack>& Open(int32_t partition, const PackLink& link);
  /** It was sent, or given up. */
  void Forget(int32_t partition) { open_.erase(partition); }
  /** In the packs that are being filled. */
  uint64_t open_packets() const;
  /** Partitions whose pack has waited long enough, or with any. */
  std::vector<int32_t> Due() const;
  std::vector<int32_t> All() const;
  /** How long until the next one has waited long enough, up to `most` ms. */
  int IdleMs(int most) const;

  /** librdkafka reads its value from now on. */
  void Lend(std::unique_ptr<Pack> pack);
  /** librdkafka needs it no longer. */
  std::unique_ptr<Pack> TakeBack(Pack* pack);
  /** Bytes of the values that librdkafka has. */
  size_t lent_bytes() const { return lent_bytes_; }
  /** Nobody needs it any more. */
  void Recycle(std::unique_ptr<Pack> pack);

 private:
  struct OpenPack {
    std::unique_ptr<Pack> pack;
    Clock::time_point due;
  };

  size_t limit_;
  const std::chrono::milliseconds age_;
  std::map<int32_t, OpenPack> open_;  // by partition
  std::unordered_map<Pack*, std::unique_ptr<Pack>> lent_;
  size_t lent_bytes_ = 0;
  std::vector<std::unique_ptr<Pack>> free_;
};

}  // namespace kcap
