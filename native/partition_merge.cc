#include "partition_merge.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <stdexcept>
#include <utility>

namespace kcap {
namespace {

constexpr size_t kMessagesAtOnce = 200;
// Packets of the last half second wait for earlier ones of a partition that has nothing more at the
// moment: such may be on their way. A time far in the future is a wrong clock's, and waits for
// nothing.
constexpr int64_t kOnTheWayNs = 500'000'000;
constexpr int kHeldBackMs = 20;

bool IsRecent(uint64_t time_ns) {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  const int64_t age_ns =
      now.tv_sec * INT64_C(1'000'000'000) + now.tv_nsec - static_cast<int64_t>(time_ns);
  return age_ns < kOnTheWayNs && age_ns > -kOnTheWayNs;
}

}  // namespace

PartitionMerge::PartitionMerge(rd_kafka_t* client, std::string topic, Reader packet_of)
    : client_(client), topic_(std::move(topic)), packet_of_(std::move(packet_of)) {
  if (pipe2(wake_fds_, O_NONBLOCK | O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
}

PartitionMerge::~PartitionMerge() {
  while (!partitions_.empty()) Remove(partitions_.begin()->first);
  if (watched_other_) rd_kafka_queue_io_event_enable(watched_other_, -1, nullptr, 0);
  close(wake_fds_[0]);
  close(wake_fds_[1]);
}

void PartitionMerge::Add(int32_t id) {
  Remove(id);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_partition(client_, topic_.c_str(), id);
  if (!queue) return;
  // No longer into the consumer's queue, where all partitions are mixed.
  rd_kafka_queue_forward(queue, nullptr);
  Watch(queue);
  partitions_[id].queue = queue;
}

void PartitionMerge::Remove(int32_t id) {
  const auto found = partitions_.find(id);
  if (found == partitions_.end()) return;
  rd_kafka_queue_io_event_enable(found->second.queue, -1, nullptr, 0);
  rd_kafka_queue_destroy(found->second.queue);
  partitions_.erase(found);
}

std::optional<PartitionMerge::Entry> PartitionMerge::Next() {
  const auto time_of = [](const Partition& partition) {
    return partition.entries.front().packet.time_ns;
  };
  Partition* earliest = nullptr;
  bool some_behind = false, some_at_end = false;
  for (auto& [id, partition] : partitions_) {
    if (partition.entries.empty() && !Refill(partition))
      (partition.at_end ? some_at_end : some_behind) = true;
    else if (!earliest || time_of(partition) < time_of(*earliest))
      earliest = &partition;
  }
  held_back_ = earliest && !some_behind && some_at_end && IsRecent(time_of(*earliest));
  if (!earliest || some_behind || held_back_) return std::nullopt;
  Entry entry = std::move(earliest->entries.front());
  earliest->entries.pop_front();
  return entry;
}

void PartitionMerge::Wait(rd_kafka_queue_t* other, int timeout_ms) {
  if (watched_other_ != other) {
    Watch(other);
    watched_other_ = other;
  }
  pollfd wake{wake_fds_[0], POLLIN, 0};
  if (poll(&wake, 1, held_back_ ? std::min(timeout_ms, kHeldBackMs) : timeout_ms) <= 0) return;
  std::array<char, 256> bytes;
  while (read(wake_fds_[0], bytes.data(), bytes.size()) > 0) continue;
}

/** Takes what librdkafka has of a partition; true where there are messages then. */
bool PartitionMerge::Refill(Partition& partition) {
  std::array<rd_kafka_message_t*, kMessagesAtOnce> taken;
  const ssize_t count =
      rd_kafka_consume_batch_queue(partition.queue, 0, taken.data(), taken.size());
  for (ssize_t i = 0; i < count; i++) {
    Message message(taken[i], rd_kafka_message_destroy);
    MessagePacket packet{};
    if (!message->err) {
      packet = packet_of_(message.get());
      partition.at_end = false;
    } else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
      partition.at_end = true;
    }
    // What is no packet has no time to wait for: it keeps its place behind what came before it.
    if (message->err || packet.kind != MessagePacket::Kind::kPacket)
      packet.time_ns = partition.entries.empty() ? 0 : partition.entries.back().packet.time_ns;
    partition.entries.push_back({std::move(message), packet});
  }
  return !partition.entries.empty();
}

void PartitionMerge::Watch(rd_kafka_queue_t* queue) {
  rd_kafka_queue_io_event_enable(queue, wake_fds_[1], "", 1);
}

}  // namespace kcap
