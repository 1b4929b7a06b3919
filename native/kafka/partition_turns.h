#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>

namespace kcap {

/**
 * Chooses partitions in turns where nobody asked for keys to choose: one gets messages until they
 * fill a request, then it is the next one's turn. A key each would spread them over all partitions,
 * whose requests then are many and small.
 */
class PartitionTurns {
 public:
  PartitionTurns() : turn_(std::random_device()()) {}

  /** Messages that fill a request. */
  void SetRequest(size_t bytes, int messages) {
    request_bytes_ = bytes;
    request_messages_ = messages;
  }

  /** A message of so many bytes, its key included, was produced. The producer's thread. */
  void Produced(size_t bytes) {
    bytes_ += bytes;
    if (++messages_ >= request_messages_ || bytes_ >= request_bytes_) Next();
  }

  /** Everything was sent: to go on elsewhere costs nothing, and gives each partition its share. */
  void Pushed() {
    if (messages_ > 0) Next();
  }

  /** librdkafka's partitioner, whose opaque is a PartitionTurns. Any thread. */
  static int32_t Choose(const rd_kafka_topic_t*, const void*, size_t, int32_t partitions,
                        void* turns, void*) {
    const uint32_t turn = static_cast<PartitionTurns*>(turns)->turn_;
    return static_cast<int32_t>(turn % static_cast<uint32_t>(partitions));
  }

 private:
  void Next() {
    bytes_ = 0;
    messages_ = 0;
    turn_++;
  }

  size_t request_bytes_ = 0;
  int request_messages_ = 0;
  size_t bytes_ = 0;
  int messages_ = 0;
  std::atomic<uint32_t> turn_;
};

}  // namespace kcap
