#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "wire/header_block.h"

namespace kcap {

/**
 * A message with a key, a value, headers and a timestamp of its own, as JavaScript frames it
 * (src/reports/message-form.ts). Many lie one after the other in a buffer. All numbers are
 * little-endian:
 *
 *     u32 bytes of all this · u32 of the key · u32 of the value · u32 number of headers
 *     i64 timestamp in ms since 1970
 *     key · value · each header: u32 bytes of the name · u32 of the value · name · value
 *
 * Where the highest bit of a name's length is set, the header's value is what already stands
 * elsewhere in the frame, such as a part of the message's value:
 *
 *     u32 bytes of the name, and that bit · u32 of the value · u32 its offset in the frame · name
 */
class FramedMessage {
 public:
  using Headers = std::unique_ptr<rd_kafka_headers_t, decltype(&rd_kafka_headers_destroy)>;

  /** Reads the message that `bytes` begin with. False where its lengths contradict each other. */
  bool Read(std::span<const uint8_t> bytes);

  /** Of the whole frame. */
  size_t frame_length() const { return frame_length_; }
  std::span<const uint8_t> key() const { return key_; }
  std::span<const uint8_t> value() const { return value_; }
  int64_t timestamp_ms() const { return timestamp_ms_; }
  /** Copied for librdkafka; null where there are none. */
  Headers CopyHeaders() const;

 private:
  size_t frame_length_ = 0;
  int64_t timestamp_ms_ = 0;
  std::span<const uint8_t> frame_;
  std::span<const uint8_t> key_;
  std::span<const uint8_t> value_;
  std::vector<kcap_header> headers_;
};

}  // namespace kcap
