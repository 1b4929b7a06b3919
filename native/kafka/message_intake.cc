#include "kafka/message_intake.h"

namespace kcap {

MessagePackets MessageIntake::PacketsIn(const rd_kafka_message_t* message) {
  // One object, built in the caller's place.
  MessagePackets packets = message->err ? MessagePackets() : MessagePackets(message, reading_);
  if (const uint32_t handled = reads_.TakeSkip(message->partition, message->offset))
    packets.Skip(handled);
  return packets;
}

bool MessageIntake::Take(const rd_kafka_message_t* message) {
  if (TakeUsual(message)) return true;
  auto packets = PacketsIn(message);
  return Take(message, packets, UINT64_MAX);
}

bool MessageIntake::Take(const rd_kafka_message_t* message, MessagePackets& packets,
                         uint64_t until_ns) {
  if (message->err) return TakeEvent(message);
  const int32_t id = message->partition;
  if (!reads_.Wants(id)) return true;
  standstill_.Over();
  if (reads_.IsPastEnd(id, message->offset)) {
    reads_.ReadUpTo(id, message->offset);
    return true;
  }
  return TakePackets(message, packets, until_ns);
}

/**
 * Most messages are like the one before: then their packet goes behind its packet, in the fewest
 * steps. False where there is more to look at.
 */
bool MessageIntake::TakeUsual(const rd_kafka_message_t* message) {
  if (!takes_usual_ || message->err) return false;
  if (!reads_.IsNext(message->partition, message->offset)) return false;
  const auto header = UsualRecordOf(message);
  if (!header || !filler_.AppendUsual(message, *header, reading_.default_link_type)) return false;
  reads_.ReadUpTo(message->partition, message->offset + 1);
  standstill_.Over();
  return true;
}

bool MessageIntake::TakeEvent(const rd_kafka_message_t* event) {
  if (event->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    events_.Report(event->err, rd_kafka_message_errstr(event));
    return true;
  }
  const int32_t id = event->partition;
  if (!reads_.Wants(id)) return true;
  if (!CountDeleted(event)) return false;
  if (reads_.Wants(id)) reads_.AtEnd(id, event->offset);
  return true;
}

bool MessageIntake::TakePackets(const rd_kafka_message_t* message, MessagePackets& packets,
                                uint64_t until_ns) {
  const int32_t id = message->partition;
  while (!packets.AtEnd()) {
    const MessagePacket& packet = packets.packet();
    if (packet.kind == MessagePacket::Kind::kPacket && packet.time_ns > until_ns) return true;
    if (!filler_.MakeRoomFor(packet)) return false;
    // Another member may have got it while there was no room.
    if (!reads_.Wants(id)) return true;
    if (!CountDeleted(message)) return false;
    const bool is_run =
        packets.MayGoOn() && !window_ && filler_.AppendPlain(message, packets, until_ns);
    if (!is_run) {
      filler_.Append(message, packets);
      if (window_) LookAtWindow(message, packet);
      packets.Next();
    }
    filler_.SetHandled(message, packets);
  }
  reads_.ReadUpTo(id, message->offset + 1);
  return true;
}

void MessageIntake::LookAtWindow(const rd_kafka_message_t* message, const MessagePacket& packet) {
  const int32_t id = message->partition;
  const bool is_over = window_->IsOverWith(id, message->offset, packet);
  filler_.tally().outside_slack += window_->TakeOutside();
  if (is_over && reads_.Wants(id)) reads_.Finish(id);
}

bool MessageIntake::CountDeleted(const rd_kafka_message_t* message) {
  const uint64_t deleted = reads_.DeletedBefore(message->partition, message->offset);
  if (deleted == 0) return true;
  MessagePacket none{};
  none.kind = MessagePacket::Kind::kNullValue;
  if (!filler_.MakeRoomFor(none)) return false;
  filler_.tally().deleted += deleted;
  // What is counted once is not counted again with the message's next packet.
  if (reads_.Wants(message->partition)) reads_.ReadUpTo(message->partition, message->offset);
  return true;
}

}  // namespace kcap
