#include "kafka/standstill.h"

#include <algorithm>
#include <utility>

namespace kcap {
namespace {

constexpr std::chrono::seconds kSayAfter(7);
constexpr std::chrono::seconds kSayAgainAfter(30);
// Brokers need some ten seconds to find a new leader or coordinator.
constexpr std::chrono::seconds kGiveUpAfter(30);
constexpr int kMaxAskMs = 500;

}  // namespace

void Standstill::Begin(GroupOffsets* group, PartitionMerge* merge) {
  group_ = group;
  merge_ = merge;
  Over();
}

std::optional<std::string> Standstill::Look() {
  const auto now = Clock::now();
  if (std::exchange(over_, false)) since_ = said_ = now;
  const bool is_left_with_missing = IsLeftWithMissing();
  const bool is_awaited = merge_ && merge_->Awaited();
  const bool gives_up =
      is_left_with_missing || (now - since_ >= kGiveUpAfter && (reads_.HasEnds() || is_awaited));
  if (now - said_ < (said_ > since_ ? kSayAgainAfter : kSayAfter) && !gives_up) return std::nullopt;
  const auto cause = Find();
  if (!cause) {
    Over();
    return std::nullopt;
  }
  if (gives_up && is_awaited) {
    merge_->GoOnWithoutAwaited();
    say_(cause->error, cause->text + ": the other partitions go on without it");
    Over();
    return std::nullopt;
  }
  if (reads_.HasEnds() && !cause->passes && gives_up) return cause->text;
  if (said_ == since_ || now - said_ >= kSayAgainAfter) {
    said_ = now;
    say_(cause->error, cause->text);
  }
  return std::nullopt;
}

/** What should not take long; nothing where it is new packets that are waited for. */
std::optional<Standstill::Cause> Standstill::Find() const {
  if (group_ && !reads_.HasJoined()) {
    const std::string group = "group " + group_->group();
    if (!group_->Committed(reads_.Ids(), kMaxAskMs))
      return Cause{RD_KAFKA_RESP_ERR_COORDINATOR_NOT_AVAILABLE,
                   group + ": no broker coordinates it: " + group_->Problem(), false};
    return Cause{RD_KAFKA_RESP_ERR_REBALANCE_IN_PROGRESS,
                 group + ": its other members have not yet agreed to share the partitions", true};
  }
  const auto unfinished = reads_.Unfinished();
  for (const int32_t id : unfinished)
    if (watch_.IsLeaderless(id))
      return Cause{RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE,
                   "partition " + std::to_string(id) + " of topic " + topic_ + " has no leader",
                   false};
  if (reads_.HasEnds())
    for (const int32_t id : unfinished)
      if (const auto shortened = reads_.Shortened(id))
        return Cause{RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, *shortened, false};
  if (const auto missing = Missing())
    return Cause{RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
                 "nothing comes of partition " + std::to_string(*missing) + " of topic " + topic_ +
                     ", and its end is not reached",
                 false};
  return std::nullopt;
}

/** A partition of which something should come; where none are in order, new packets of any may be
 * what is waited for. */
std::optional<int32_t> Standstill::Missing() const {
  if (merge_)
    if (const auto awaited = merge_->Awaited()) return awaited;
  const auto unfinished = reads_.Unfinished();
  if (!reads_.HasEnds() || unfinished.empty()) return std::nullopt;
  return unfinished[0];
}

/** Whether all is read of a topic but partitions that were waited for long enough. */
bool Standstill::IsLeftWithMissing() const {
  if (!merge_ || !reads_.HasEnds() || !reads_.HasJoined()) return false;
  const auto unfinished = reads_.Unfinished();
  return !unfinished.empty() &&
         std::ranges::all_of(unfinished, [this](int32_t id) { return merge_->GoesOnWithout(id); });
}

}  // namespace kcap
