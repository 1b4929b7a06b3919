#include "kafka/topic_watch.h"

namespace kcap {
namespace {

constexpr std::chrono::seconds kInterval(5);
// A broker that has just started may not know yet what there is.
constexpr std::chrono::seconds kIntervalInDoubt(1);
constexpr int kAnswersUntilGone = 3;
constexpr int kMaxWaitMs = 500;

}  // namespace

TopicWatch::TopicWatch(rd_kafka_t* client, const std::string& topic)
    : client_(client),
      topic_(rd_kafka_topic_new(client, topic.c_str(), nullptr)),
      next_look_(Clock::now() + kInterval) {}

TopicWatch::~TopicWatch() {
  if (topic_) rd_kafka_topic_destroy(topic_);
}

std::optional<int32_t> TopicWatch::PartitionsIfDue() {
  if (!topic_ || Clock::now() < next_look_) return std::nullopt;
  std::optional<int32_t> partitions;
  const rd_kafka_metadata_t* metadata = nullptr;
  if (!rd_kafka_metadata(client_, 0, topic_, &metadata, kMaxWaitMs)) {
    for (int i = 0; i < metadata->topic_cnt; i++) {
      const auto& topic = metadata->topics[i];
      unknown_ = topic.err == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? unknown_ + 1 : 0;
      if (!topic.err) partitions = topic.partition_cnt;
    }
    rd_kafka_metadata_destroy(metadata);
  }
  next_look_ = Clock::now() + (unknown_ > 0 ? kIntervalInDoubt : kInterval);
  return partitions;
}

bool TopicWatch::Gone() const { return unknown_ >= kAnswersUntilGone; }

}  // namespace kcap
