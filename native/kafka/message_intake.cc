#include "kafka/message_intake.h"

namespace kcap {

MessagePacket MessageIntake::PacketIn(const rd_kafka_message_t* message) const {
  MessagePacket packet = PacketOf(message, reading_.key_unit, reading_.default_link_type);
  if (!reading_.tells_names) packet.link.interface = packet.link.host = {};
  return packet;
}

bool MessageIntake::Take(const rd_kafka_message_t* message, const MessagePacket* known) {
  if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    events_.Report(message->err, rd_kafka_message_errstr(message));
    return true;
  }
  const int32_t id = message->partition;
  if (!reads_.Wants(id)) return true;
  if (message->err) {
    if (!CountDeleted(message)) return false;
    if (reads_.Wants(id)) reads_.AtEnd(id, message->offset);
    return true;
  }
  standstill_.Over();
  if (reads_.IsPastEnd(id, message->offset)) {
    reads_.ReadUpTo(id, message->offset);
    return true;
  }
  const MessagePacket packet = known ? *known : PacketIn(message);
  if (!filler_.MakeRoomFor(packet)) return false;
  // Another member may have got it while there was no room.
  if (!reads_.Wants(id)) return true;
  if (!CountDeleted(message)) return false;
  filler_.Append(message, packet);
  reads_.ReadUpTo(id, message->offset + 1);
  if (!window_) return true;
  const bool is_over = window_->IsOverWith(id, message->offset, packet);
  filler_.tally().outside_slack += window_->TakeOutside();
  if (is_over && reads_.Wants(id)) reads_.Finish(id);
  return true;
}

bool MessageIntake::CountDeleted(const rd_kafka_message_t* message) {
  const uint64_t deleted = reads_.DeletedBefore(message->partition, message->offset);
  if (deleted == 0) return true;
  MessagePacket none{};
  none.kind = MessagePacket::Kind::kNullValue;
  if (!filler_.MakeRoomFor(none)) return false;
  filler_.tally().deleted += deleted;
  return true;
}

}  // namespace kcap
