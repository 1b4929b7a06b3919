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
#include "wire/message_packets.h"

namespace kcap {

/**
 * Gives the messages of several partitions in the order of a time that they carry. Each partition
 * has its own queue in librdkafka, bounded as always: one that is ahead waits there, and its
 * fetching stops, until the others have caught up. Within a partition the order stays what it was.
 * One thread uses it.
 */
class PartitionMerge {
 public:
  using Reader = std::function<MessagePackets(const rd_kafka_message_t*)>;

  /** A message and its packets; or an event of a partition (its end, an error), which has none. */
  struct Entry {
    Message message;
    MessagePackets packets;
    uint64_t time_ns;  // of the current packet
  };

  PartitionMerge(rd_kafka_t* client, std::string topic, Reader packets_of);
  ~PartitionMerge();

  /** To be called before the partition is assigned. */
  void Add(int32_t partition);
  /** Drops what is here of the partition: it was taken away, or read to its end. */
  void Remove(int32_t partition);

  /** Takes what has come of partitions that had nothing more: now and then, and after a Wait(). */
  void Look();
  /** The earliest of what is here; none where an earlier one may come yet: Wait() then. */
  std::optional<Entry> Next();
  /** Until when the packets of the entry that Next() gave come before those of all others. */
  uint64_t UntilNs() const;
  /** Takes the entry back that Next() gave, as far as its packets are not all taken. */
  void PutBack(Entry entry);
  /** Until something new came to a partition or to `other`, at most `timeout_ms`. */
  void Wait(rd_kafka_queue_t* other, int timeout_ms);
  /** A partition that the others wait for: it has more, and nothing of it is here. */
  std::optional<int32_t> Awaited() const;
  /** The others wait for those no longer, until something of them comes. */
  void GoOnWithoutAwaited();
  /** Whether the others have gone on without the partition. */
  bool GoesOnWithout(int32_t partition) const;

 private:
  struct Partition {
    int32_t id;
    rd_kafka_queue_t* queue;
    std::deque<Entry> entries = {};
    bool at_end = false;       // it had nothing more when it last said so
    bool given_up = false;     // it has more, and is not waited for
    size_t message_bytes = 0;  // of those that came last, on average

    bool IsAwaited() const { return entries.empty() && !at_end && !given_up; }
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
  void GoOn();
  void CountBehind();
  bool Refill(Partition& partition);
  size_t TakeAtOnce(const Partition& partition) const;
  void Watch(rd_kafka_queue_t* queue);
  static void OnSomething(rd_kafka_t* client, void* self);

  rd_kafka_t* client_;
  const std::string topic_;
  const Reader packets_of_;
  std::map<int32_t, Partition> partitions_;
  std::vector<Place> in_order_;      // those with entries: a heap, the earliest on top
  std::vector<Partition*> without_;  // those with none
  std::optional<int32_t> in_hand_;   // whose first entry Next() gave
  size_t behind_ = 0;                // of these, how many are awaited
  int64_t looked_at_ns_ = 0;         // since 1970
  rd_kafka_queue_t* watched_other_ = nullptr;
  bool held_back_ = false;  // there are messages, and only a moment is to be waited

  // Set by librdkafka's threads where a queue is no longer empty.
  std::mutex mutex_;
  std::condition_variable something_;
  bool came_ = false;
};

}  // namespace kcap
