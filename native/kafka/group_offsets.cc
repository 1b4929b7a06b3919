#include "kafka/group_offsets.h"

#include <charconv>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "kafka/kafka_handles.h"

namespace kcap {
namespace {

using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, decltype(&rd_kafka_AdminOptions_destroy)>;

// docs/wire-format.md, packed messages.
constexpr std::string_view kSkip = "kcap:skip=";

/** Packets of the message at the committed offset that were handled before. */
uint32_t SkipIn(const rd_kafka_topic_partition_t& committed) {
  std::string_view text(static_cast<const char*>(committed.metadata), committed.metadata_size);
  if (!text.starts_with(kSkip)) return 0;
  text.remove_prefix(kSkip.size());
  uint32_t skip = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), skip);
  return error == std::errc() && end == text.data() + text.size() ? skip : 0;
}

}  // namespace

void GroupOffsets::Put(rd_kafka_topic_partition_list_t* list, const char* topic, int32_t partition,
                       const Place& place) {
  auto* entry = rd_kafka_topic_partition_list_add(list, topic, partition);
  entry->offset = place.offset;
  if (place.skip == 0) return;
  const std::string text = std::string(kSkip) + std::to_string(place.skip);
  entry->metadata = strdup(text.c_str());  // the list frees it
  entry->metadata_size = text.size();
}

GroupOffsets::GroupOffsets(rd_kafka_t* client, std::string topic, std::string group,
                           std::string instance)
    : client_(client),
      topic_(std::move(topic)),
      group_(std::move(group)),
      instance_(std::move(instance)) {}

std::optional<bool> GroupOffsets::HasOthers(int timeout_ms) const {
  const Queue answers = NewQueue(client_);
  const AdminOptions options(
      rd_kafka_AdminOptions_new(client_, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS),
      rd_kafka_AdminOptions_destroy);
  char error[128];
  rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, error, sizeof error);
  const char* groups[] = {group_.c_str()};
  rd_kafka_DescribeConsumerGroups(client_, groups, 1, options.get(), answers.get());
  const Event event = NextEvent(answers, timeout_ms);
  if (!event || rd_kafka_event_error(event.get())) return std::nullopt;
  const auto* result = rd_kafka_event_DescribeConsumerGroups_result(event.get());
  size_t count = 0;
  const auto** described =
      result ? rd_kafka_DescribeConsumerGroups_result_groups(result, &count) : nullptr;
  if (count != 1 || rd_kafka_ConsumerGroupDescription_error(described[0])) return std::nullopt;
  const size_t members = rd_kafka_ConsumerGroupDescription_member_count(described[0]);
  for (size_t i = 0; i < members; i++) {
    const auto* member = rd_kafka_ConsumerGroupDescription_member(described[0], i);
    const char* instance = rd_kafka_MemberDescription_group_instance_id(member);
    // A static member that has come back finds what it was before.
    if (instance_.empty() || !instance || instance_ != instance) return true;
  }
  return false;
}

std::optional<GroupOffsets::Offsets> GroupOffsets::Committed(const std::vector<int32_t>& partitions,
                                                             int timeout_ms) {
  const PartitionList asked = NewPartitionList(partitions.size());
  for (const int32_t id : partitions)
    rd_kafka_topic_partition_list_add(asked.get(), topic_.c_str(), id);
  auto error = rd_kafka_committed(client_, asked.get(), timeout_ms);
  Offsets offsets;
  for (int i = 0; i < asked->cnt; i++) {
    const auto& entry = asked->elems[i];
    if (!error) error = entry.err;
    if (entry.offset >= 0) offsets[entry.partition] = {entry.offset, SkipIn(entry)};
  }
  if (error) {
    problem_ = rd_kafka_err2str(error);
    return std::nullopt;
  }
  return offsets;
}

bool GroupOffsets::Commit(const Offsets& offsets, int timeout_ms) const {
  const PartitionList list = NewPartitionList(offsets.size());
  for (const auto& [id, place] : offsets) Put(list.get(), topic_.c_str(), id, place);
  return Commit(list.get(), timeout_ms);
}

bool GroupOffsets::CommitStored(int timeout_ms) const { return Commit(nullptr, timeout_ms); }

bool GroupOffsets::Commit(const rd_kafka_topic_partition_list_t* offsets, int timeout_ms) const {
  // rd_kafka_commit() would wait as long as there is no coordinator.
  const Queue answers = NewQueue(client_);
  if (rd_kafka_commit_queue(client_, offsets, answers.get(), nullptr, nullptr)) return false;
  const Event event = NextEvent(answers, timeout_ms);
  const auto error = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  return error == RD_KAFKA_RESP_ERR_NO_ERROR || error == RD_KAFKA_RESP_ERR__NO_OFFSET;
}

}  // namespace kcap
