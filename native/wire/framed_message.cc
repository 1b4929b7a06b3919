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

struct Header {
  std::span<const uint8_t> name;
  std::span<const uint8_t> value;
};

bool TakeHeader(std::span<const uint8_t> frame, std::span<const uint8_t>& rest, Header& header) {
  std::span<const uint8_t> prefix;
  if (!Take(rest, kHeaderPrefixBytes, prefix)) return false;
  const uint32_t name_length = Number(prefix, 0);
  const uint32_t value_length = Number(prefix, 4);
  if ((name_length & kRefers) == 0)
    return Take(rest, name_length, header.name) && Take(rest, value_length, header.value);
  std::span<const uint8_t> offset;
  if (!Take(rest, kOffsetBytes, offset)) return false;
  const uint32_t at = Number(offset, 0);
  if (at > frame.size() || value_length > frame.size() - at) return false;
  header.value = frame.subspan(at, value_length);
  return Take(rest, name_length & ~kRefers, header.name);
}

}  // namespace

bool FramedMessage::Read(std::span<const uint8_t> bytes) {
  if (bytes.size() < kPrefixBytes) return false;
  frame_length_ = Number(bytes, 0);
  if (frame_length_ < kPrefixBytes || frame_length_ > bytes.size()) return false;
  header_count_ = Number(bytes, 12);
  uint64_t timestamp;
  memcpy(&timestamp, bytes.data() + 16, sizeof timestamp);
  timestamp_ms_ = static_cast<int64_t>(le64toh(timestamp));
  frame_ = bytes.first(frame_length_);
  auto rest = frame_.subspan(kPrefixBytes);
  if (!Take(rest, Number(bytes, 4), key_) || !Take(rest, Number(bytes, 8), value_)) return false;
  headers_ = rest;
  Header header;
  for (uint32_t i = 0; i < header_count_; i++)
    if (!TakeHeader(frame_, rest, header)) return false;
  return rest.empty();
}

FramedMessage::Headers FramedMessage::CopyHeaders() const {
  if (header_count_ == 0) return {nullptr, rd_kafka_headers_destroy};
  Headers headers(rd_kafka_headers_new(header_count_), rd_kafka_headers_destroy);
  auto rest = headers_;
  Header header;
  while (TakeHeader(frame_, rest, header))
    rd_kafka_header_add(headers.get(), reinterpret_cast<const char*>(header.name.data()),
                        static_cast<ssize_t>(header.name.size()), header.value.data(),
                        static_cast<ssize_t>(header.value.size()));
  return headers;
}

}  // namespace kcap
