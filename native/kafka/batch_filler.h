#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <functional>

#include "batch/batch_exchange.h"
#include "wire/message_packets.h"

namespace kcap {

/** Turns messages into batches of pcap records. One thread uses it. */
class BatchFiller {
 public:
  /** `await_room` waits until the exchange has a batch that can be filled; false where it is not to
   * be waited for. */
  BatchFiller(BatchExchange& exchange, std::chrono::milliseconds max_age,
              std::function<bool()> await_room)
      : exchange_(exchange), max_age_(max_age), await_room_(std::move(await_room)) {}

  /** Makes sure that the batch being filled can take the packet. False where no more can be taken.
   */
  bool MakeRoomFor(const MessagePacket& packet);
  /** Puts the current packet into the batch for which room was made, or counts why it is none. */
  void Append(const rd_kafka_message_t* message, const MessagePackets& packets);
  /** Puts what fits of the packets from the current one on into the batch for which room was made,
   * at once. False where they don't lie there like a batch's records. */
  bool AppendPlain(const rd_kafka_message_t* message, MessagePackets& packets, uint64_t until_ns);
  /** Puts the one packet of a message with nothing to say about it into the batch, all that
   * MakeRoomFor(), Append() and SetHandled() do. False where the batch is not one of such packets,
   * or has no room. */
  bool AppendUsual(const rd_kafka_message_t* message, const RecordHeader& header,
                   int32_t link_type);
  /** All of the message before the current packet is in this batch or an earlier one. */
  void SetHandled(const rd_kafka_message_t* message, const MessagePackets& packets);
  /** What was noticed beside the messages. MakeRoomFor() comes before. */
  Tally& tally() { return exchange_.filling().tally; }
  /** How long the batch may still wait for more packets. */
  std::chrono::milliseconds TimeLeft() const;
  /** Gives the batch away if it is old enough, and another one can be filled at once. */
  void HandOverIfDue();

 private:
  BatchExchange& exchange_;
  const std::chrono::milliseconds max_age_;
  const std::function<bool()> await_room_;
  std::chrono::steady_clock::time_point began_;
};

}  // namespace kcap
