#include "kafka/group_membership.h"

#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace kcap {
namespace {

constexpr size_t kMaxHeldBack = 64;  // messages, until no more are fetched
// How long a rebalance waits for a batch to be written. Less than a session: its other members wait
// as long.
constexpr int kMaxHandOverMs = 10'000;
constexpr int kMaxAskMs = 500;         // one wait for the group's coordinator
constexpr int kMaxDescribeMs = 3'000;  // who is in the group
constexpr int kMaxCommitMs = 5'000;    // while other members wait

}  // namespace

GroupMembership::GroupMembership(rd_kafka_t* client, const std::string& topic, std::string group,
                                 std::string instance, Reading reading)
    : client_(client),
      topic_(topic),
      offsets_(client, topic, std::move(group), std::move(instance)),
      reading_(reading) {}

void GroupMembership::Join(bool overrides_committed) {
  // Asked before joining: a member that finds nobody there is the first.
  if (overrides_committed && offsets_.HasOthers(kMaxDescribeMs) == false)
    if (auto committed = offsets_.Committed(reading_.reads.Ids(), kMaxDescribeMs))
      reading_.reads.OverrideCommitted(std::move(*committed));
  const PartitionList topics = NewPartitionList(1);
  rd_kafka_topic_partition_list_add(topics.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client_, topics.get());
}

void GroupMembership::OnRebalance(rd_kafka_resp_err_t error,
                                  rd_kafka_topic_partition_list_t* partitions) {
  const bool cooperative = strcmp(rd_kafka_rebalance_protocol(client_), "COOPERATIVE") == 0;
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    const auto begun = Assigned(partitions);
    if (cooperative)
      rd_kafka_error_destroy(rd_kafka_incremental_assign(client_, partitions));
    else
      rd_kafka_assign(client_, partitions);
    reading_.reads.PauseFinished();
    if (has_ended_ || held_back_.size() >= kMaxHeldBack) reading_.reads.Pause(true);
    if (!begun.empty() && !reading_.stopping) offsets_.Commit(begun, kMaxCommitMs);
    return;
  }
  Revoked(partitions);
  if (cooperative)
    rd_kafka_error_destroy(rd_kafka_incremental_unassign(client_, partitions));
  else
    rd_kafka_assign(client_, nullptr);
}

/** Returns where the partitions begin that do not go on from what is committed. */
GroupOffsets::Offsets GroupMembership::Assigned(rd_kafka_topic_partition_list_t* partitions) {
  std::vector<int32_t> ids;
  for (int i = 0; i < partitions->cnt; i++) ids.push_back(partitions->elems[i].partition);
  std::optional<GroupOffsets::Offsets> committed;
  if (ids.empty()) committed.emplace();
  // Without an answer nobody knows where to begin; the session, and so the assignment, ends without
  // one, too.
  while (!committed && !reading_.stopping && !rd_kafka_assignment_lost(client_))
    committed = offsets_.Committed(ids, kMaxAskMs);
  reading_.standstill.Over();
  return reading_.reads.Assigned(partitions, committed);
}

/** What was read of the partitions is written and committed before another member gets them. */
void GroupMembership::Revoked(const rd_kafka_topic_partition_list_t* partitions) {
  auto& [reads, exchange, standstill, stopping] = reading_;
  const bool lost = rd_kafka_assignment_lost(client_);
  reads.Revoked(partitions);
  standstill.Over();
  std::erase_if(held_back_, [&reads](const Message& message) {
    return !message->err && reads.IsStale(message->partition);
  });
  if (stopping) return;
  if (!exchange.Empty()) exchange.GiveAway();
  const bool handled = !lost && exchange.WaitUntilHandled(kMaxHandOverMs);
  if (!lost) offsets_.CommitStored(kMaxCommitMs);
  // What remains of other partitions, if any, can't be told apart.
  if (!handled && !reads.HasJoined()) exchange.TakeBack();
}

void GroupMembership::AnswerWhileStalled() {
  Message message = MessageOf(rd_kafka_consumer_poll(client_, 0));
  if (!message) return;
  held_back_.push_back(std::move(message));
  if (held_back_.size() == kMaxHeldBack) reading_.reads.Pause(true);
}

Message GroupMembership::TakeHeldBack() {
  if (held_back_.empty()) return MessageOf(nullptr);
  Message message = std::move(held_back_.front());
  held_back_.pop_front();
  return message;
}

void GroupMembership::EndReading() {
  has_ended_ = true;
  held_back_.clear();
  reading_.reads.Pause(true);
}

}  // namespace kcap
