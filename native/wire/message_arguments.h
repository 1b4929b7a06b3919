#pragma once

#include <librdkafka/rdkafka.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace kcap {

/** The timestamp by which librdkafka takes the time of sending. */
inline constexpr int64_t kTimeOfSending = 0;

/**
 * The parts of a message as rd_kafka_produceva() takes them. They refer to the caller's memory.
 * Reused for one message after the other, so that none costs an allocation.
 */
class MessageArguments {
 public:
  void Clear() {
    count_ = 0;
    value_bytes_ = 0;
  }

  /** For any part that has no function of its own below. */
  decltype(rd_kafka_vu_t::u)& Put(rd_kafka_vtype_t type) {
    if (count_ == arguments_.size()) arguments_.resize(count_ + 8);
    arguments_[count_].vtype = type;
    return arguments_[count_++].u;
  }
  void PutKey(std::span<const uint8_t> key) { PutBytes(RD_KAFKA_VTYPE_KEY, key); }
  /** An empty value is no null, and one that lies somewhere is reported as having lain there. */
  void PutValue(std::span<const uint8_t> value) {
    static constexpr uint8_t kEmpty = 0;
    value_bytes_ = value.size();
    PutBytes(RD_KAFKA_VTYPE_VALUE, value.data() ? value : std::span(&kEmpty, 0));
  }
  void PutHeader(const char* name, std::string_view value) {
    Put(RD_KAFKA_VTYPE_HEADER).header = {name, value.data(), static_cast<ssize_t>(value.size())};
  }

  /** Of the value, as its delivery report says it. */
  size_t value_bytes() const { return value_bytes_; }

  /** Null if librdkafka has taken the message. */
  rd_kafka_error_t* Produce(rd_kafka_t* client) const {
    return rd_kafka_produceva(client, arguments_.data(), count_);
  }

 private:
  void PutBytes(rd_kafka_vtype_t type, std::span<const uint8_t> bytes) {
    Put(type).mem = {const_cast<uint8_t*>(bytes.data()), bytes.size()};
  }

  std::vector<rd_kafka_vu_t> arguments_;
  size_t count_ = 0;
  size_t value_bytes_ = 0;
};

}  // namespace kcap
