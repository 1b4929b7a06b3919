#include "wire/message_packets.h"

#include <algorithm>
#include <cstring>

#include "pcap/capture_reader.h"

namespace kcap {
namespace {

using Kind = MessagePacket::Kind;

constexpr uint64_t kNsPerSecond = 1'000'000'000;
// Of records that are copied before it is known how many of them are taken: the usual pack.
constexpr size_t kMostAtOnce = 64 * 1024;

uint64_t NanosecondsOf(const RecordHeader& header, bool nanoseconds) {
  return header.seconds * kNsPerSecond + header.fraction * (nanoseconds ? UINT64_C(1) : 1000);
}

std::span<const uint8_t> ValueOf(const rd_kafka_message_t* message) {
  return {static_cast<const uint8_t*>(message->payload), message->len};
}

/** The whole records at the beginning of these bytes, as far as the limits let. */
PlainRecords PlainRunOf(std::span<const uint8_t> bytes, bool nanoseconds, uint32_t most_count,
                        uint64_t until_ns) {
  PlainRecords run;
  while (run.count < most_count && bytes.size() - run.size >= sizeof(RecordHeader)) {
    RecordHeader header;
    memcpy(&header, bytes.data() + run.size, sizeof header);
    if (header.captured > bytes.size() - run.size - sizeof header) break;
    if (until_ns != UINT64_MAX && NanosecondsOf(header, nanoseconds) > until_ns) break;
    run.size += sizeof header + header.captured;
    run.count++;
    run.longest = std::max(run.longest, header.captured);
  }
  return run;
}

MessagePacket WithoutMeaning(const rd_kafka_message_t* message) {
  const int64_t time_ms = std::max<int64_t>(rd_kafka_message_timestamp(message, nullptr), 0);
  const auto length = static_cast<uint32_t>(message->len);
  MessagePacket packet{};
  packet.kind = message->payload ? Kind::kPacket : Kind::kNullValue;
  packet.link.type = kEthernet;
  packet.header = {.seconds = static_cast<uint32_t>(time_ms / 1000),
                   .fraction = static_cast<uint32_t>(time_ms % 1000 * 1000),
                   .captured = length,
                   .original = length};
  packet.time_ns = static_cast<uint64_t>(time_ms) * 1'000'000;
  packet.timestamp_ms = time_ms;
  return packet;
}

/** A frame that was sent among captures, as kcap sends it, has its time for a key. */
bool IsCapture(const rd_kafka_message_t* message, const MessageHeaders& headers, ValueKind values) {
  if (!message->payload) return false;
  if (headers.packed) return true;
  if (values != ValueKind::kCaptureFile) return false;
  const auto value = ValueOf(message);
  return message->key_len != sizeof(uint64_t) || ClassicReader::Knows(value) ||
         PcapngReader::Knows(value);
}

}  // namespace

struct MessagePackets::Capture {
  CaptureReader reader;
  std::string_view interface;  // as the message's header says, which wins over the file
  bool tells_names;
  std::optional<uint32_t> claimed;  // number of packets
  uint32_t found = 0;
  uint32_t times_out_of_range = 0;  // those that were told of
  uint32_t unknown_interfaces = 0;
  bool told_end = false;

  /** A capture file may be empty, a pack has no reason to be. */
  bool IsEmptyPack() const {
    return claimed && found + times_out_of_range + unknown_interfaces == 0;
  }
};

MessagePackets::MessagePackets() = default;
MessagePackets::MessagePackets(MessagePackets&&) noexcept = default;
MessagePackets& MessagePackets::operator=(MessagePackets&&) noexcept = default;
MessagePackets::~MessagePackets() = default;

MessagePackets::MessagePackets(const rd_kafka_message_t* message, const MessageReading& reading)
    : MessagePackets(
          message, reading,
          reading.values == ValueKind::kAnything ? MessageHeaders{} : HeadersOf(message)) {}

MessagePackets::MessagePackets(const rd_kafka_message_t* message, const MessageReading& reading,
                               const MessageHeaders& headers)
    : at_end_(false),
      packet_(reading.values == ValueKind::kAnything
                  ? WithoutMeaning(message)
                  : PacketOf(message, headers, reading.key_unit, reading.default_link_type)) {
  if (!reading.tells_names) packet_.link.interface = packet_.link.host = {};
  if (!IsCapture(message, headers, reading.values)) [[likely]] {
    frame_ = static_cast<const uint8_t*>(message->payload);
    passed_ = 1;
    return;
  }
  packet_.time_from_kafka = false;
  capture_.reset(new Capture{.reader = CaptureReader(ValueOf(message)),
                             .interface = packet_.link.interface,
                             .tells_names = reading.tells_names,
                             .claimed = headers.packed});
  ReadPacket();
}

void MessagePackets::Next() {
  packet_.bad_headers = 0;
  if (capture_)
    ReadPacket();
  else
    at_end_ = true;
}

void MessagePackets::ReadPacket() {
  Capture& capture = *capture_;
  if (const FilePacket* found = capture.reader.Next()) {
    packet_.kind = Kind::kPacket;
    packet_.header = found->header;
    packet_.link.type = found->link_type;
    packet_.link.nanoseconds = found->nanoseconds;
    if (capture.tells_names)
      packet_.link.interface = capture.interface.empty() ? found->interface : capture.interface;
    packet_.time_ns = NanosecondsOf(found->header, found->nanoseconds);
    frame_ = found->frame;
    capture.found++;
    passed_++;
    return;
  }
  // After the packets: what was none.
  if (capture.times_out_of_range < capture.reader.times_out_of_range()) {
    capture.times_out_of_range++;
    packet_.kind = Kind::kTimeOutOfRange;
  } else if (capture.unknown_interfaces < capture.reader.unknown_interfaces()) {
    capture.unknown_interfaces++;
    packet_.kind = Kind::kUnusable;
  } else if (!capture.told_end && (capture.reader.broken() || capture.IsEmptyPack())) {
    capture.told_end = true;
    packet_.kind = Kind::kUnusable;
  } else if (capture.claimed && *capture.claimed != capture.found) {
    packet_.kind = Kind::kNothing;
    packet_.bad_headers++;
    capture.claimed.reset();
  } else {
    capture_.reset();
    at_end_ = true;
  }
}

void MessagePackets::Skip(uint32_t packets) {
  while (!at_end_ && packet_.kind == Kind::kPacket && passed_ <= packets) Next();
}

PlainRecords MessagePackets::TakePlain(std::span<uint8_t> into, uint32_t most_count,
                                       uint64_t until_ns) {
  if (!capture_ || packet_.kind != Kind::kPacket || packet_.bad_headers > 0) return {};
  const size_t current = sizeof(RecordHeader) + packet_.header.captured;
  const auto rest = capture_->reader.PlainRest();
  if (rest.data() != frame_ + packet_.header.captured) return {};
  std::span<const uint8_t> records(frame_ - sizeof(RecordHeader), current + rest.size());
  records = records.first(std::min({records.size(), into.size(), kMostAtOnce}));
  if (records.size() < current) return {};
  const bool nanoseconds = packet_.link.nanoseconds;
  PlainRecords taken;
  if (until_ns == UINT64_MAX) {
    // Copied first, and looked at where they are then: in this processor's cache. Another one has
    // received them, and would have to be asked for each record's header.
    memcpy(into.data(), records.data(), records.size());
    taken = PlainRunOf(into.first(records.size()), nanoseconds, most_count, until_ns);
  } else {
    taken = PlainRunOf(records, nanoseconds, most_count, until_ns);
    memcpy(into.data(), records.data(), taken.size);
  }
  if (taken.count == 0) return taken;
  // Its reader has read the current one, and not those behind it.
  capture_->reader.PassPlain(taken.size - current);
  capture_->found += taken.count - 1;
  passed_ += taken.count - 1;
  ReadPacket();
  return taken;
}

}  // namespace kcap
