#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <memory>
#include <span>

#include "wire/plain_message.h"

namespace kcap {

/** What a message holds that is not packed. kAnything: bytes that are nobody's packets, whatever
 * key and headers say; they are handed over as a frame is, with Kafka's time. */
enum class ValueKind { kFrame, kCaptureFile, kAnything };

/** How a reader understands messages. */
struct MessageReading {
  int32_t default_link_type;  // of messages that carry none
  KeyUnit key_unit;
  ValueKind values;
  bool tells_names;  // batches say their interface and host
};

/** Records that lie one after the other, just as a batch has them. */
struct PlainRecords {
  size_t size = 0;  // in bytes
  uint32_t count = 0;
  uint32_t longest = 0;  // captured length
};

/**
 * The packets of a message in turn, whichever format it has: one of a plain message, many of a
 * packed one. Where a message, or a part of it, holds no packet, that takes a packet's place and
 * says so by its kind: so nothing passes uncounted. Valid as long as the message is.
 */
class MessagePackets {
 public:
  /** Of an event that came in a message's place: none. */
  MessagePackets();
  MessagePackets(const rd_kafka_message_t* message, const MessageReading& reading);
  MessagePackets(MessagePackets&&) noexcept;
  MessagePackets& operator=(MessagePackets&&) noexcept;
  ~MessagePackets();

  bool AtEnd() const { return at_end_; }
  /** The one that it stands at, unless it is at its end. */
  const MessagePacket& packet() const { return packet_; }
  /** Of that one: packet().header.captured bytes. */
  const uint8_t* frame() const { return frame_; }
  void Next();

  /** How many packets were passed, the current one included. */
  uint32_t passed() const { return passed_; }
  /** Whether more may follow. */
  bool MayGoOn() const { return capture_ != nullptr; }
  /** Passes over packets that were handled before: so many from the beginning. */
  void Skip(uint32_t packets);

  /**
   * Copies packets from the current one on that lie there like a batch's records, as far as there
   * is room for them, they are no more than `most_count` and no later than `until_ns`; there may be
   * more of them. None where the current one does not, or takes too much room.
   */
  PlainRecords TakePlain(std::span<uint8_t> into, uint32_t most_count, uint64_t until_ns);

 private:
  struct Capture;

  MessagePackets(const rd_kafka_message_t* message, const MessageReading& reading,
                 const MessageHeaders& headers);
  void ReadPacket();

  bool at_end_ = true;
  uint32_t passed_ = 0;
  MessagePacket packet_{};
  const uint8_t* frame_ = nullptr;
  std::unique_ptr<Capture> capture_;  // of a message with many packets, until it is at its end
};

}  // namespace kcap
