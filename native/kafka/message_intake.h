#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <optional>

#include "kafka/batch_filler.h"
#include "kafka/client_events.h"
#include "kafka/partition_reads.h"
#include "kafka/standstill.h"
#include "kafka/time_window.h"
#include "wire/plain_message.h"

namespace kcap {

/** How a reader understands messages. */
struct MessageReading {
  int32_t default_link_type;  // of messages that carry none
  KeyUnit key_unit;
  bool tells_names;  // batches say their interface and host
};

/**
 * What becomes of each message that was fetched: its packet goes into the batch, or it is counted
 * there, or it is no longer wanted. One thread uses it.
 */
class MessageIntake {
 public:
  MessageIntake(const MessageReading& reading, std::optional<TimeWindow> window,
                PartitionReads& reads, BatchFiller& filler, Standstill& standstill,
                ClientEvents& events)
      : reading_(reading),
        window_(std::move(window)),
        reads_(reads),
        filler_(filler),
        standstill_(standstill),
        events_(events) {}

  MessagePacket PacketIn(const rd_kafka_message_t* message) const;
  /** Takes a message, or an event of the client that came in its place. False once no more can be
   * taken. `known`: the message's packet, if that has been found out already. */
  bool Take(const rd_kafka_message_t* message, const MessagePacket* known = nullptr);

 private:
  bool CountDeleted(const rd_kafka_message_t* message);

  const MessageReading reading_;
  std::optional<TimeWindow> window_;
  PartitionReads& reads_;
  BatchFiller& filler_;
  Standstill& standstill_;
  ClientEvents& events_;
};

}  // namespace kcap
