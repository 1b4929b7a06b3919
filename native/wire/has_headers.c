// librdkafka's own, of the sources that it was built from: what is behind a message's public part.
// They come first, since they say what the system's headers are to declare.
#include <rdkafka_int.h>
#include <rdkafka_msg.h>

#include "wire/has_headers.h"

bool kcap_has_headers(const rd_kafka_message_t* message) {
  // Another librdkafka than the one that this was compiled for: let it look itself.
  if (rd_kafka_version() != RD_KAFKA_VERSION) return true;
  const rd_kafka_msg_t* whole = (const rd_kafka_msg_t*)message;
  if (whole->rkm_headers) return true;
  if (whole->rkm_flags & RD_KAFKA_MSG_F_PRODUCER) return false;
  // As the broker sent them: their number, a varint, and then each of them.
  const rd_kafkap_bytes_t* unparsed = &whole->rkm_u.consumer.binhdrs;
  return RD_KAFKAP_BYTES_LEN(unparsed) > 0 && *(const char*)unparsed->data != 0;
}
