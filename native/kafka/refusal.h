#pragma once

#include <librdkafka/rdkafka.h>

namespace kcap {

/**
 * Whether a message failed for its own sake: every broker would refuse this very packet, and no
 * other one for it. All other errors are of the topic, the client or the brokers, and may pass.
 */
constexpr bool IsOwnFault(rd_kafka_resp_err_t error) {
  switch (error) {
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
      return true;
    default:
      return false;
  }
}

}  // namespace kcap
