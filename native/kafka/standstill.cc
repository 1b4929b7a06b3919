#include "kafka/standstill.h"

#include <utility>

namespace kcap {
namespace {

constexpr std::chrono::seconds kSayAfter(7);
constexpr std::chrono::seconds kSayAgainAfter(30);
// Brokers need some ten seconds to find a new leader or coordinator.
constexpr std::chrono::seconds kGiveUpAfter(30);
constexpr int kMaxAskMs = 500;

}  // namespace

void Standstill::Begin(GroupOffsets* group) {
  group_ = group;
  Over();
}

std::optional<std::string> Standstill::Look() {
  const auto now = Clock::now();
  if (std::exchange(over_, false)) since_ = said_ = now;
  if (now - said_ < (said_ > since_ ? kSayAgainAfter : kSayAfter) &&
      !(reads_.HasEnds() && now - since_ >= kGiveUpAfter))
    return std::nullopt;
  const auto cause = Find();
  if (!cause) {
    Over();
    return std::nullopt;
  }
  if (reads_.HasEnds() && !cause->passes && now - since_ >= kGiveUpAfter) return cause->text;
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
  if (!reads_.HasEnds() || unfinished.empty()) return std::nullopt;
  for (const int32_t id : unfinished)
    if (const auto shortened = reads_.Shortened(id))
      return Cause{RD_KAFKA_RESP_ERR_OFFSET_OUT_OF_RANGE, *shortened, false};
  return Cause{RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
               "nothing comes of partition " + std::to_string(unfinished[0]) + " of topic " +
                   topic_ + ", and its end is not reached",
               false};
}

}  // namespace kcap
