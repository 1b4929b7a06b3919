#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <deque>
#include <string>

#include "batch/batch_exchange.h"
#include "kafka/group_offsets.h"
#include "kafka/kafka_handles.h"
#include "kafka/partition_reads.h"
#include "kafka/standstill.h"

namespace kcap {

/**
 * A reader's membership of a consumer group. Partitions that are assigned go on from what the group
 * has committed; what was read of partitions that are taken away is written and committed before
 * another member gets them. Rebalances are answered also while JavaScript takes no batch; messages
 * that arrive with them are held back until there is room.
 *
 * One thread uses it; librdkafka calls OnRebalance() within that thread's polls.
 */
class GroupMembership {
 public:
  /** What a rebalance concerns besides the group. */
  struct Reading {
    PartitionReads& reads;
    BatchExchange& exchange;
    Standstill& standstill;
    const std::atomic<bool>& stopping;
  };

  /** `instance` is this member's group.instance.id, empty for none. */
  GroupMembership(rd_kafka_t* client, const std::string& topic, std::string group,
                  std::string instance, Reading reading);

  /** Subscribes to the topic. `overrides_committed`: as the group's first member, this one begins
   * where it was told to and not at what is committed. */
  void Join(bool overrides_committed);
  /** librdkafka's rebalance_cb. */
  void OnRebalance(rd_kafka_resp_err_t error, rd_kafka_topic_partition_list_t* partitions);
  /** Answers a rebalance, if there is one, although no message can be taken. */
  void AnswerWhileStalled();
  /** The next message that came meanwhile; null if there are no more. They precede whatever is
   * polled now. */
  Message TakeHeldBack();
  /** Nothing more is read: of what the group still assigns, nothing is fetched. */
  void EndReading();
  /** Commits what was acknowledged. False if that is not known to have worked. */
  bool CommitStored(int timeout_ms) const { return offsets_.CommitStored(timeout_ms); }
  GroupOffsets& offsets() { return offsets_; }

 private:
  GroupOffsets::Offsets Assigned(rd_kafka_topic_partition_list_t* partitions);
  void Revoked(const rd_kafka_topic_partition_list_t* partitions);

  rd_kafka_t* const client_;
  const std::string topic_;
  GroupOffsets offsets_;
  Reading reading_;
  std::deque<Message> held_back_;
  bool has_ended_ = false;
};

}  // namespace kcap
