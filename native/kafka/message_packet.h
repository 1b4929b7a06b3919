#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <string_view>

#include "batch/batch.h"

namespace kcap {

/** What the 8 bytes of a key count since 1970. kcap writes microseconds; others have written more
 * or less. */
enum class KeyUnit { kMicroseconds, kMilliseconds, kNanoseconds };

/** The packet that a message holds, as docs/wire-format.md says. Valid as long as the message is.
 */
struct MessagePacket {
  enum class Kind { kPacket, kNullValue, kTimeOutOfRange };

  Kind kind;
  bool time_from_kafka;
  uint32_t bad_headers;
  BatchLink link;
  RecordHeader header;
  uint64_t time_ns;      // since 1970
  int64_t timestamp_ms;  // Kafka's
  bool appended;  // that is when the broker took it (LogAppendTime), not what the sender said
};

/** `link_type` is that of messages that carry none. */
MessagePacket PacketOf(const rd_kafka_message_t* message, KeyUnit unit, int32_t link_type);

}  // namespace kcap
