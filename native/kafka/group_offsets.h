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
  /** Where a partition goes on: `skip` packets of the message at `offset` were handled. */
  struct Place {
    int64_t offset;
    uint32_t skip = 0;

    bool operator==(const Place&) const = default;
  };
  /** By partition. */
  using Offsets = std::map<int32_t, Place>;
  /** Puts a place into a list; the skip goes into the commit's metadata. */
  static void Put(rd_kafka_topic_partition_list_t* list, const char* topic, int32_t partition,
                  const Place& place);

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
