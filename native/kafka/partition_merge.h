#pragma once

#include <librdkafka/rdkafka.h>

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "kafka/kafka_handles.h"
#include "wire/plain_message.h"

namespace kcap {

/**
 * Gives the messages of several partitions in the order of a time that they carry. Each partition
 * has its own queue in librdkafka, bounded as always: one that is ahead waits there, and its
 * fetching stops, until the others have caught up. Within a partition the order stays what it was.
 * One thread uses it.
 */
class PartitionMerge {
 public:
  using Reader = std::function<MessagePacket(const rd_kafka_message_t*)>;

  /** A message and the packet in it; or an event of a partition (its end, an error), whose packet
   * has no meaning. */
  struct Entry {
    Message message;
    MessagePacket packet;
  };

  PartitionMerge(rd_kafka_t* client, std::string topic, Reader packet_of);
  ~PartitionMerge();

  /** To be called before the partition is assigned. */
  void Add(int32_t partition);
  /** Drops what is here of the partition: it was taken away, or read to its end. */
  void Remove(int32_t partition);

  /** Takes what has come of partitions that had nothing more: now and then, and after a Wait(). */
  void Look();
  /** The earliest of what is here; none where an earlier one may come yet: Wait() then. */
  std::optional<Entry> Next();
  /** Until something new came to a partition or to `other`, at most `timeout_ms`. */
  void Wait(rd_kafka_queue_t* other, int timeout_ms);

 private:
  struct Partition {
    int32_t id;
    rd_kafka_queue_t* queue;
    std::deque<Entry> entries = {};
    bool at_end = false;       // it had nothing more when it last said so
    size_t message_bytes = 0;  // of those that came last, on average
  };

  /** Where a partition stands among the others: the time of its first entry, and its number. */
  struct Place {
    uint64_t time_ns;
    int32_t id;
    Partition* partition;

    bool operator>(const Place& other) const {
      return time_ns != other.time_ns ? time_ns > other.time_ns : id > other.id;
    }
  };

  void PutInOrder(Partition& partition);
  void CountBehind();
  bool Refill(Partition& partition);
  size_t TakeAtOnce(const Partition& partition) const;
  void Watch(rd_kafka_queue_t* queue);
  static void OnSomething(rd_kafka_t* client, void* self);

  rd_kafka_t* client_;
  const std::string topic_;
  const Reader packet_of_;
  std::map<int32_t, Partition> partitions_;
  std::vector<Place> in_order_;      // those with entries: a heap, the earliest on top
  std::vector<Partition*> without_;  // those with none
  size_t behind_ = 0;                // of these, how many are not at their end
  int64_t looked_at_ns_ = 0;         // since 1970
  rd_kafka_queue_t* watched_other_ = nullptr;
  bool held_back_ = false;  // there are messages, and only a moment is to be waited

  // Set by librdkafka's threads where a queue is no longer empty.
  std::mutex mutex_;
  std::condition_variable something_;
  bool came_ = false;
};

}  // namespace kcap
