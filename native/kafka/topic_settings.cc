#include "kafka/topic_settings.h"

namespace kcap {

TopicSettings SettingsOfTopic(rd_kafka_t* client, const std::string& topic, int timeout_ms) {
  auto* resource = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic.c_str());
  auto* options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
  char message[512];
  rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms, message, sizeof message);
  auto* queue = rd_kafka_queue_new(client);
  rd_kafka_DescribeConfigs(client, &resource, 1, options, queue);
  auto* event = rd_kafka_queue_poll(queue, timeout_ms);

  TopicSettings settings;
  settings.error = event ? rd_kafka_event_error(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  const auto* result = event ? rd_kafka_event_DescribeConfigs_result(event) : nullptr;
  size_t count = 0;
  const auto* resources =
      result ? rd_kafka_DescribeConfigs_result_resources(result, &count) : nullptr;
  if (count == 1) {
    settings.error = rd_kafka_ConfigResource_error(resources[0]);
    const auto* entries = rd_kafka_ConfigResource_configs(resources[0], &count);
    for (size_t i = 0; i < count; i++)
      if (const char* value = rd_kafka_ConfigEntry_value(entries[i]))
        settings.values[rd_kafka_ConfigEntry_name(entries[i])] = value;
  }
  if (event) rd_kafka_event_destroy(event);
  rd_kafka_queue_destroy(queue);
  rd_kafka_AdminOptions_destroy(options);
  rd_kafka_ConfigResource_destroy(resource);
  return settings;
}

}  // namespace kcap
