#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <string>

#include "kafka/partition_turns.h"
#include "kafka/properties.h"

namespace kcap {

/** How much one request may hold, and one message. */
struct RequestBounds {
  size_t bytes;          // batch.size
  size_t message_bytes;  // message.max.bytes
  int messages;          // batch.num.messages

  bool operator==(const RequestBounds&) const = default;
  /** Messages of so many bytes share their request with no other. */
  size_t BytesOfOneAlone() const;
};

/** The bounds that a configuration sets. */
RequestBounds BoundsOf(const rd_kafka_conf_t* conf);

/**
 * A librdkafka producer of one topic. librdkafka fixes the bounds of requests when a client is
 * made: other bounds take another client.
 */
class ProducerClient {
 public:
  /** `turns` choose the partitions; without them, the configuration's partitioner does so by keys.
   * Throws std::runtime_error with librdkafka's text where there can be no such client. */
  ProducerClient(const rd_kafka_conf_t* conf, const RequestBounds& bounds, const std::string& topic,
                 PartitionTurns* turns);
  /** Drops what is still queued. */
  ~ProducerClient();
  ProducerClient(const ProducerClient&) = delete;
  ProducerClient& operator=(const ProducerClient&) = delete;

  rd_kafka_t* client() const { return client_; }
  rd_kafka_topic_t* topic() const { return topic_; }
  /** What poll serves: delivery reports and the client's events. */
  rd_kafka_queue_t* reports() const { return reports_; }

 private:
  rd_kafka_t* client_ = nullptr;
  rd_kafka_topic_t* topic_ = nullptr;
  rd_kafka_queue_t* reports_ = nullptr;
};

}  // namespace kcap
