#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>

namespace kcap {

/** What the brokers say about a topic. */
struct TopicPartitions {
  rd_kafka_resp_err_t error;  // that nobody answered, or of the topic
  int32_t count;              // 0 where there is an error
};

/** Asks the brokers; blocks for up to `timeout_ms`. Brokers that make topics on first use do so. */
inline TopicPartitions AskForPartitions(rd_kafka_t* client, rd_kafka_topic_t* topic,
                                        int timeout_ms) {
  const rd_kafka_metadata_t* metadata = nullptr;
  if (const auto error = rd_kafka_metadata(client, 0, topic, &metadata, timeout_ms))
    return {error, 0};
  TopicPartitions answer{RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, 0};
  for (int i = 0; i < metadata->topic_cnt; i++)
    answer = {metadata->topics[i].err, metadata->topics[i].partition_cnt};
  rd_kafka_metadata_destroy(metadata);
  return answer;
}

}  // namespace kcap
