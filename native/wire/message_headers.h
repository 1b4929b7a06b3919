#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace kcap {

/** What the headers of a message say of its packets. Valid as long as the message is. */
struct MessageHeaders {
  std::optional<uint32_t> link_type;
  std::optional<uint32_t> original_length;
  std::optional<uint32_t> nanoseconds;
  /** How many packets: it is a packed message. */
  std::optional<uint32_t> packed;
  std::string_view interface;
  std::string_view host;
  /** Known ones with a value that they cannot have. */
  uint32_t bad = 0;
};

/** Unknown names are ignored; of two with one name the last counts. */
MessageHeaders HeadersOf(const rd_kafka_message_t* message);

}  // namespace kcap
