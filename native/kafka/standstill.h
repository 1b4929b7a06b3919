#pragma once

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "kafka/group_offsets.h"
#include "kafka/partition_reads.h"
#include "kafka/topic_watch.h"

namespace kcap {

/** Notices that a read waits for something that should not take long, and finds out for what. One
 * thread uses it. */
class Standstill {
 public:
  using Say = std::function<void(rd_kafka_resp_err_t, const std::string&)>;

  Standstill(std::string topic, const PartitionReads& reads, const TopicWatch& watch, Say say)
      : topic_(std::move(topic)), reads_(reads), watch_(watch), say_(std::move(say)) {}

  /** `group` and `merge` may be null. */
  void Begin(GroupOffsets* group, PartitionMerge* merge);
  /** Something came, or nothing is waited for. Called for each message: what time it is is asked
   * later. */
  void Over() { over_ = true; }
  /** Says within 10 s what is waited for, and now and then after that. Partitions in the order of
   * time that have waited long enough for another one go on without it. The reason to give up,
   * where a read that is to end has waited long enough. */
  std::optional<std::string> Look();

 private:
  using Clock = std::chrono::steady_clock;

  struct Cause {
    rd_kafka_resp_err_t error;
    std::string text;
    bool passes;  // sooner or later, by itself
  };

  std::optional<Cause> Find() const;
  std::optional<int32_t> Missing() const;
  bool IsLeftWithMissing() const;

  const std::string topic_;
  const PartitionReads& reads_;
  const TopicWatch& watch_;
  const Say say_;
  GroupOffsets* group_ = nullptr;
  PartitionMerge* merge_ = nullptr;
  bool over_ = false;  // since the last look
  Clock::time_point since_ = Clock::now();
  Clock::time_point said_ = since_;
};

}  // namespace kcap
