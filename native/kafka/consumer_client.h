#pragma once

#include <librdkafka/rdkafka.h>

#include "kafka/properties.h"

namespace kcap {

/** A librdkafka consumer and the queue that brings its messages, rebalances and errors. */
class ConsumerClient {
 public:
  /** Throws std::runtime_error with librdkafka's text if there can be no such client. */
  explicit ConsumerClient(Conf conf);
  /** Waits for librdkafka's threads, but for no broker. */
  ~ConsumerClient();
  ConsumerClient(const ConsumerClient&) = delete;
  ConsumerClient& operator=(const ConsumerClient&) = delete;

  rd_kafka_t* client() const { return client_; }
  rd_kafka_queue_t* queue() const { return queue_; }
  /** Ends the wait of the thread that polls. Any thread. */
  void Wake() const { rd_kafka_queue_yield(queue_); }
  /** Commits what was stored and leaves the group. Whether that was done in time. */
  bool Leave(int timeout_ms) const;

 private:
  rd_kafka_t* const client_;
  rd_kafka_queue_t* const queue_;
};

}  // namespace kcap
