#include "kafka/undelivered_packets.h"

#include <algorithm>
#include <cstring>

namespace kcap {

void UndeliveredPackets::Add(uint64_t number, const rd_kafka_message_t* message) {
  Add(number, PacketOf(message), {static_cast<const uint8_t*>(message->payload), message->len});
}

void UndeliveredPackets::Add(uint64_t number, const MessagePacket& packet,
                             std::span<const uint8_t> frame) {
  std::lock_guard lock(mutex_);
  packets_.push_back({number, packet.link.type, packet.link.nanoseconds,
                      std::string(packet.link.interface), packet.header, frames_.size()});
  frames_.insert(frames_.end(), frame.begin(), frame.end());
}

Napi::Value UndeliveredPackets::Take(Napi::Env env) {
  Packets packets;
  std::vector<uint8_t> frames;
  {
    std::lock_guard lock(mutex_);
    packets.swap(packets_);
    frames.swap(frames_);
  }
  std::ranges::sort(packets, {}, &Packet::number);
  auto batches = Napi::Array::New(env);
  for (auto first = packets.cbegin(); first != packets.cend();) {
    const auto end = std::find_if(first, packets.cend(),
                                  [&](const Packet& packet) { return !packet.HasLinkOf(*first); });
    batches[batches.Length()] = BatchOf(env, first, end, frames);
    first = end;
  }
  return batches;
}

Napi::Object UndeliveredPackets::BatchOf(Napi::Env env, Packets::const_iterator first,
                                         Packets::const_iterator end,
                                         const std::vector<uint8_t>& frames) {
  size_t size = 0;
  uint32_t longest = 0;
  for (auto packet = first; packet != end; packet++) {
    size += sizeof packet->header + packet->header.captured;
    longest = std::max(longest, packet->header.captured);
  }
  auto records = Napi::Buffer<uint8_t>::New(env, size);
  uint8_t* to = records.Data();
  for (auto packet = first; packet != end; packet++) {
    memcpy(to, &packet->header, sizeof packet->header);
    to += sizeof packet->header;
    // An empty frame may be of no frames at all, whose memory is a null pointer.
    if (packet->header.captured > 0)
      memcpy(to, frames.data() + packet->frame_at, packet->header.captured);
    to += packet->header.captured;
  }
  auto batch = Napi::Object::New(env);
  auto numbers = Napi::Float64Array::New(env, end - first);
  for (auto packet = first; packet != end; packet++)
    numbers[static_cast<size_t>(packet - first)] = static_cast<double>(packet->number);
  batch["numbers"] = numbers;
  batch["records"] = records;
  batch["count"] = Napi::Number::New(env, static_cast<double>(end - first));
  batch["linkType"] = Napi::Number::New(env, first->link_type);
  batch["nanoseconds"] = Napi::Boolean::New(env, first->nanoseconds);
  batch["snapLength"] = Napi::Number::New(env, longest);
  if (!first->interface.empty()) batch["interface"] = Napi::String::New(env, first->interface);
  return batch;
}

}  // namespace kcap
