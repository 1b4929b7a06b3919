#include "kafka/topic_watch.h"

#include <memory>

namespace kcap {
namespace {

constexpr std::chrono::seconds kInterval(5);
// A broker that has just started may not know yet what there is.
constexpr std::chrono::seconds kIntervalInDoubt(1);
constexpr int kAnswersUntilGone = 3;
constexpr int kMaxWaitMs = 5'000;

}  // namespace

void TopicWatch::Use(rd_kafka_t* client) {
  client_ = client;
  answers_ = NewQueue(client);
}

std::optional<int32_t> TopicWatch::Look() {
  if (!asked_) {
    if (Clock::now() >= next_look_) Ask();
    return std::nullopt;
  }
  const Event answer = NextEvent(answers_, 0);
  if (!answer) return std::nullopt;
  asked_ = false;
  const auto partitions = Read(answer.get());
  next_look_ = Clock::now() + (unknown_ > 0 ? kIntervalInDoubt : kInterval);
  return partitions;
}

void TopicWatch::Ask() {
  using Options =
      std::unique_ptr<rd_kafka_AdminOptions_t, decltype(&rd_kafka_AdminOptions_destroy)>;
  using Topics =
      std::unique_ptr<rd_kafka_TopicCollection_t, decltype(&rd_kafka_TopicCollection_destroy)>;
  const Options options(rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS),
                        rd_kafka_AdminOptions_destroy);
  char error[128];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), kMaxWaitMs, error, sizeof error);
  const char* names[] = {topic_.c_str()};
  const Topics topics(rd_kafka_TopicCollection_of_topic_names(names, 1),
                      rd_kafka_TopicCollection_destroy);
  rd_kafka_DescribeTopics(client_, topics.get(), options.get(), answers_.get());
  asked_ = true;
}

std::optional<int32_t> TopicWatch::Read(const rd_kafka_event_t* answer) {
  auto* event = const_cast<rd_kafka_event_t*>(answer);
  const auto* result =
      rd_kafka_event_error(event) ? nullptr : rd_kafka_event_DescribeTopics_result(event);
  size_t count = 0;
  const auto** topics = result ? rd_kafka_DescribeTopics_result_topics(result, &count) : nullptr;
  // No answer says nothing about the topic.
  if (count != 1) return std::nullopt;
  const auto error = rd_kafka_error_code(rd_kafka_TopicDescription_error(topics[0]));
  unknown_ = error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? unknown_ + 1 : 0;
  if (error) return std::nullopt;

  const auto* uuid = rd_kafka_TopicDescription_topic_id(topics[0]);
  const Id id{rd_kafka_Uuid_most_significant_bits(uuid),
              rd_kafka_Uuid_least_significant_bits(uuid)};
  if (id != Id{}) {
    replaced_ = replaced_ || (id_ && *id_ != id);
    id_ = id;
  }
  size_t partitions = 0;
  const auto** described = rd_kafka_TopicDescription_partitions(topics[0], &partitions);
  leaderless_.clear();
  for (size_t i = 0; i < partitions; i++) {
    const auto* leader = rd_kafka_TopicPartitionInfo_leader(described[i]);
    if (!leader || rd_kafka_Node_id(leader) < 0)
      leaderless_.insert(rd_kafka_TopicPartitionInfo_partition(described[i]));
  }
  return static_cast<int32_t>(partitions);
}

std::optional<std::string> TopicWatch::Gone() const {
  if (replaced_) return "it was deleted and created again while it was read";
  if (unknown_ >= kAnswersUntilGone) return "it was deleted while it was read";
  return std::nullopt;
}

}  // namespace kcap
