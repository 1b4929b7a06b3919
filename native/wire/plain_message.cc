#include "wire/plain_message.h"

#include <endian.h>

#include <charconv>
#include <cstring>

#include "wire/has_headers.h"
#include "wire/header_names.h"
#include "wire/message_headers.h"

namespace kcap {
namespace {

constexpr uint64_t kNsPerSecond = 1'000'000'000;

struct Time {
  uint64_t seconds;
  uint32_t nanoseconds;
};

Time TimeOf(uint64_t count, uint64_t per_second) {
  return {count / per_second,
          static_cast<uint32_t>(count % per_second * (kNsPerSecond / per_second))};
}

uint64_t PerSecond(KeyUnit unit) {
  switch (unit) {
    case KeyUnit::kMilliseconds:
      return 1000;
    case KeyUnit::kNanoseconds:
      return kNsPerSecond;
    default:
      return 1'000'000;
  }
}

}  // namespace

PlainMessage::PlainMessage(const BatchLink& link, const uint8_t* record) : link_(link) {
  memcpy(&header_, record, sizeof header_);
  frame_ = {record + sizeof header_, header_.captured};
  time_us_ = MicrosecondsOf(header_, link.nanoseconds);
  key_ = htobe64(time_us_);
}

void PlainMessage::PutInto(MessageArguments& arguments) {
  arguments.PutKey({reinterpret_cast<const uint8_t*>(&key_), sizeof key_});
  arguments.PutValue(frame_);
  if (link_.type != kEthernet)
    arguments.PutHeader(kLinkTypeHeader, link_type_.Write(static_cast<uint32_t>(link_.type)));
  // A length shorter than what was captured is damage in a file; readers would have to ignore it.
  if (header_.original > header_.captured)
    arguments.PutHeader(kOriginalLengthHeader, original_length_.Write(header_.original));
  if (link_.nanoseconds)
    arguments.PutHeader(kNanosecondsHeader, nanoseconds_.Write(header_.fraction % 1000));
  if (!link_.interface.empty()) arguments.PutHeader(kInterfaceHeader, link_.interface);
}

std::string_view PlainMessage::Decimal::Write(uint32_t number) {
  return {text_,
          static_cast<size_t>(std::to_chars(text_, text_ + sizeof text_, number).ptr - text_)};
}

uint64_t TimeOfKey(const void* key) {
  uint64_t time_us;
  memcpy(&time_us, key, sizeof time_us);
  return be64toh(time_us);
}

std::optional<RecordHeader> UsualRecordOf(const rd_kafka_message_t* message) {
  if (!message->payload || !message->key || message->key_len != sizeof(uint64_t))
    return std::nullopt;
  if (kcap_has_headers(message)) return std::nullopt;
  const uint64_t time_us = TimeOfKey(message->key);
  const uint64_t seconds = time_us / 1'000'000;
  if (seconds > UINT32_MAX) return std::nullopt;
  const auto length = static_cast<uint32_t>(message->len);
  return RecordHeader{.seconds = static_cast<uint32_t>(seconds),
                      .fraction = static_cast<uint32_t>(time_us % 1'000'000),
                      .captured = length,
                      .original = length};
}

MessagePacket PacketOf(const rd_kafka_message_t* message, KeyUnit unit, int32_t link_type) {
  return PacketOf(message, HeadersOf(message), unit, link_type);
}

MessagePacket PacketOf(const rd_kafka_message_t* message, const MessageHeaders& headers,
                       KeyUnit unit, int32_t link_type) {
  rd_kafka_timestamp_type_t timestamp_type;
  const int64_t timestamp_ms = rd_kafka_message_timestamp(message, &timestamp_type);

  uint64_t key;
  const bool has_key = message->key && message->key_len == sizeof key;
  if (has_key) memcpy(&key, message->key, sizeof key);
  Time time = has_key ? TimeOf(be64toh(key), PerSecond(unit))
                      : TimeOf(timestamp_ms > 0 ? static_cast<uint64_t>(timestamp_ms) : 0, 1000);
  const bool key_has_nanoseconds = has_key && unit == KeyUnit::kNanoseconds;
  if (!key_has_nanoseconds) time.nanoseconds += headers.nanoseconds.value_or(0);
  const bool nanoseconds = key_has_nanoseconds || headers.nanoseconds.has_value();

  using Kind = MessagePacket::Kind;
  const auto captured = static_cast<uint32_t>(message->len);
  return {
      .kind = !message->payload           ? Kind::kNullValue
              : time.seconds > UINT32_MAX ? Kind::kTimeOutOfRange
                                          : Kind::kPacket,
      .time_from_kafka = !has_key,
      .bad_headers = headers.bad,
      .link = {static_cast<int32_t>(headers.link_type.value_or(link_type)), nanoseconds,
               headers.interface, headers.host},
      .header = {.seconds = static_cast<uint32_t>(time.seconds),
                 .fraction = nanoseconds ? time.nanoseconds : time.nanoseconds / 1000,
                 .captured = captured,
                 .original = headers.original_length.value_or(captured)},
      .time_ns = time.seconds * kNsPerSecond + time.nanoseconds,
      .timestamp_ms = timestamp_ms,
      .appended = timestamp_type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME,
  };
}

}  // namespace kcap
