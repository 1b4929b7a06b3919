#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

#include "kafka/kafka_handles.h"

namespace kcap {

/**
 * Looks every few seconds at the state of a topic, without waiting for the answer. librdkafka would
 * notice as well, but reports neither new partitions to a reader without a group, nor a topic that
 * was deleted and created again, nor partitions without a leader.
 */
class TopicWatch {
 public:
  explicit TopicWatch(std::string topic) : topic_(std::move(topic)) {}

  void Use(rd_kafka_t* client);
  /** Before the client goes. */
  void Close() { answers_.reset(); }

  /** Asks where that is due. The number of partitions, if an answer has come since the last call.
   */
  std::optional<int32_t> Look();
  /** Why the topic that was read is no longer there; nothing as long as it is. */
  std::optional<std::string> Gone() const;
  /** Whether the partition had no leader the last time that the brokers answered. */
  bool IsLeaderless(int32_t partition) const { return leaderless_.contains(partition); }

 private:
  using Clock = std::chrono::steady_clock;
  using Id = std::pair<int64_t, int64_t>;

  void Ask();
  std::optional<int32_t> Read(const rd_kafka_event_t* answer);

  rd_kafka_t* client_ = nullptr;
  const std::string topic_;
  Queue answers_{nullptr, rd_kafka_queue_destroy};
  bool asked_ = false;
  Clock::time_point next_look_ = Clock::now();
  int unknown_ = 0;       // answers in a row that said so
  std::optional<Id> id_;  // brokers before Kafka 2.8 give none
  bool replaced_ = false;
  std::set<int32_t> leaderless_;
};

}  // namespace kcap
