#pragma once

#include <librdkafka/rdkafka.h>

#include "kafka/properties.h"

namespace kcap {

/** A client that has taken the configuration over. Throws std::runtime_error with librdkafka's
 * text where there can be none, also where its threads can't be made. */
rd_kafka_t* NewClient(rd_kafka_type_t type, Conf conf);

}  // namespace kcap
