#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <optional>
#include <string>

namespace kcap {

/**
 * Looks every few seconds what there is of a topic. librdkafka would notice as well, but says
 * nothing of new partitions to whoever reads without a group, and of a topic that was deleted up to
 * half a minute later, once.
 */
class TopicWatch {
 public:
  TopicWatch(rd_kafka_t* client, const std::string& topic);
  ~TopicWatch();

  /** The number of partitions, where a look is due and the brokers answer; that may take a moment.
   */
  std::optional<int32_t> PartitionsIfDue();
  /** Whether the brokers have said several times, over some seconds, that there is no such topic.
   */
  bool Gone() const;

 private:
  using Clock = std::chrono::steady_clock;

  rd_kafka_t* const client_;
  rd_kafka_topic_t* const topic_;
  Clock::time_point next_look_;
  int unknown_ = 0;  // answers in a row
};

}  // namespace kcap
