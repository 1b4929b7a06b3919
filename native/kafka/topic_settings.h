#pragma once

#include <librdkafka/rdkafka.h>

#include <map>
#include <string>

namespace kcap {

/**
 * Settings of a topic by their names, as its broker gives them; none where it does not let this
 * client see them, or says nothing in time.
 */
std::map<std::string, std::string> SettingsOfTopic(rd_kafka_t* client, const std::string& topic,
                                                   int timeout_ms);

}  // namespace kcap
