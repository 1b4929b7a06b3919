#include "wire/framed_message.h"

#include <memory>
#include <string_view>
#include <utility>
#include <vector>

// librdkafka's headers, in its place: what was copied into them.
struct rd_kafka_headers_s {
  std::vector<std::pair<std::string_view, std::string_view>> all;
};

void rd_kafka_headers_destroy(rd_kafka_headers_t* headers) { delete headers; }
rd_kafka_headers_t* kcap_headers_of(const kcap_header* headers, size_t count) {
  auto* const copied = new rd_kafka_headers_t;
  for (const auto& [name, name_size, value, value_size] : std::span(headers, count))
    copied->all.emplace_back(std::string_view(static_cast<const char*>(name), name_size),
                             std::string_view(static_cast<const char*>(value), value_size));
  return copied;
}

namespace {

void Require(bool condition) {
  if (!condition) __builtin_trap();
}

/** Every byte can be read, and is one of the frame's. */
void Touch(std::string_view bytes, std::string_view frame) {
  uint8_t sum = 0;
  for (const char byte : bytes) sum = static_cast<uint8_t>(sum + byte);
  volatile uint8_t kept = sum;
  (void)kept;
  Require(bytes.data() >= frame.data() &&
          bytes.data() + bytes.size() <= frame.data() + frame.size());
}

std::string_view TextOf(std::span<const uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

/** Frames one after the other, whatever the lengths in them say: all parts lie in the frame. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  kcap::FramedMessage message;
  for (size_t at = 0; at < size; at += message.frame_length()) {
    // Memory of its own, and no more of it: a byte too far is found.
    const std::vector<uint8_t> rest(data + at, data + size);
    if (!message.Read(rest)) return 0;
    Require(message.frame_length() <= rest.size());
    const auto frame = TextOf(rest).substr(0, message.frame_length());
    Touch(TextOf(message.key()), frame);
    Touch(TextOf(message.value()), frame);
    if (const auto headers = message.CopyHeaders())
      for (const auto& [name, value] : headers->all) {
        Touch(name, frame);
        Touch(value, frame);
      }
  }
  return 0;
}
