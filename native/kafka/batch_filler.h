#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <functional>

#include "batch/batch_exchange.h"
#include "wire/plain_message.h"

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
  /** Puts a message into the batch for which room was made, or counts why it holds no packet. */
  void Append(const rd_kafka_message_t* message, const MessagePacket& packet);
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
