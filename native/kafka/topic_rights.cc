#include "kafka/topic_rights.h"

#include <algorithm>
#include <span>

namespace kcap {

void AskForTopicRights(rd_kafka_t* client, const std::string& topic) {
  const char* names[] = {topic.c_str()};
  auto* topics = rd_kafka_TopicCollection_of_topic_names(names, 1);
  auto* options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
  rd_kafka_error_destroy(rd_kafka_AdminOptions_set_include_authorized_operations(options, 1));
  auto* queue = rd_kafka_queue_get_background(client);
  rd_kafka_DescribeTopics(client, topics, options, queue);
  rd_kafka_queue_destroy(queue);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_TopicCollection_destroy(topics);
}

bool DeniesWriting(rd_kafka_event_t* event) {
  const auto* result = rd_kafka_event_DescribeTopics_result(event);
  if (!result) return false;
  size_t count = 0;
  const auto* topics = rd_kafka_DescribeTopics_result_topics(result, &count);
  if (count != 1 || rd_kafka_TopicDescription_error(topics[0])) return false;
  // None at all where the broker does not say it: before Kafka 2.3.
  const auto* operations = rd_kafka_TopicDescription_authorized_operations(topics[0], &count);
  return operations && count > 0 &&
         std::ranges::count(std::span(operations, count), RD_KAFKA_ACL_OPERATION_WRITE) == 0;
}

}  // namespace kcap
