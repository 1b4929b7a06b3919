#include "kafka/partition_reads.h"

#include <algorithm>
#include <utility>

#include "kafka/kafka_handles.h"

namespace kcap {

PartitionReads::PartitionReads(std::string topic, const std::map<int32_t, Read>& listed,
                               int64_t other_start)
    : topic_(std::move(topic)), other_start_(other_start) {
  for (const auto& [id, read] : listed) {
    partitions_[id] = Partition{read};
    has_ends_ = has_ends_ || read.end >= 0;
  }
}

void PartitionReads::Use(rd_kafka_t* client, PartitionMerge* merge) {
  client_ = client;
  merge_ = merge;
}

void PartitionReads::AssignAll() {
  const PartitionList assignment = NewPartitionList(partitions_.size());
  for (auto& [id, partition] : partitions_) {
    partition.begun = true;
    partition.assigned = true;
    partition.next = std::max<int64_t>(partition.start, -1);
    partition.finished =
        partition.start >= 0 && partition.end >= 0 && partition.start >= partition.end;
    if (partition.finished) continue;
    rd_kafka_topic_partition_list_add(assignment.get(), topic_.c_str(), id)->offset =
        partition.start;
    if (merge_) merge_->Add(id);
  }
  joined_ = true;
  rd_kafka_assign(client_, assignment.get());
}

void PartitionReads::AssignAdded(int32_t count) {
  const PartitionList added = NewPartitionList(1);
  for (int32_t id = 0; id < count; id++) {
    if (partitions_.contains(id)) continue;
    Partition partition;
    partition.start = other_start_;
    partition.assigned = partition.begun = true;
    partitions_[id] = partition;
    rd_kafka_topic_partition_list_add(added.get(), topic_.c_str(), id)->offset = other_start_;
    if (merge_) merge_->Add(id);
  }
  if (added->cnt > 0) rd_kafka_error_destroy(rd_kafka_incremental_assign(client_, added.get()));
}

GroupOffsets::Offsets PartitionReads::Assigned(
    rd_kafka_topic_partition_list_t* partitions,
    const std::optional<GroupOffsets::Offsets>& committed) {
  const auto find = [](const GroupOffsets::Offsets& offsets, int32_t id) {
    const auto found = offsets.find(id);
    return found == offsets.end() ? GroupOffsets::Place{-1} : found->second;
  };
  GroupOffsets::Offsets begun;
  joined_ = true;
  for (int i = 0; i < partitions->cnt; i++) {
    auto& entry = partitions->elems[i];
    const int32_t id = entry.partition;
    const auto [at, added] = partitions_.try_emplace(id);
    auto& partition = at->second;
    if (added) partition.start = other_start_;
    const GroupOffsets::Place stored = committed ? find(*committed, id) : GroupOffsets::Place{-1};
    const bool overrides =
        overridden_ && !partition.begun && committed && stored == find(*overridden_, id);
    partition.skip = 0;
    if (!committed) {
      entry.offset = RD_KAFKA_OFFSET_STORED;
    } else if (stored.offset >= 0 && !overrides) {
      entry.offset = stored.offset;
      partition.skip = stored.skip;
      has_skips_ = has_skips_ || stored.skip > 0;
    } else {
      entry.offset = partition.start;
      // The next owner would find nothing, or something older.
      if (const GroupOffsets::Place start{partition.start}; start.offset >= 0 && start != stored)
        begun[id] = start;
    }
    partition.next = std::max<int64_t>(entry.offset, -1);
    partition.at_end = -1;
    partition.begun = true;
    partition.assigned = true;
    if (merge_) merge_->Add(id);
    // Where nothing is in hand, librdkafka has dropped what it had fetched before.
    if (!in_hand_) std::erase(stale_, id);
  }
  return begun;
}

void PartitionReads::Revoked(const rd_kafka_topic_partition_list_t* partitions) {
  for (int i = 0; i < partitions->cnt; i++) {
    const int32_t id = partitions->elems[i].partition;
    partitions_[id].assigned = false;
    stale_.push_back(id);
    if (merge_) merge_->Remove(id);
  }
  joined_ =
      std::ranges::any_of(partitions_, [](const auto& entry) { return entry.second.assigned; });
}

bool PartitionReads::IsOneOfStale(int32_t id) const {
  return std::ranges::find(stale_, id) != stale_.end();
}

auto PartitionReads::Search(int32_t id) const -> std::pair<const int32_t, Partition>* {
  const auto found = partitions_.find(id);
  return found == partitions_.end() ? nullptr : &*found;
}

uint32_t PartitionReads::TakeSkipOf(int32_t id, int64_t offset) {
  const auto found = partitions_.find(id);
  if (found == partitions_.end() || found->second.skip == 0) return 0;
  const uint32_t skip = std::exchange(found->second.skip, 0);
  has_skips_ =
      std::ranges::any_of(partitions_, [](const auto& entry) { return entry.second.skip > 0; });
  return offset == found->second.next ? skip : 0;
}

void PartitionReads::ReadUpTo(int32_t id, int64_t offset) {
  auto& partition = *Find(id);
  partition.next = offset;
  partition.at_end = -1;
  if (!partition.finished && partition.end >= 0 && offset >= partition.end) Finish(id);
}

void PartitionReads::AtEnd(int32_t id, int64_t offset) {
  ReadUpTo(id, offset);
  auto& partition = partitions_[id];
  partition.at_end = offset;
  if (ends_here_ && !partition.finished) Finish(id);
}

void PartitionReads::Finish(int32_t id) {
  partitions_[id].finished = true;
  if (merge_) merge_->Remove(id);
  const PartitionList finished = NewPartitionList(1);
  rd_kafka_topic_partition_list_add(finished.get(), topic_.c_str(), id);
  rd_kafka_pause_partitions(client_, finished.get());
}

void PartitionReads::EndHere() {
  ends_here_ = true;
  for (const auto& [id, partition] : partitions_)
    if (partition.assigned && !partition.finished && partition.at_end >= 0) Finish(id);
}

bool PartitionReads::AllFinished() const {
  if (!joined_) return false;
  bool any = false;
  for (const auto& [id, partition] : partitions_) {
    // In a group, the partitions that other members read are theirs to finish.
    if (partition.assigned && !partition.finished) return false;
    any = any || partition.finished;
  }
  return any || HasEnds();
}

/**
 * Compaction and transactions leave gaps as well, but none before the first offset that the
 * partition has now.
 */
uint64_t PartitionReads::DeletedBetween(int32_t id, int64_t expected, int64_t offset) const {
  int64_t low = -1, high = -1;
  rd_kafka_get_watermark_offsets(client_, topic_.c_str(), id, &low, &high);
  return static_cast<uint64_t>(std::max<int64_t>(std::min(low, offset) - expected, 0));
}

std::vector<int32_t> PartitionReads::Ids() const {
  std::vector<int32_t> ids;
  for (const auto& [id, partition] : partitions_) ids.push_back(id);
  return ids;
}

std::vector<int32_t> PartitionReads::Unfinished() const {
  std::vector<int32_t> ids;
  for (const auto& [id, partition] : partitions_)
    if (partition.assigned && !partition.finished) ids.push_back(id);
  return ids;
}

std::optional<std::string> PartitionReads::Shortened(int32_t id) const {
  const auto& partition = partitions_.at(id);
  if (partition.at_end < 0 || partition.end <= partition.at_end) return std::nullopt;
  return "partition " + std::to_string(id) + " ends at offset " + std::to_string(partition.at_end) +
         ", but its end was " + std::to_string(partition.end) + " at the start";
}

void PartitionReads::Pause(bool pause) {
  const PartitionList list = NewPartitionList(partitions_.size());
  for (const int32_t id : Unfinished())
    rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), id);
  if (pause)
    rd_kafka_pause_partitions(client_, list.get());
  else
    rd_kafka_resume_partitions(client_, list.get());
}

void PartitionReads::PauseFinished() {
  const PartitionList list = NewPartitionList(partitions_.size());
  for (const auto& [id, partition] : partitions_)
    if (partition.assigned && partition.finished)
      rd_kafka_topic_partition_list_add(list.get(), topic_.c_str(), id);
  rd_kafka_pause_partitions(client_, list.get());
}

}  // namespace kcap
