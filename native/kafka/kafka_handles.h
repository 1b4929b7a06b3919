#pragma once

#include <librdkafka/rdkafka.h>

#include <memory>

namespace kcap {

using Message = std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)>;
using PartitionList = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                      decltype(&rd_kafka_topic_partition_list_destroy)>;
using Queue = std::unique_ptr<rd_kafka_queue_t, decltype(&rd_kafka_queue_destroy)>;
using Event = std::unique_ptr<rd_kafka_event_t, decltype(&rd_kafka_event_destroy)>;

inline Message MessageOf(rd_kafka_message_t* message) {
  return Message(message, rd_kafka_message_destroy);
}

inline PartitionList NewPartitionList(size_t size) {
  return PartitionList(rd_kafka_topic_partition_list_new(static_cast<int>(size)),
                       rd_kafka_topic_partition_list_destroy);
}

inline Queue NewQueue(rd_kafka_t* client) {
  return Queue(rd_kafka_queue_new(client), rd_kafka_queue_destroy);
}

/** What comes to a queue within `timeout_ms`; null if nothing does. */
inline Event NextEvent(const Queue& queue, int timeout_ms) {
  return Event(rd_kafka_queue_poll(queue.get(), timeout_ms), rd_kafka_event_destroy);
}

}  // namespace kcap
