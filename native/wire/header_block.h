#pragma once

#include <librdkafka/rdkafka.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

struct kcap_header {
  const void* name;
  size_t name_size;
  const void* value;
  size_t value_size;
};

/**
 * Headers for a message, copied: as rd_kafka_header_add() makes them, but all of them in one piece
 * of memory. Each of a report's fifteen would be one of its own, and be freed in another thread.
 * They are to be given away, copied or destroyed as a whole: none may be added or removed.
 */
rd_kafka_headers_t* kcap_headers_of(const struct kcap_header* headers, size_t count);

#ifdef __cplusplus
}
#endif
