#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kcap {

/**
 * What a consumer group has committed for a topic, and whether it has members. No call waits longer
 * than it is told to: the group's coordinator may be away. One thread uses it.
 */
class GroupOffsets {
 public:
  /** Offsets by partition. */
  using Offsets = std::map<int32_t, int64_t>;

  /** `instance` is this member's group.instance.id, empty for none. */
  GroupOffsets(rd_kafka_t* client, std::string topic, std::string group, std::string instance);

  /** Whether others are members of the group; nothing where the cluster does not say. */
  std::optional<bool> HasOthers(int timeout_ms) const;
  /**
   * The offsets that are committed for these partitions: those without one are not in it. Nothing
   * where the coordinator does not answer; then Problem() says why.
   */
  std::optional<Offsets> Committed(const std::vector<int32_t>& partitions, int timeout_ms);
  /** Commits these offsets. False where that is not known to have worked. */
  bool Commit(const Offsets& offsets, int timeout_ms) const;
  /** Commits what has been stored (acknowledged) and is not committed yet. */
  bool CommitStored(int timeout_ms) const;
  /** Why the coordinator did not answer the last time. */
  std::string Problem() const { return problem_; }
  const std::string& group() const { return group_; }

 private:
  bool Commit(const rd_kafka_topic_partition_list_t* offsets, int timeout_ms) const;

  rd_kafka_t* const client_;
  const std::string topic_;
  const std::string group_;
  const std::string instance_;
  std::string problem_;
};

}  // namespace kcap
