#include "wire/message_headers.h"

#include <charconv>

#include "wire/has_headers.h"
#include "wire/header_names.h"

namespace kcap {
namespace {

/** As long as names of hosts and interfaces may reasonably be, and an option of a pcapng block is.
 */
constexpr size_t kMaxNameBytes = 1024;

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

}  // namespace

MessageHeaders HeadersOf(const rd_kafka_message_t* message) {
  MessageHeaders found;
  if (!kcap_has_headers(message)) return found;
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
    if (known == kLinkTypeHeader) take_number(0, 65'535, found.link_type);
    if (known == kOriginalLengthHeader) take_number(captured, UINT32_MAX, found.original_length);
    if (known == kNanosecondsHeader) take_number(0, 999, found.nanoseconds);
    if (known == kPackedHeader) take_number(0, UINT32_MAX, found.packed);
    if (known == kInterfaceHeader) take_name(found.interface);
    if (known == kHostHeader) take_name(found.host);
  }
  return found;
}

}  // namespace kcap
