#include "wire/plain_message.h"

#include <fuzzer/FuzzedDataProvider.h>

#include <memory>
#include <string>
#include <vector>

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
                               "pcap-interface", "pcap-host",    "pcap-"};
  if (input.ConsumeBool()) return input.PickValueInArray(known);
  return input.ConsumeRandomLengthString(16).c_str();
}

void Require(bool condition) {
  if (!condition) __builtin_trap();
}

void RequireName(std::string_view name) {
  Require(name.size() <= 1024 && name.find('\0') == std::string_view::npos);
}

}  // namespace

// In the place of librdkafka's, which give these of messages that came from a broker only.

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

/** A message as anybody may have sent it. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  using kcap::KeyUnit, kcap::MessagePacket;
  const auto unit = input.PickValueInArray(
      {KeyUnit::kMicroseconds, KeyUnit::kMilliseconds, KeyUnit::kNanoseconds});
  const auto link_type = input.ConsumeIntegralInRange<int32_t>(0, 65'535);
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
  // Memory of its own, and no more of it: a byte too far is found.
  auto key =
      input.ConsumeBytes<uint8_t>(input.ConsumeBool() ? 8 : input.ConsumeIntegral<uint8_t>());
  auto value = input.ConsumeRemainingBytes<uint8_t>();

  rd_kafka_message_t message{};
  message.key = key.empty() ? nullptr : key.data();
  message.key_len = key.size();
  message.payload = value.empty() ? nullptr : value.data();
  message.len = value.size();
  const auto packet = kcap::PacketOf(&message, unit, link_type);

  Require(packet.time_from_kafka == (key.size() != 8));
  Require(packet.bad_headers <= headers.size());
  Require(packet.timestamp_ms == timestamp_ms);
  Require(packet.appended == (timestamp_type == RD_KAFKA_TIMESTAMP_LOG_APPEND_TIME));
  Require((packet.kind == MessagePacket::Kind::kNullValue) == value.empty());
  Require(packet.header.captured == value.size());
  Require(packet.header.original >= packet.header.captured);
  Require(packet.link.type >= 0 && packet.link.type <= 65'535);
  RequireName(packet.link.interface);
  RequireName(packet.link.host);
  const uint32_t per_second = packet.link.nanoseconds ? 1'000'000'000 : 1'000'000;
  Require(packet.header.fraction < per_second);
  if (packet.kind != MessagePacket::Kind::kPacket) return 0;
  const uint64_t fraction_ns = packet.header.fraction * UINT64_C(1) * (1'000'000'000 / per_second);
  const uint64_t time_ns = packet.header.seconds * UINT64_C(1'000'000'000) + fraction_ns;
  // With a key of nanoseconds and no header, the batch has what the key has.
  Require(packet.time_ns - time_ns < 1000);
  return 0;
}
