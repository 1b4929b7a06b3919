#pragma once

#include <fuzzer/FuzzedDataProvider.h>
#include <librdkafka/rdkafka.h>

#include <string>
#include <vector>

#include "wire/has_headers.h"

// A message as anybody may have sent it, and librdkafka's functions that look into it: it gives
// these of messages that came from a broker only. For one fuzz target, which is one file.

namespace {

struct Header {
  std::string name;
  bool null;
  std::vector<uint8_t> value;
};

// Of the message that is being read.
std::vector<Header> headers;
bool has_headers;
int64_t timestamp_ms;
rd_kafka_timestamp_type_t timestamp_type;

/** Mostly the names that mean something. */
std::string Name(FuzzedDataProvider& input) {
  const char* const known[] = {"pcap-linktype",  "pcap-origlen", "pcap-nanos",
                               "pcap-interface", "pcap-host",    "pcap-packed"};
  if (input.ConsumeBool()) return input.PickValueInArray(known);
  return input.ConsumeRandomLengthString(16).c_str();
}

/** All of the message but its key and its value. */
void TakeFacts(FuzzedDataProvider& input) {
  timestamp_ms = input.ConsumeIntegral<int64_t>();
  timestamp_type =
      input.PickValueInArray({RD_KAFKA_TIMESTAMP_NOT_AVAILABLE, RD_KAFKA_TIMESTAMP_CREATE_TIME,
                              RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME});
  has_headers = input.ConsumeBool();
  headers.clear();
  for (int count = input.ConsumeIntegralInRange(0, 6); count > 0; count--) {
    const bool null = input.ConsumeIntegralInRange(0, 7) == 0;
    const auto length = input.ConsumeIntegralInRange<size_t>(0, 1100);
    headers.push_back({Name(input), null, input.ConsumeBytes<uint8_t>(length)});
  }
}

/** The message refers to the key and the value. */
rd_kafka_message_t MessageOf(std::vector<uint8_t>& key, std::vector<uint8_t>& value) {
  rd_kafka_message_t message{};
  message.key = key.empty() ? nullptr : key.data();
  message.key_len = key.size();
  message.payload = value.empty() ? nullptr : value.data();
  message.len = value.size();
  return message;
}

void Require(bool condition) {
  if (!condition) __builtin_trap();
}

}  // namespace

bool kcap_has_headers(const rd_kafka_message_t*) { return has_headers; }

rd_kafka_resp_err_t rd_kafka_message_headers(const rd_kafka_message_t*, rd_kafka_headers_t**) {
  return has_headers ? RD_KAFKA_RESP_ERR_NO_ERROR : RD_KAFKA_RESP_ERR__NOENT;
}

rd_kafka_resp_err_t rd_kafka_header_get_all(const rd_kafka_headers_t*, size_t index,
                                            const char** name, const void** value, size_t* size) {
  if (index >= headers.size()) return RD_KAFKA_RESP_ERR__NOENT;
  const auto& header = headers[index];
  *name = header.name.c_str();
  *value = header.null ? nullptr : header.value.data();
  *size = header.null ? 0 : header.value.size();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

int64_t rd_kafka_message_timestamp(const rd_kafka_message_t*, rd_kafka_timestamp_type_t* type) {
  *type = timestamp_type;
  return timestamp_ms;
}
