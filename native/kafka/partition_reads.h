#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "kafka/group_offsets.h"
#include "kafka/partition_merge.h"

namespace kcap {

/** Where the reading of a topic's partitions begins, how far it has come, and where it ends. One
 * thread uses it. */
class PartitionReads {
 public:
  struct Read {
    int64_t start = RD_KAFKA_OFFSET_BEGINNING;  // an offset or a logical one
    int64_t end = -1;                           // first offset that is not read, -1 for none
  };

  /** `other_start` is for partitions that are added later. */
  PartitionReads(std::string topic, const std::map<int32_t, Read>& listed, int64_t other_start);

  void Use(rd_kafka_t* client, PartitionMerge* merge);

  // Without a group: all partitions.

  void AssignAll();
  /** Reads also those that were added to the topic. */
  void AssignAdded(int32_t count);

  // With a group: what it assigns.

  /** This run begins the group's reading: partitions start where it says, as long as nobody commits
   * anything else than this. */
  void OverrideCommitted(GroupOffsets::Offsets committed) { overridden_ = std::move(committed); }
  /**
   * Sets the offsets at which the partitions go on: what is committed, else where this read starts.
   * Nothing committed is known where `committed` has no value. Those that the group has not got
   * from its own commits are returned.
   */
  GroupOffsets::Offsets Assigned(rd_kafka_topic_partition_list_t* partitions,
                                 const std::optional<GroupOffsets::Offsets>& committed);
  void Revoked(const rd_kafka_topic_partition_list_t* partitions);
  /** Whether partitions have been assigned and not all been taken away since; to a member they may
   * be none. */
  bool HasJoined() const { return joined_; }
  /** What was taken away while messages are in hand that were fetched before: those are not to be
   * used. */
  bool IsStale(int32_t id) const { return !stale_.empty() && IsOneOfStale(id); }
  /** All messages that were in hand have been used. */
  void NothingInHand() { stale_.clear(); }
  /** Whether messages are in hand while rebalances are answered. */
  void SetInHand(bool in_hand) { in_hand_ = in_hand; }

  /** Whether messages of the partition are still to be read. */
  bool Wants(int32_t id) const {
    const Partition* partition = Find(id);
    return partition && !partition->finished && !IsStale(id);
  }
  /** Whether it is exactly this message of the partition that comes next, and nothing but to read it
   * is to be done. */
  bool IsNext(int32_t id, int64_t offset) const {
    const Partition* partition = Find(id);
    return partition && partition->next == offset && !partition->finished && !IsStale(id) &&
           !has_skips_ && (partition->end < 0 || offset < partition->end);
  }
  /** How many packets of this message, the first one that is read of the partition, the group has
   * handled before. */
  uint32_t TakeSkip(int32_t id, int64_t offset) { return has_skips_ ? TakeSkipOf(id, offset) : 0; }
  bool IsPastEnd(int32_t id, int64_t offset) const {
    const int64_t end = Find(id)->end;
    return end >= 0 && offset >= end;
  }
  /** Notes that a partition was read up to `offset`. */
  void ReadUpTo(int32_t id, int64_t offset);
  /** The partition has nothing at `offset` yet. */
  void AtEnd(int32_t id, int64_t offset);
  /** Nothing more is fetched of the partition. */
  void Finish(int32_t id);
  /** From now on a partition ends where it has nothing more. */
  void EndHere();
  bool HasEnds() const { return has_ends_ || ends_here_; }
  /** Whether all partitions that this run is to read were read to their ends. */
  bool AllFinished() const;
  /** How many messages were deleted between the last one that was read and this one. */
  uint64_t DeletedBefore(int32_t id, int64_t offset) const {
    const int64_t expected = Find(id)->next;
    return expected < 0 || offset == expected ? 0 : DeletedBetween(id, expected, offset);
  }

  std::vector<int32_t> Ids() const;
  /** Those that are assigned, and not read to their ends. */
  std::vector<int32_t> Unfinished() const;
  /** What stands between a partition and its end, for people; nothing where that is not known. */
  std::optional<std::string> Shortened(int32_t id) const;
  /** Stops or goes on fetching all that is assigned and not finished. */
  void Pause(bool pause);
  /** What was finished before it was assigned again needs no fetching. */
  void PauseFinished();

 private:
  struct Partition : Read {
    int64_t next = -1;    // offset that would come next, -1 where it is not known
    uint32_t skip = 0;    // packets of the message at `next`
    int64_t at_end = -1;  // where it had nothing more, -1 where something has come since
    bool assigned = false;
    bool begun = false;  // has been assigned before
    bool finished = false;
  };

  /** One message after the other is the same partition's: the last one found is looked at first. */
  Partition* Find(int32_t id) const {
    if (!found_ || found_->first != id) found_ = Search(id);
    return found_ ? &found_->second : nullptr;
  }
  bool IsOneOfStale(int32_t id) const;
  uint64_t DeletedBetween(int32_t id, int64_t expected, int64_t offset) const;
  std::pair<const int32_t, Partition>* Search(int32_t id) const;
  uint32_t TakeSkipOf(int32_t id, int64_t offset);

  rd_kafka_t* client_ = nullptr;
  PartitionMerge* merge_ = nullptr;
  const std::string topic_;
  const int64_t other_start_;
  // Nothing is ever erased of it, so what was found stays where it is.
  mutable std::map<int32_t, Partition> partitions_;
  mutable std::pair<const int32_t, Partition>* found_ = nullptr;
  std::optional<GroupOffsets::Offsets> overridden_;
  bool has_skips_ = false;  // any that was not taken yet
  bool has_ends_ = false;
  bool ends_here_ = false;
  bool joined_ = false;  // partitions are assigned, if only none
  bool in_hand_ = false;
  std::vector<int32_t> stale_;
};

}  // namespace kcap
