#include "kafka/partition_merge.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <utility>

namespace kcap {
namespace {

constexpr size_t kMessagesAtOnce = 200;
// What is taken out of librdkafka's queues no longer counts there: over all partitions it is at
// most about so much.
constexpr size_t kMaxBytesHere = 16 * 1024 * 1024;
// Packets of the last half second wait for earlier ones of a partition that has nothing more at the
// moment: such may be on their way. A time far in the future is a wrong clock's, and waits for
// nothing.
constexpr int64_t kOnTheWayNs = 500'000'000;
constexpr int kHeldBackMs = 20;

int64_t NowNs() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * INT64_C(1'000'000'000) + now.tv_nsec;
}

}  // namespace

PartitionMerge::PartitionMerge(rd_kafka_t* client, std::string topic, Reader packets_of)
    : client_(client), topic_(std::move(topic)), packets_of_(std::move(packets_of)) {}

PartitionMerge::~PartitionMerge() {
  while (!partitions_.empty()) Remove(partitions_.begin()->first);
  if (watched_other_) rd_kafka_queue_cb_event_enable(watched_other_, nullptr, nullptr);
}

void PartitionMerge::Add(int32_t id) {
  Remove(id);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_partition(client_, topic_.c_str(), id);
  if (!queue) return;
  // No longer into the consumer's queue, where all partitions are mixed.
  rd_kafka_queue_forward(queue, nullptr);
  Watch(queue);
  const auto added = partitions_.emplace(id, Partition{.id = id, .queue = queue}).first;
  without_.push_back(&added->second);
  CountBehind();
}

void PartitionMerge::Remove(int32_t id) {
  const auto found = partitions_.find(id);
  if (found == partitions_.end()) return;
  if (in_hand_ == id) in_hand_.reset();
  std::erase(without_, &found->second);
  CountBehind();
  std::erase_if(in_order_, [id](const Place& place) { return place.id == id; });
  std::make_heap(in_order_.begin(), in_order_.end(), std::greater());
  rd_kafka_queue_cb_event_enable(found->second.queue, nullptr, nullptr);
  rd_kafka_queue_destroy(found->second.queue);
  partitions_.erase(found);
}

void PartitionMerge::Look() {
  GoOn();
  looked_at_ns_ = NowNs();
  std::erase_if(without_, [this](Partition* partition) {
    if (!Refill(*partition)) return false;
    PutInOrder(*partition);
    return true;
  });
  CountBehind();
}

std::optional<PartitionMerge::Entry> PartitionMerge::Next() {
  GoOn();
  held_back_ = false;
  if (in_order_.empty() || behind_ > 0) return std::nullopt;
  const Place earliest = in_order_.front();
  // What came to partitions at their end since they were looked at is not known: the age is that of
  // then.
  const int64_t age_ns = looked_at_ns_ - static_cast<int64_t>(earliest.time_ns);
  held_back_ = !without_.empty() && std::abs(age_ns) < kOnTheWayNs;
  if (held_back_) return std::nullopt;

  std::pop_heap(in_order_.begin(), in_order_.end(), std::greater());
  in_order_.pop_back();
  Partition& partition = *earliest.partition;
  Entry entry = std::move(partition.entries.front());
  partition.entries.pop_front();
  in_hand_ = partition.id;
  return entry;
}

uint64_t PartitionMerge::UntilNs() const {
  const uint64_t next = in_order_.empty() ? UINT64_MAX : in_order_.front().time_ns;
  if (without_.empty()) return next;
  // What is as young as that waits: something earlier may be on its way.
  const auto settled = static_cast<uint64_t>(std::max<int64_t>(looked_at_ns_ - kOnTheWayNs, 0));
  return std::min(next, settled);
}

void PartitionMerge::PutBack(Entry entry) {
  if (!in_hand_ || entry.packets.AtEnd()) return;
  if (entry.packets.packet().kind == MessagePacket::Kind::kPacket)
    entry.time_ns = entry.packets.packet().time_ns;
  partitions_.at(*in_hand_).entries.push_front(std::move(entry));
}

/** The partition whose entry was given goes on with its next one. */
void PartitionMerge::GoOn() {
  if (!in_hand_) return;
  Partition& partition = partitions_.at(*std::exchange(in_hand_, std::nullopt));
  if (!partition.entries.empty() || Refill(partition)) {
    PutInOrder(partition);
  } else {
    without_.push_back(&partition);
    if (partition.IsAwaited()) behind_++;
  }
}

void PartitionMerge::Wait(rd_kafka_queue_t* other, int timeout_ms) {
  if (watched_other_ != other) {
    Watch(other);
    watched_other_ = other;
  }
  std::unique_lock lock(mutex_);
  const int at_most_ms = held_back_ ? std::min(timeout_ms, kHeldBackMs) : timeout_ms;
  something_.wait_for(lock, std::chrono::milliseconds(at_most_ms), [this] { return came_; });
  came_ = false;
}

void PartitionMerge::PutInOrder(Partition& partition) {
  in_order_.push_back({partition.entries.front().time_ns, partition.id, &partition});
  std::push_heap(in_order_.begin(), in_order_.end(), std::greater());
}

void PartitionMerge::CountBehind() {
  behind_ = std::ranges::count(without_, true, &Partition::IsAwaited);
}

std::optional<int32_t> PartitionMerge::Awaited() const {
  const auto found = std::ranges::find(without_, true, &Partition::IsAwaited);
  return found == without_.end() ? std::nullopt : std::optional((*found)->id);
}

void PartitionMerge::GoOnWithoutAwaited() {
  for (Partition* partition : without_)
    partition->given_up = partition->given_up || partition->IsAwaited();
  CountBehind();
}

bool PartitionMerge::GoesOnWithout(int32_t id) const {
  const auto found = partitions_.find(id);
  return found != partitions_.end() && found->second.given_up;
}

/** Takes what librdkafka has of a partition; true where there are messages then. */
bool PartitionMerge::Refill(Partition& partition) {
  std::array<rd_kafka_message_t*, kMessagesAtOnce> taken;
  const ssize_t count =
      rd_kafka_consume_batch_queue(partition.queue, 0, taken.data(), TakeAtOnce(partition));
  size_t bytes = 0;
  for (ssize_t i = 0; i < count; i++) {
    Message message = MessageOf(taken[i]);
    bytes += message->len;
    MessagePackets packets = packets_of_(message.get());
    if (!message->err)
      partition.at_end = partition.given_up = false;
    else if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF)
      partition.at_end = true;
    // What is no packet has no time to wait for: it keeps its place behind what came before it.
    uint64_t time_ns = partition.entries.empty() ? 0 : partition.entries.back().time_ns;
    if (!packets.AtEnd() && packets.packet().kind == MessagePacket::Kind::kPacket)
      time_ns = packets.packet().time_ns;
    partition.entries.push_back({std::move(message), std::move(packets), time_ns});
  }
  if (count > 0) partition.message_bytes = bytes / static_cast<size_t>(count);
  return !partition.entries.empty();
}

size_t PartitionMerge::TakeAtOnce(const Partition& partition) const {
  const size_t share = kMaxBytesHere / partitions_.size();
  return std::clamp<size_t>(share / std::max<size_t>(partition.message_bytes, 1), 1,
                            kMessagesAtOnce);
}

void PartitionMerge::Watch(rd_kafka_queue_t* queue) {
  rd_kafka_queue_cb_event_enable(queue, OnSomething, this);
}

void PartitionMerge::OnSomething(rd_kafka_t*, void* self) {
  auto* merge = static_cast<PartitionMerge*>(self);
  std::lock_guard lock(merge->mutex_);
  merge->came_ = true;
  merge->something_.notify_one();
}

}  // namespace kcap
