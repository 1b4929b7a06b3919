#include "wire/framed_message.h"

#include <endian.h>

#include <cstring>

namespace kcap {
namespace {

constexpr size_t kPrefixBytes = 24;
constexpr size_t kHeaderPrefixBytes = 8;
constexpr size_t kOffsetBytes = 4;
constexpr uint32_t kRefers = 0x80000000;

uint32_t Number(std::span<const uint8_t> bytes, size_t at) {
  uint32_t number;
  memcpy(&number, bytes.data() + at, sizeof number);
  return le32toh(number);
}

/** Takes `length` bytes off the beginning of `rest`; false where there are fewer. */
bool Take(std::span<const uint8_t>& rest, size_t length, std::span<const uint8_t>& taken) {
  if (length > rest.size()) return false;
  taken = rest.first(length);
  rest = rest.subspan(length);
  return true;
}

bool TakeHeader(std::span<const uint8_t> frame, std::span<const uint8_t>& rest,
                kcap_header& header) {
  std::span<const uint8_t> prefix, name, value;
  if (!Take(rest, kHeaderPrefixBytes, prefix)) return false;
  const uint32_t name_length = Number(prefix, 0);
  const uint32_t value_length = Number(prefix, 4);
  if ((name_length & kRefers) == 0) {
    if (!Take(rest, name_length, name) || !Take(rest, value_length, value)) return false;
  } else {
    std::span<const uint8_t> offset;
    if (!Take(rest, kOffsetBytes, offset)) return false;
    const uint32_t at = Number(offset, 0);
    if (at > frame.size() || value_length > frame.size() - at) return false;
    value = frame.subspan(at, value_length);
    if (!Take(rest, name_length & ~kRefers, name)) return false;
  }
  header = {name.data(), name.size(), value.data(), value.size()};
  return true;
}

}  // namespace

bool FramedMessage::Read(std::span<const uint8_t> bytes) {
  if (bytes.size() < kPrefixBytes) return false;
  frame_length_ = Number(bytes, 0);
  if (frame_length_ < kPrefixBytes || frame_length_ > bytes.size()) return false;
  const uint32_t header_count = Number(bytes, 12);
  uint64_t timestamp;
  memcpy(&timestamp, bytes.data() + 16, sizeof timestamp);
  timestamp_ms_ = static_cast<int64_t>(le64toh(timestamp));
  frame_ = bytes.first(frame_length_);
  auto rest = frame_.subspan(kPrefixBytes);
  if (!Take(rest, Number(bytes, 4), key_) || !Take(rest, Number(bytes, 8), value_)) return false;
  headers_.clear();
  kcap_header header;
  for (uint32_t i = 0; i < header_count; i++) {
    if (!TakeHeader(frame_, rest, header)) return false;
    headers_.push_back(header);
  }
  return rest.empty();
}

FramedMessage::Headers FramedMessage::CopyHeaders() const {
  return {headers_.empty() ? nullptr : kcap_headers_of(headers_.data(), headers_.size()),
          rd_kafka_headers_destroy};
}

}  // namespace kcap
