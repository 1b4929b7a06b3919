#include "client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

_Noreturn void fail(const char* what, const char* cause) {
  fprintf(stderr, "limit: %s: %s\n", what, cause);
  exit(1);
}

void set_property(rd_kafka_conf_t* conf, char* property) {
  char* value = strchr(property, '=');
  if (!value) fail(property, "not KEY=VALUE");
  *value++ = '\0';
  char cause[512];
  if (rd_kafka_conf_set(conf, property, value, cause, sizeof cause) != RD_KAFKA_CONF_OK)
    fail(property, cause);
}

rd_kafka_t* new_client(rd_kafka_type_t type, rd_kafka_conf_t* conf) {
  char cause[512];
  rd_kafka_t* client = rd_kafka_new(type, conf, cause, sizeof cause);
  if (!client) fail("client", cause);
  return client;
}
