#pragma once

#include <librdkafka/rdkafka.h>
#include <napi.h>

#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "batch/batch.h"

namespace kcap {

/** The packets of messages that come back: taken back before they were delivered, or refused. */
class WithdrawnPackets {
 public:
  /** `number`: messages were produced in the order of their numbers. Any thread. */
  void Add(uint64_t number, const rd_kafka_message_t* message);
  /** A packet that never became a message: its record's header is followed by the frame. */
  void Add(uint64_t number, const BatchLink& link, const uint8_t* record);
  /** Gives them away, in the order in which they came: `NativeWithdrawnBatch[]` of src/addon.ts. */
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
  void Add(uint64_t number, const BatchLink& link, const RecordHeader& header,
           const uint8_t* frame);
  static Napi::Object BatchOf(Napi::Env env, Packets::const_iterator first,
                              Packets::const_iterator end, const std::vector<uint8_t>& frames);

  std::mutex mutex_;
  Packets packets_;
  std::vector<uint8_t> frames_;
};

}  // namespace kcap
