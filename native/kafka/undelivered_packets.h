#pragma once

#include <librdkafka/rdkafka.h>
#include <napi.h>

#include <cstdint>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "wire/packed_message.h"
#include "wire/plain_message.h"

namespace kcap {

/** The packets of messages that were not delivered: taken back before, or refused. */
class UndeliveredPackets {
 public:
  /** `number`: messages were produced in the order of their numbers. Any thread. */
  void Add(uint64_t number, const rd_kafka_message_t* message);
  void Add(uint64_t number, const MessagePacket& packet, std::span<const uint8_t> frame);
  void Add(const Pack& pack);
  /** Gives them away, in the order in which they came: `NativeUndeliveredBatch[]` of src/addon/batch.ts.
   */
  Napi::Value Take(Napi::Env env);

 private:
  struct Packet {
    uint64_t number;
    int32_t link_type;
    bool nanoseconds;
    std::string interface;
    RecordHeader header;
    size_t frame_at;  // in frames_

    bool HasLinkOf(const Packet& other) const {
      return link_type == other.link_type && nanoseconds == other.nanoseconds &&
             interface == other.interface;
    }
  };
  using Packets = std::vector<Packet>;
  static Napi::Object BatchOf(Napi::Env env, Packets::const_iterator first,
                              Packets::const_iterator end, const std::vector<uint8_t>& frames);

  std::mutex mutex_;
  Packets packets_;
  std::vector<uint8_t> frames_;
};

}  // namespace kcap
