#include "kafka/producer_client.h"

#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <utility>

#include "kafka/new_client.h"

namespace kcap {
namespace {

size_t NumberIn(const rd_kafka_conf_t* conf, const char* name) {
  char value[32] = "";
  size_t size = sizeof value;
  rd_kafka_conf_get(conf, name, value, &size);
  return strtoull(value, nullptr, 10);
}

void Set(rd_kafka_conf_t* conf, const char* name, size_t value) {
  char message[512] = "";
  if (rd_kafka_conf_set(conf, name, std::to_string(value).c_str(), message, sizeof message) !=
      RD_KAFKA_CONF_OK)
    throw std::runtime_error(message);
}

}  // namespace

size_t RequestBounds::BytesOfOneAlone() const {
  return messages == 1 ? 0 : std::min(bytes, message_bytes);
}

RequestBounds BoundsOf(const rd_kafka_conf_t* conf) {
  return {NumberIn(conf, "batch.size"), NumberIn(conf, "message.max.bytes"),
          static_cast<int>(NumberIn(conf, "batch.num.messages"))};
}

ProducerClient::ProducerClient(const rd_kafka_conf_t* conf, const RequestBounds& bounds,
                               const std::string& topic, PartitionTurns* turns) {
  Conf own(rd_kafka_conf_dup(conf), rd_kafka_conf_destroy);
  Set(own.get(), "batch.size", bounds.bytes);
  Set(own.get(), "message.max.bytes", bounds.message_bytes);
  Set(own.get(), "batch.num.messages", static_cast<size_t>(bounds.messages));
  client_ = NewClient(RD_KAFKA_PRODUCER, std::move(own));
  rd_kafka_topic_conf_t* topic_conf = nullptr;
  if (turns) {
    turns->SetRequest(std::min(bounds.bytes, bounds.message_bytes), bounds.messages);
    topic_conf = rd_kafka_default_topic_conf_dup(client_);
    rd_kafka_topic_conf_set_partitioner_cb(topic_conf, PartitionTurns::Choose);
    rd_kafka_topic_conf_set_opaque(topic_conf, turns);
  }
  topic_ = rd_kafka_topic_new(client_, topic.c_str(), topic_conf);
  if (!topic_) {
    // librdkafka finds times that contradict each other here (linger.ms, message.timeout.ms).
    const std::string cause = rd_kafka_err2str(rd_kafka_last_error());
    rd_kafka_destroy(client_);
    throw std::runtime_error("settings of the topic: " + cause);
  }
  reports_ = rd_kafka_queue_get_main(client_);
}

ProducerClient::~ProducerClient() {
  rd_kafka_topic_destroy(topic_);
  rd_kafka_queue_destroy(reports_);
  rd_kafka_destroy(client_);
}

}  // namespace kcap
