#include "wire/plain_message.h"

#include <endian.h>

#include <charconv>
#include <cstring>
#include <optional>

namespace kcap {
namespace {

constexpr const char* kLinkType = "pcap-linktype";
constexpr const char* kOriginalLength = "pcap-origlen";
constexpr const char* kNanoseconds = "pcap-nanos";
constexpr const char* kInterface = "pcap-interface";
constexpr const char* kHost = "pcap-host";

/** As long as names of hosts and interfaces may reasonably be, and an option of a pcapng block is.
 */
constexpr size_t kMaxNameBytes = 1024;
constexpr uint64_t kNsPerSecond = 1'000'000'000;

struct PacketHeaders {
  std::optional<uint32_t> link_type;
  std::optional<uint32_t> original_length;
  std::optional<uint32_t> nanoseconds;
  std::string_view interface;
  std::string_view host;
  uint32_t bad = 0;
};

std::optional<uint32_t> Decimal(std::string_view text, uint32_t min, uint32_t max) {
  uint32_t number = 0;
  const char* end = text.data() + text.size();
  const auto [parsed, error] = std::from_chars(text.data(), end, number);
  if (text.empty() || error != std::errc() || parsed != end || number < min || number > max)
    return std::nullopt;
  return number;
}

bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= kMaxNameBytes && text.find('\0') == std::string_view::npos;
}

/** Unknown names are ignored; of two with one name the last counts. */
PacketHeaders HeadersOf(const rd_kafka_message_t* message) {
  PacketHeaders found;
  rd_kafka_headers_t* headers = nullptr;
  if (rd_kafka_message_headers(message, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR) return found;

  // No frame was longer when it was captured than on the wire.
  const auto captured = static_cast<uint32_t>(message->len);
  const char* name;
  const void* bytes;
  size_t size;
  for (size_t i = 0;
       rd_kafka_header_get_all(headers, i, &name, &bytes, &size) == RD_KAFKA_RESP_ERR_NO_ERROR;
       i++) {
    const std::string_view known(name);
    if (!known.starts_with("pcap-")) continue;
    const auto value = bytes ? std::string_view(static_cast<const char*>(bytes), size) : "";
    const auto take_number = [&](uint32_t min, uint32_t max, std::optional<uint32_t>& into) {
      const auto number = Decimal(value, min, max);
      if (number)
        into = number;
      else
        found.bad++;
    };
    const auto take_name = [&](std::string_view& into) {
      if (IsName(value))
        into = value;
      else
        found.bad++;
    };
    if (known == kLinkType) take_number(0, 65'535, found.link_type);
    if (known == kOriginalLength) take_number(captured, UINT32_MAX, found.original_length);
    if (known == kNanoseconds) take_number(0, 999, found.nanoseconds);
    if (known == kInterface) take_name(found.interface);
    if (known == kHost) take_name(found.host);
  }
  return found;
}

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
  const uint32_t fraction_us = link.nanoseconds ? header_.fraction / 1000 : header_.fraction;
  time_us_ = header_.seconds * UINT64_C(1'000'000) + fraction_us;
  key_ = htobe64(time_us_);
}

void PlainMessage::PutInto(MessageArguments& arguments) {
  arguments.PutKey({reinterpret_cast<const uint8_t*>(&key_), sizeof key_});
  arguments.PutValue(frame_);
  if (link_.type != kEthernet)
    arguments.PutHeader(kLinkType, link_type_.Write(static_cast<uint32_t>(link_.type)));
  // A length shorter than what was captured is damage in a file; readers would have to ignore it.
  if (header_.original > header_.captured)
    arguments.PutHeader(kOriginalLength, original_length_.Write(header_.original));
  if (link_.nanoseconds)
    arguments.PutHeader(kNanoseconds, nanoseconds_.Write(header_.fraction % 1000));
  if (!link_.interface.empty()) arguments.PutHeader(kInterface, link_.interface);
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

MessagePacket PacketOf(const rd_kafka_message_t* message, KeyUnit unit, int32_t link_type) {
  const PacketHeaders headers = HeadersOf(message);
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
