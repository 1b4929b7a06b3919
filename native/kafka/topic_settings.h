#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <string>

namespace kcap {

/** Settings of a topic by their names, as its broker gives them. */
struct TopicSettings {
  std::map<std::string, std::string> values;
  /** Why there are none: the broker does not let this client see them, or says nothing in time. */
  rd_kafka_resp_err_t error = RD_KAFKA_RESP_ERR_NO_ERROR;
};

TopicSettings SettingsOfTopic(rd_kafka_t* client, const std::string& topic, int timeout_ms);

}  // namespace kcap
