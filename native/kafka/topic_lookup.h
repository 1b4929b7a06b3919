#pragma once

#include <napi.h>

namespace kcap {

/**
 * topicError(properties, topic, timeoutMs) → Promise of the name of the error that the brokers have
 * for a topic, or undefined where it is there. The topic is asked for by its name, so that the
 * brokers say whether it does not exist or may not be seen, and in a way that never makes it.
 * topicSettings(properties, topic, timeoutMs) → Promise of the topic's settings by their names, or
 * of the name of the error for which there are none.
 */
void InitTopicLookup(Napi::Env env, Napi::Object exports);

}  // namespace kcap
