#include "kafka/batch_consumer.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "kafka/properties.h"

namespace kcap {
namespace {

constexpr int kIdlePollMs = 250;        // stop() ends the wait at once
constexpr int kBusyPollMs = 10;         // while a batch waits for JavaScript
constexpr int kMessagesAtOnce = 1000;   // taken from librdkafka's queue in one call
constexpr int kMaxHandOverMs = 10'000;  // how long a rebalance waits for packets to be written
constexpr int kMaxAskMs = 5'000;  // how long an answer of the group's coordinator is waited for
constexpr size_t kMaxRecordsPerBatch = 16'384;
// libpcap's largest snapshot length: what tools accept in a file's header.
constexpr uint32_t kMaxSnapLength = 262'144;

using Message = std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)>;
using Partitions = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                   decltype(&rd_kafka_topic_partition_list_destroy)>;

Partitions NewPartitions(int size) {
  return Partitions(rd_kafka_topic_partition_list_new(size), rd_kafka_topic_partition_list_destroy);
}

KeyUnit KeyUnitOf(const std::string& name) {
  if (name == "ms") return KeyUnit::kMilliseconds;
  return name == "ns" ? KeyUnit::kNanoseconds : KeyUnit::kMicroseconds;
}

}  // namespace

void BatchConsumer::Init(Napi::Env env, Napi::Object exports) {
  exports["BatchConsumer"] =
      DefineClass(env, "BatchConsumer",
                  {
                      InstanceMethod<&BatchConsumer::Next>("next"),
                      InstanceMethod<&BatchConsumer::Acknowledge>("acknowledge"),
                      InstanceMethod<&BatchConsumer::Stop>("stop"),
                      InstanceMethod<&BatchConsumer::Close>("close"),
                  });
}

BatchConsumer::BatchConsumer(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      js_(info.Env(), "kcap consumer"),
      events_(js_, info[0].As<Napi::Object>().Get("onEvent").As<Napi::Function>()),
      exchange_(js_, info[0].As<Napi::Object>().Get("batchBytes").As<Napi::Number>().Uint32Value(),
                kMaxRecordsPerBatch),
      topic_(info[0].As<Napi::Object>().Get("topic").As<Napi::String>()),
      subscribe_(info[0].As<Napi::Object>().Get("subscribe").As<Napi::Boolean>()),
      default_link_type_(info[0].As<Napi::Object>().Get("linkType").As<Napi::Number>()),
      key_unit_(KeyUnitOf(info[0].As<Napi::Object>().Get("keyUnit").As<Napi::String>())),
      in_time_order_(info[0].As<Napi::Object>().Get("inTimeOrder").As<Napi::Boolean>()),
      tells_names_(info[0].As<Napi::Object>().Get("tellsNames").As<Napi::Boolean>()),
      end_time_us_(info[0].As<Napi::Object>().Get("endTimeUs").As<Napi::Number>().Int64Value()),
      other_start_(info[0].As<Napi::Object>().Get("otherStart").As<Napi::Number>()),
      max_batch_age_(
          info[0].As<Napi::Object>().Get("maxBatchAgeMs").As<Napi::Number>().Int64Value()) {
  const auto options = info[0].As<Napi::Object>();
  try {
    const auto listed = options.Get("partitions").As<Napi::Array>();
    for (uint32_t i = 0; i < listed.Length(); i++) {
      const auto entry = listed.Get(i).As<Napi::Object>();
      auto& partition = partitions_[entry.Get("partition").As<Napi::Number>()];
      partition.start = entry.Get("start").As<Napi::Number>();
      if (const auto end = entry.Get("end"); !end.IsUndefined()) {
        partition.end = end.As<Napi::Number>();
        has_ends_ = true;
      }
    }
    auto conf = ConfOf(info.Env(), options.Get("properties"));
    events_.Register(conf.get(), this);
    rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
    char message[512];
    client_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), message, sizeof message);
    if (!client_) throw Napi::Error::New(info.Env(), message);
    conf.release();  // the client has taken it over
  } catch (...) {
    js_.Release();
    throw;
  }
  rd_kafka_poll_set_consumer(client_);
  queue_ = rd_kafka_queue_get_consumer(client_);
  exchange_.OnWanted([this] { rd_kafka_queue_yield(queue_); });
  napi_add_env_cleanup_hook(info.Env(), OnTeardown, this);
  Ref();
  thread_ = std::thread([this] { Run(); });
}

BatchConsumer::~BatchConsumer() { StopThread(); }

void BatchConsumer::OnTeardown(void* self) { static_cast<BatchConsumer*>(self)->StopThread(); }

void BatchConsumer::StopThread() {
  if (!thread_.joinable()) return;
  events_.Silence();
  stopping_ = true;
  exchange_.Close();
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    close_allowed_.notify_all();
    if (queue_) rd_kafka_queue_yield(queue_);
  }
  thread_.join();
}

Napi::Value BatchConsumer::Next(const Napi::CallbackInfo& info) {
  return exchange_.Next(info.Env());
}

void BatchConsumer::Acknowledge(const Napi::CallbackInfo& info) {
  if (close_requested_) return;  // the client may be gone already
  const auto list = info[0].As<Napi::Array>();
  const auto offsets = NewPartitions(static_cast<int>(list.Length()));
  for (uint32_t i = 0; i < list.Length(); i++) {
    const auto entry = list.Get(i).As<Napi::Object>();
    rd_kafka_topic_partition_list_add(offsets.get(), topic_.c_str(),
                                      entry.Get("partition").As<Napi::Number>())
        ->offset = entry.Get("offset").As<Napi::Number>();
  }
  // A partition that has gone to another member meanwhile is refused: its offset is that member's
  // matter.
  rd_kafka_offsets_store(client_, offsets.get());
}

void BatchConsumer::Stop(const Napi::CallbackInfo&) {
  stopping_ = true;
  std::lock_guard lock(mutex_);
  if (queue_) rd_kafka_queue_yield(queue_);
}

Napi::Value BatchConsumer::Close(const Napi::CallbackInfo& info) {
  auto promise =
      std::make_shared<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(info.Env()));
  if (std::exchange(close_requested_, true)) {
    promise->Resolve(info.Env().Undefined());
    return promise->Promise();
  }
  stopping_ = true;
  exchange_.Close();
  std::lock_guard lock(mutex_);
  on_closed_ = [this, promise] {
    js_.Post([this, promise](Napi::Env env) {
      thread_.join();
      exchange_.LetGo();
      events_.Silence();
      napi_remove_env_cleanup_hook(env, OnTeardown, this);
      js_.Release();
      promise->Resolve(env.Undefined());
      Unref();
    });
  };
  closing_ = true;
  close_allowed_.notify_all();
  rd_kafka_queue_yield(queue_);
  return promise->Promise();
}

void BatchConsumer::Run() {
  if (in_time_order_)
    merge_.emplace(client_, topic_,
                   [this](const rd_kafka_message_t* message) { return PacketIn(message); });
  watch_.emplace(client_, topic_);
  if (subscribe_) {
    const auto topics = NewPartitions(1);
    rd_kafka_topic_partition_list_add(topics.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
    rd_kafka_subscribe(client_, topics.get());
  } else {
    AssignListed();
  }
  if (merge_)
    ReadInTimeOrder();
  else
    ReadAsItComes();
  exchange_.End(watch_->Gone() ? std::optional("it was deleted while it was read") : std::nullopt);
  merge_.reset();
  watch_.reset();
  {
    // Acknowledgements of the last batches come until close() is called.
    std::unique_lock lock(mutex_);
    close_allowed_.wait(lock, [this] { return closing_; });
    rd_kafka_queue_destroy(queue_);
    queue_ = nullptr;
  }
  rd_kafka_consumer_close(client_);
  rd_kafka_destroy(client_);
  if (on_closed_) on_closed_();
}

void BatchConsumer::AssignListed() {
  const auto assignment = NewPartitions(static_cast<int>(partitions_.size()));
  for (auto& [id, partition] : partitions_) {
    partition.started = true;
    partition.assigned = true;
    partition.next = std::max<int64_t>(partition.start, -1);
    partition.finished =
        partition.start >= 0 && partition.end >= 0 && partition.start >= partition.end;
    if (partition.finished) continue;
    rd_kafka_topic_partition_list_add(assignment.get(), topic_.c_str(), id)->offset =
        partition.start;
    if (merge_) merge_->Add(id);
  }
  assigned_once_ = true;
  rd_kafka_assign(client_, assignment.get());
}

/**
 * Waits for a message, then takes what comes until the batch is full or old enough: so an idle
 * topic costs no wake-ups, a quiet one no latency, and a busy one few batches.
 */
void BatchConsumer::ReadAsItComes() {
  std::vector<rd_kafka_message_t*> messages(kMessagesAtOnce);
  while (!stopping_ && !AllEnded() && TopicRemains()) {
    ssize_t count = 0;
    if (exchange_.filling().Empty()) {
      if ((messages[0] = rd_kafka_consumer_poll(client_, kIdlePollMs))) count = 1;
    } else {
      const auto age = std::chrono::duration_cast<std::chrono::milliseconds>(
          std::chrono::steady_clock::now() - batch_began_);
      const auto wait = std::max<int64_t>((max_batch_age_ - age).count(), 0);
      count = rd_kafka_consume_batch_queue(queue_, wait ? static_cast<int>(wait) : kBusyPollMs,
                                           messages.data(), messages.size());
    }
    bool open = true;
    for (ssize_t i = 0; i < count; i++) {
      const Message message(messages[i], rd_kafka_message_destroy);
      if (open && !stopping_) open = Fill(messages[i]);
    }
    lost_.clear();
    if (!open) break;
    HandOverIfDue();
  }
}

/** The same, of several partitions in the order of their packets' times. */
void BatchConsumer::ReadInTimeOrder() {
  bool open = true;
  while (open && !stopping_ && !AllEnded() && TopicRemains()) {
    // What is not a partition's: rebalances, errors of the client.
    if (const Message event{rd_kafka_consumer_poll(client_, 0), rd_kafka_message_destroy}; event)
      open = Fill(event.get());
    lost_.clear();
    merge_->Look();
    auto next = merge_->Next();
    for (int taken = 1; next && open && !stopping_; taken++) {
      open = Fill(next->message.get(), &next->packet);
      if (taken == kMessagesAtOnce) break;
      next = merge_->Next();
    }
    HandOverIfDue();
    if (!next) merge_->Wait(queue_, exchange_.filling().Empty() ? kIdlePollMs : kBusyPollMs);
  }
}

void BatchConsumer::HandOverIfDue() {
  if (exchange_.filling().Empty()) return;
  if (std::chrono::steady_clock::now() - batch_began_ >= max_batch_age_) exchange_.TryHandOver();
}

MessagePacket BatchConsumer::PacketIn(const rd_kafka_message_t* message) const {
  MessagePacket packet = PacketOf(message, key_unit_, default_link_type_);
  if (!tells_names_) packet.link.interface = packet.link.host = {};
  return packet;
}

bool BatchConsumer::Fill(const rd_kafka_message_t* message, const MessagePacket* known) {
  if (message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    if (const uint64_t deleted = DeletedBefore(message)) {
      MessagePacket none{};
      none.kind = MessagePacket::Kind::kNullValue;
      if (!PrepareBatch(none)) return false;
      exchange_.filling().tally.deleted += deleted;
    }
    ReadUpTo(message->partition, message->offset);
    return true;
  }
  if (message->err) {
    events_.Report(message->err, rd_kafka_message_errstr(message));
    return true;
  }
  const auto& partition = partitions_[message->partition];
  const bool taken_away = std::ranges::find(lost_, message->partition) != lost_.end();
  if (partition.finished || taken_away) return true;
  if (partition.end >= 0 && message->offset >= partition.end) {
    ReadUpTo(message->partition, message->offset);
    return true;
  }
  const MessagePacket packet = known ? *known : PacketIn(message);
  if (IsPastEndTime(packet)) {
    Finish(message->partition);
    return true;
  }
  if (!AppendPacket(message, packet)) return false;
  ReadUpTo(message->partition, message->offset + 1);
  return true;
}

/**
 * A message stamped with its packet's time was sent as it was captured: those behind it in its
 * partition are later, give or take how long packets may have been on their way. Of others, sent
 * again from a file, that can't be said.
 */
bool BatchConsumer::IsPastEndTime(const MessagePacket& packet) const {
  constexpr int64_t kOnTheWayUs = 60'000'000;
  if (end_time_us_ < 0 || packet.kind != MessagePacket::Kind::kPacket) return false;
  const auto time_us = static_cast<int64_t>(packet.time_ns / 1000);
  return packet.timestamp_ms == time_us / 1000 && time_us > end_time_us_ + kOnTheWayUs;
}

/** Puts one message into the batch, or counts why it has no packet. False once the consumer is
 * closed. */
bool BatchConsumer::AppendPacket(const rd_kafka_message_t* message, const MessagePacket& packet) {
  using Kind = MessagePacket::Kind;
  if (!PrepareBatch(packet)) return false;

  Batch& batch = exchange_.filling();
  batch.tally.deleted += DeletedBefore(message);
  batch.tally.bad_headers += packet.bad_headers;
  if (packet.kind == Kind::kNullValue) {
    batch.tally.null_values++;
  } else if (packet.kind == Kind::kTimeOutOfRange) {
    batch.tally.times_out_of_range++;
  } else {
    if (packet.time_from_kafka) batch.tally.times_from_kafka++;
    batch.snap_length = std::max(batch.snap_length, packet.header.captured);
    batch.Append(packet.header, static_cast<const uint8_t*>(message->payload));
    batch.AppendPosition(message->partition, message->offset);
  }
  batch.SetNextOffset(message->partition, message->offset + 1);
  return true;
}

/**
 * How many messages retention has deleted between the last one that was read and this one.
 * Compaction and transactions leave gaps as well, but none before the first offset that the
 * partition has now.
 */
uint64_t BatchConsumer::DeletedBefore(const rd_kafka_message_t* message) {
  int64_t expected = partitions_[message->partition].next;
  if (message->offset == expected) return 0;
  int64_t low = -1, high = -1;
  rd_kafka_get_watermark_offsets(client_, topic_.c_str(), message->partition, &low, &high);
  // The group may have left off further back where this is the first message that there is.
  if (expected < 0 && low > 0 && message->offset == low)
    expected = CommittedOffset(message->partition);
  if (expected < 0) return 0;
  return std::max<int64_t>(std::min(low, message->offset) - expected, 0);
}

/** Negative where the group has none. */
int64_t BatchConsumer::CommittedOffset(int32_t partition) {
  if (!subscribe_) return -1;
  const auto asked = NewPartitions(1);
  auto* entry = rd_kafka_topic_partition_list_add(asked.get(), topic_.c_str(), partition);
  const auto error = rd_kafka_committed(client_, asked.get(), kMaxAskMs);
  return error || entry->err ? -1 : entry->offset;
}

/** Makes sure that the batch being filled can take what a message holds. */
bool BatchConsumer::PrepareBatch(const MessagePacket& packet) {
  const bool is_packet = packet.kind == MessagePacket::Kind::kPacket;
  const Batch& current = exchange_.filling();
  const bool other_link = is_packet && !current.HasLink(packet.link);
  if (current.count() > 0 && (other_link || !current.Fits(packet.header.captured)))
    if (!exchange_.HandOver()) return false;

  Batch& batch = exchange_.filling();
  if (batch.Empty()) {
    batch_began_ = std::chrono::steady_clock::now();
    batch.snap_length = kMaxSnapLength;
  }
  if (is_packet && batch.count() == 0) {
    batch.SetLink(packet.link);
    batch.MakeRoomFor(packet.header.captured);
  }
  return true;
}

/** Notes that a partition was read up to `offset`; where that is its end, it is not fetched any
 * further. */
void BatchConsumer::ReadUpTo(int32_t id, int64_t offset) {
  auto& partition = partitions_[id];
  partition.next = offset;
  if (!partition.finished && partition.end >= 0 && offset >= partition.end) Finish(id);
}

void BatchConsumer::Finish(int32_t id) {
  partitions_[id].finished = true;
  if (merge_) merge_->Remove(id);
  const auto finished = NewPartitions(1);
  rd_kafka_topic_partition_list_add(finished.get(), topic_.c_str(), id);
  rd_kafka_pause_partitions(client_, finished.get());
}

bool BatchConsumer::AllEnded() const {
  bool any = false;
  for (const auto& [id, partition] : partitions_) {
    if (partition.end < 0 && end_time_us_ < 0) continue;
    // In a group, the partitions that other members read are theirs to finish.
    if (!partition.finished && (partition.assigned || !assigned_once_)) return false;
    any = true;
  }
  return any;
}

bool BatchConsumer::TopicRemains() {
  const auto count = watch_->PartitionsIfDue();
  // librdkafka looks after a group's partitions; a read to the end that was is over with those that
  // were.
  if (count && !subscribe_ && !has_ends_) AssignAdded(*count);
  return !watch_->Gone();
}

void BatchConsumer::AssignAdded(int32_t count) {
  const auto added = NewPartitions(count);
  for (int32_t id = 0; id < count; id++) {
    if (partitions_.contains(id)) continue;
    partitions_[id] = {.start = other_start_, .started = true, .assigned = true};
    rd_kafka_topic_partition_list_add(added.get(), topic_.c_str(), id)->offset = other_start_;
    if (merge_) merge_->Add(id);
  }
  if (added->cnt > 0) rd_kafka_error_destroy(rd_kafka_incremental_assign(client_, added.get()));
}

void BatchConsumer::OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                                rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  auto* self = ClientEvents::OpaqueOf<BatchConsumer>(opaque);
  const bool cooperative = strcmp(rd_kafka_rebalance_protocol(client), "COOPERATIVE") == 0;
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    self->Assigned(partitions);
    if (cooperative)
      rd_kafka_error_destroy(rd_kafka_incremental_assign(client, partitions));
    else
      rd_kafka_assign(client, partitions);
    return;
  }
  self->Revoked(partitions);
  if (cooperative)
    rd_kafka_error_destroy(rd_kafka_incremental_unassign(client, partitions));
  else
    rd_kafka_assign(client, nullptr);
}

/** A partition starts where the command line says the first time, and where the group left off
 * after that. */
void BatchConsumer::Assigned(rd_kafka_topic_partition_list_t* partitions) {
  assigned_once_ = true;
  for (int i = 0; i < partitions->cnt; i++) {
    auto& entry = partitions->elems[i];
    const auto [at, added] = partitions_.try_emplace(entry.partition);
    auto& partition = at->second;
    if (added) partition.start = other_start_;
    entry.offset = partition.started ? RD_KAFKA_OFFSET_STORED : partition.start;
    partition.next = std::max<int64_t>(entry.offset, -1);
    partition.started = true;
    partition.assigned = true;
    if (merge_) merge_->Add(entry.partition);
    // librdkafka has purged the messages of the time before; those that come now are to be read.
    std::erase(lost_, entry.partition);
  }
}

/** What was read of the partitions is written and committed before another member gets them. */
void BatchConsumer::Revoked(const rd_kafka_topic_partition_list_t* partitions) {
  for (int i = 0; i < partitions->cnt; i++) {
    partitions_[partitions->elems[i].partition].assigned = false;
    lost_.push_back(partitions->elems[i].partition);
    if (merge_) merge_->Remove(partitions->elems[i].partition);
  }
  if (stopping_ || rd_kafka_assignment_lost(client_)) return;
  if (!exchange_.filling().Empty() && !exchange_.HandOver()) return;
  if (exchange_.WaitUntilHandled(kMaxHandOverMs)) rd_kafka_commit(client_, nullptr, 0);
}

}  // namespace kcap
