#pragma once

#include <librdkafka/rdkafka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/** Says what is wrong and ends the process with status 1. */
_Noreturn void fail(const char* what, const char* cause);

/** Sets one librdkafka property given as KEY=VALUE. */
void set_property(rd_kafka_conf_t* conf, char* property);

/** Creates the client, which takes the configuration over. */
rd_kafka_t* new_client(rd_kafka_type_t type, rd_kafka_conf_t* conf);
