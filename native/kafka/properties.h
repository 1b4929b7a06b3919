#pragma once

#include <librdkafka/rdkafka.h>
#include <napi.h>

#include <memory>

namespace kcap {

using Conf = std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)>;

/** librdkafka's configuration from [[name, value], …]; throws Napi::Error with librdkafka's text.
 */
Conf ConfOf(Napi::Env env, Napi::Value properties);

/**
 * propertyProblem(name, value) → undefined | {unknown: boolean, message}: what librdkafka says of a
 * property. properties() → [{name, client: 'C' | 'P' | '*'}]: every one that librdkafka lists, and
 * whose it is.
 */
void InitProperties(Napi::Env env, Napi::Object exports);

}  // namespace kcap
