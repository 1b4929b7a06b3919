#include "wire/plain_message.h"

#include <cstring>

#include "anybodys_message.h"

namespace {

void RequireName(std::string_view name) {
  Require(name.size() <= 1024 && name.find('\0') == std::string_view::npos);
}

}  // namespace

/** A message as anybody may have sent it. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  using kcap::KeyUnit, kcap::MessagePacket;
  const auto unit = input.PickValueInArray(
      {KeyUnit::kMicroseconds, KeyUnit::kMilliseconds, KeyUnit::kNanoseconds});
  const auto link_type = input.ConsumeIntegralInRange<int32_t>(0, 65'535);
  TakeFacts(input);
  // Memory of its own, and no more of it: a byte too far is found.
  auto key =
      input.ConsumeBytes<uint8_t>(input.ConsumeBool() ? 8 : input.ConsumeIntegral<uint8_t>());
  auto value = input.ConsumeRemainingBytes<uint8_t>();

  const auto message = MessageOf(key, value);
  const auto packet = kcap::PacketOf(&message, unit, link_type);
  // The short way says the same, or nothing.
  if (const auto usual = kcap::UsualRecordOf(&message)) {
    const auto whole = kcap::PacketOf(&message);
    Require(whole.kind == MessagePacket::Kind::kPacket && !has_headers && !whole.time_from_kafka);
    Require(memcmp(&*usual, &whole.header, sizeof *usual) == 0);
  }

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
