#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "batch/batch.h"
#include "wire/message_arguments.h"
#include "wire/message_headers.h"

// The plain format of docs/wire-format.md, written and read: a message holds one packet. Its key is
// the packet's time, its value the frame, and headers say what is not plain about it. Each other
// format has a pair of files beside this one.
namespace kcap {

/** A record of a batch as a message: its key, its value, and the headers that come of the record
 * and its link. */
class PlainMessage {
 public:
  /** `record`: header and frame. It and the link must outlive the message. */
  PlainMessage(const BatchLink& link, const uint8_t* record);

  const RecordHeader& header() const { return header_; }
  std::span<const uint8_t> frame() const { return frame_; }
  /** Of key and value. */
  size_t byte_length() const { return sizeof key_ + frame_.size(); }
  /** The packet's time, for the message's timestamp. */
  int64_t time_ms() const { return static_cast<int64_t>(time_us_ / 1000); }
  /** The arguments refer to this object then. */
  void PutInto(MessageArguments& arguments);

 private:
  /** A number, and the text of it that a header refers to. */
  class Decimal {
   public:
    std::string_view Write(uint32_t number);

   private:
    char text_[10];
  };

  const BatchLink& link_;
  RecordHeader header_;
  std::span<const uint8_t> frame_;
  uint64_t time_us_;
  uint64_t key_;
  Decimal link_type_, original_length_, nanoseconds_;
};

/** What the 8 bytes of a key count since 1970. kcap writes microseconds; others have written more
 * or less. */
enum class KeyUnit { kMicroseconds, kMilliseconds, kNanoseconds };

/** The packet that a message holds. Valid as long as the message is. */
struct MessagePacket {
  /** kUnusable: bytes that are no packet. kNothing: only what was noticed counts. */
  enum class Kind { kPacket, kNullValue, kTimeOutOfRange, kUnusable, kNothing };

  Kind kind;
  bool time_from_kafka;
  uint32_t bad_headers;
  BatchLink link;
  RecordHeader header;
  uint64_t time_ns;      // since 1970
  int64_t timestamp_ms;  // Kafka's
  bool appended;  // that is when the broker took it (LogAppendTime), not what the sender said
};

/** `link_type` is that of messages that carry none. What kcap has sent itself needs neither. */
MessagePacket PacketOf(const rd_kafka_message_t* message, KeyUnit unit = KeyUnit::kMicroseconds,
                       int32_t link_type = kEthernet);

/** The same, where the headers are known. */
MessagePacket PacketOf(const rd_kafka_message_t* message, const MessageHeaders& headers,
                       KeyUnit unit, int32_t link_type);

/**
 * The header of the record that the usual message makes: a frame, a key of microseconds, and no
 * headers. Nothing of any other message: PacketOf() says what that is.
 */
std::optional<RecordHeader> UsualRecordOf(const rd_kafka_message_t* message);

/** The microseconds since 1970 of a key that kcap has written. */
uint64_t TimeOfKey(const void* key);

}  // namespace kcap
