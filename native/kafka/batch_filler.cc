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

void BatchFiller::Append(const rd_kafka_message_t* message, const MessagePacket& packet) {
  using Kind = MessagePacket::Kind;
  Batch& batch = exchange_.filling();
  batch.tally.bad_headers += packet.bad_headers;
  if (packet.kind == Kind::kNullValue) {
    batch.tally.null_values++;
  } else if (packet.kind == Kind::kTimeOutOfRange) {
    batch.tally.times_out_of_range++;
  } else {
    if (packet.time_from_kafka) batch.tally.times_from_kafka++;
    batch.snap_length = std::max(batch.snap_length, packet.header.captured);
    batch.Append(packet.header, static_cast<const uint8_t*>(message->payload));
    batch.AppendPosition(message->partition, message->offset);
  }
  batch.SetNextOffset(message->partition, message->offset + 1);
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
