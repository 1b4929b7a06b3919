#include "wire/message_packets.h"

#include <algorithm>
#include <cstring>

#include "anybodys_message.h"

namespace {

using kcap::MessagePacket, kcap::MessagePackets;

/** A record as a batch has it, and what is said of it besides. */
struct Taken {
  MessagePacket::Kind kind;
  kcap::RecordHeader header;
  std::vector<uint8_t> frame;
  uint32_t bad_headers;

  bool operator==(const Taken& other) const {
    return kind == other.kind && bad_headers == other.bad_headers && frame == other.frame &&
           memcmp(&header, &other.header, sizeof header) == 0;
  }
};

Taken CurrentOf(const MessagePackets& packets) {
  const auto& packet = packets.packet();
  if (packet.kind != MessagePacket::Kind::kPacket) return {packet.kind, {}, {}, packet.bad_headers};
  const uint8_t* frame = packets.frame();
  return {packet.kind, packet.header, std::vector<uint8_t>(frame, frame + packet.header.captured),
          packet.bad_headers};
}

/** One after the other. */
std::vector<Taken> OneByOne(MessagePackets packets) {
  std::vector<Taken> taken;
  for (; !packets.AtEnd(); packets.Next()) taken.push_back(CurrentOf(packets));
  return taken;
}

/** Many at once where they lie like a batch's records, within limits that the input chooses. */
std::vector<Taken> InRuns(MessagePackets packets, FuzzedDataProvider& input) {
  std::vector<Taken> taken;
  while (!packets.AtEnd()) {
    const uint32_t passed = packets.passed();
    const auto most_bytes = input.ConsumeIntegralInRange<size_t>(0, 4096);
    const auto most_count = input.ConsumeIntegralInRange<uint32_t>(0, 64);
    const auto until_ns = input.ConsumeBool() ? UINT64_MAX : packets.packet().time_ns;
    // Memory of its own here, too.
    std::vector<uint8_t> room(most_bytes);
    const auto run = packets.TakePlain(room, most_count, until_ns);
    Require(run.size <= most_bytes && run.count <= most_count);
    uint32_t longest = 0;
    size_t at = 0;
    for (uint32_t i = 0; i < run.count; i++) {
      Taken one{MessagePacket::Kind::kPacket, {}, {}, 0};
      memcpy(&one.header, room.data() + at, sizeof one.header);
      const uint8_t* frame = room.data() + at + sizeof one.header;
      one.frame.assign(frame, frame + one.header.captured);
      at += sizeof one.header + one.header.captured;
      longest = std::max(longest, one.header.captured);
      taken.push_back(std::move(one));
    }
    Require(at == run.size && longest == run.longest);
    const bool stands_at_packet =
        !packets.AtEnd() && packets.packet().kind == MessagePacket::Kind::kPacket;
    if (run.count > 0) Require(packets.passed() == passed + run.count - (stands_at_packet ? 0 : 1));
    if (run.count > 0) continue;
    taken.push_back(CurrentOf(packets));
    packets.Next();
  }
  return taken;
}

}  // namespace

/** A message of many packets, as anybody may have sent it: whichever way it is read, the same
 * packets come of it. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  FuzzedDataProvider input(data, size);
  const kcap::MessageReading reading{
      input.ConsumeIntegralInRange<int32_t>(0, 65'535), kcap::KeyUnit::kMicroseconds,
      input.PickValueInArray({kcap::ValueKind::kFrame, kcap::ValueKind::kCaptureFile}),
      input.ConsumeBool()};
  TakeFacts(input);
  auto key = input.ConsumeBytes<uint8_t>(input.ConsumeBool() ? 8 : 0);
  const auto limits = input.ConsumeBytes<uint8_t>(input.ConsumeIntegralInRange<size_t>(0, 64));
  FuzzedDataProvider limiting(limits.data(), limits.size());
  // Memory of its own, and no more of it: a byte too far is found.
  auto value = input.ConsumeRemainingBytes<uint8_t>();
  const auto message = MessageOf(key, value);

  const auto one_by_one = OneByOne(MessagePackets(&message, reading));
  // Of each 16 bytes a record, and what is said at the end.
  Require(one_by_one.size() <= value.size() / 16 + 3);
  Require(InRuns(MessagePackets(&message, reading), limiting) == one_by_one);

  const auto skipped = static_cast<uint32_t>(one_by_one.size() / 2);
  MessagePackets rest(&message, reading);
  rest.Skip(skipped);
  const auto is_packet = [](const Taken& one) { return one.kind == MessagePacket::Kind::kPacket; };
  const auto packets = std::ranges::count_if(one_by_one, is_packet);
  const auto left = OneByOne(std::move(rest));
  Require(std::ranges::count_if(left, is_packet) == std::max<int64_t>(packets - skipped, 0));
  return 0;
}
