#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <optional>

#include "kafka/batch_filler.h"
#include "kafka/client_events.h"
#include "kafka/partition_reads.h"
#include "kafka/standstill.h"
#include "kafka/time_window.h"
#include "wire/message_packets.h"

namespace kcap {

/**
 * What becomes of each message that was fetched: its packets go into the batch, or are counted
 * there, or are no longer wanted. One thread uses it.
 */
class MessageIntake {
 public:
  MessageIntake(const MessageReading& reading, std::optional<TimeWindow> window,
                PartitionReads& reads, BatchFiller& filler, Standstill& standstill,
                ClientEvents& events)
      : reading_(reading),
        window_(std::move(window)),
        takes_usual_(reading.values == ValueKind::kFrame &&
                     reading.key_unit == KeyUnit::kMicroseconds && !window_),
        reads_(reads),
        filler_(filler),
        standstill_(standstill),
        events_(events) {}

  /** The packets of a message that are still to be handled; none of an event. */
  MessagePackets PacketsIn(const rd_kafka_message_t* message);
  /** Takes a message, or an event of the client that came in its place. False once no more can be
   * taken. */
  bool Take(const rd_kafka_message_t* message);
  /** The same for the packets of a message that are no later than `until_ns`, up to the first one
   * that is. */
  bool Take(const rd_kafka_message_t* message, MessagePackets& packets, uint64_t until_ns);

 private:
  bool TakeUsual(const rd_kafka_message_t* message);
  bool TakeEvent(const rd_kafka_message_t* event);
  bool TakePackets(const rd_kafka_message_t* message, MessagePackets& packets, uint64_t until_ns);
  bool CountDeleted(const rd_kafka_message_t* message);
  void LookAtWindow(const rd_kafka_message_t* message, const MessagePacket& packet);

  const MessageReading reading_;
  std::optional<TimeWindow> window_;
  const bool takes_usual_;
  PartitionReads& reads_;
  BatchFiller& filler_;
  Standstill& standstill_;
  ClientEvents& events_;
};

}  // namespace kcap
