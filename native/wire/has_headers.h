#pragma once

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

#ifdef __cplusplus
extern "C" {
#endif

/** Whether rd_kafka_message_headers() would find any, or something that is damaged: without the
 * buffer that it makes and drops for each message that was read, also where there are none. */
bool kcap_has_headers(const rd_kafka_message_t* message);

#ifdef __cplusplus
}
#endif
