#include "kafka/batch_filler.h"

#include <algorithm>

namespace kcap {
namespace {

// libpcap's largest snapshot length: what tools accept in a file's header.
constexpr uint32_t kMaxSnapLength = 262'144;

}  // namespace

bool BatchFiller::MakeRoomFor(const MessagePacket& packet) {
  const bool is_packet = packet.kind == MessagePacket::Kind::kPacket;
  if (exchange_.HasRoom()) {
    const Batch& current = exchange_.filling();
    const bool other_link = is_packet && !current.HasLink(packet.link);
    if (current.count() > 0 && (other_link || !current.Fits(packet.header.captured)))
      exchange_.GiveAway();
  }
  if (!exchange_.HasRoom() && !await_room_()) return false;

  Batch& batch = exchange_.filling();
  if (batch.Empty()) {
    began_ = std::chrono::steady_clock::now();
    batch.snap_length = kMaxSnapLength;
  }
  if (is_packet && batch.count() == 0) {
    batch.SetLink(packet.link);
    batch.MakeRoomFor(packet.header.captured);
  }
  return true;
}

void BatchFiller::Append(const rd_kafka_message_t* message, const MessagePackets& packets) {
  using Kind = MessagePacket::Kind;
  const MessagePacket& packet = packets.packet();
  Batch& batch = exchange_.filling();
  batch.tally.bad_headers += packet.bad_headers;
  switch (packet.kind) {
    case Kind::kPacket:
      if (packet.time_from_kafka) batch.tally.times_from_kafka++;
      batch.snap_length = std::max(batch.snap_length, packet.header.captured);
      batch.Append(packet.header, packets.frame());
      if (packets.MayGoOn() && packets.passed() == 1) batch.tally.packed++;
      batch.AppendPosition(message->offset, message->partition,
                           packets.MayGoOn() ? static_cast<int32_t>(packets.passed()) : 0);
      break;
    case Kind::kNullValue:
      batch.tally.null_values++;
      break;
    case Kind::kTimeOutOfRange:
      batch.tally.times_out_of_range++;
      break;
    case Kind::kUnusable:
      batch.tally.unusable++;
      break;
    case Kind::kNothing:
      break;
  }
}

bool BatchFiller::AppendPlain(const rd_kafka_message_t* message, MessagePackets& packets,
                              uint64_t until_ns) {
  Batch& batch = exchange_.filling();
  auto passed = static_cast<int32_t>(packets.passed());
  const auto records = packets.TakePlain(batch.room(), batch.records_left(), until_ns);
  if (records.count == 0) return false;
  if (passed == 1) batch.tally.packed++;
  batch.snap_length = std::max(batch.snap_length, records.longest);
  batch.Took(records.size, records.count);
  Position* position = batch.last_positions(records.count);
  for (uint32_t i = 0; i < records.count; i++) {
    position[i].offset = message->offset;
    position[i].partition = message->partition;
    position[i].passed = passed++;
  }
  if (packets.AtEnd()) position[records.count - 1].passed = 0;
  return true;
}

bool BatchFiller::AppendUsual(const rd_kafka_message_t* message, const RecordHeader& header,
                              int32_t link_type) {
  if (!exchange_.HasRoom()) return false;
  Batch& batch = exchange_.filling();
  if (batch.count() == 0 || !batch.Fits(header.captured) ||
      !batch.HasLink({link_type, false, {}, {}}))
    return false;
  batch.snap_length = std::max(batch.snap_length, header.captured);
  batch.Append(header, static_cast<const uint8_t*>(message->payload));
  batch.AppendPosition(message->offset, message->partition, 0);
  batch.SetNextOffset(message->partition, message->offset + 1, 0);
  return true;
}

void BatchFiller::SetHandled(const rd_kafka_message_t* message, const MessagePackets& packets) {
  Batch& batch = exchange_.filling();
  if (packets.AtEnd()) {
    batch.SetNextOffset(message->partition, message->offset + 1, 0);
    return;
  }
  const bool is_packet = packets.packet().kind == MessagePacket::Kind::kPacket;
  batch.SetNextOffset(message->partition, message->offset, packets.passed() - (is_packet ? 1 : 0));
}

std::chrono::milliseconds BatchFiller::TimeLeft() const {
  const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(
      std::chrono::steady_clock::now() - began_);
  return std::max(max_age_ - age, std::chrono::milliseconds(0));
}

void BatchFiller::HandOverIfDue() {
  if (exchange_.Empty()) return;
  if (std::chrono::steady_clock::now() - began_ >= max_age_) exchange_.TryHandOver();
}

}  // namespace kcap
