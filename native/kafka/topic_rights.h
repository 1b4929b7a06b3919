#pragma once

#include <librdkafka/rdkafka.h>

#include <string>

namespace kcap {

/**
 * Asks what the client may do with a topic (KIP-430). The answer comes as an event in librdkafka's
 * background thread. Otherwise a missing right shows only with the first message.
 */
void AskForTopicRights(rd_kafka_t* client, const std::string& topic);

/** Whether this is an answer that says that the client may not write to the topic. */
bool DeniesWriting(rd_kafka_event_t* event);

}  // namespace kcap
