#include "kafka/batch_consumer.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <system_error>

#include "kafka/consumer_options.h"
#include "kafka/new_client.h"
#include "kafka/properties.h"

namespace kcap {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kIdlePollMs = 250;       // stop() ends the wait at once
constexpr int kBusyPollMs = 10;        // while a batch waits for JavaScript
constexpr int kMessagesAtOnce = 1000;  // taken from librdkafka's queue in one call
constexpr int kStalledAfterMs =
    1000;                            // JavaScript takes no batch: rebalances are answered meanwhile
constexpr size_t kMaxHeldBack = 64;  // messages that come with them, until no more are fetched
// How long a rebalance waits for a batch to be written. Less than a session: its other members wait
// as long.
constexpr int kMaxHandOverMs = 10'000;
constexpr int kMaxAskMs = 500;         // how long the group's coordinator is waited for at once
constexpr int kMaxDescribeMs = 3'000;  // who is in the group
constexpr int kMaxCommitMs = 5'000;    // while other members wait
constexpr int kMaxLeaveMs = 1'000;     // at the end, where the brokers may be away
constexpr size_t kMaxRecordsPerBatch = 16'384;

}  // namespace

void BatchConsumer::Init(Napi::Env env, Napi::Object exports) {
  exports["BatchConsumer"] =
      DefineClass(env, "BatchConsumer",
                  {
                      InstanceMethod<&BatchConsumer::Next>("next"),
                      InstanceMethod<&BatchConsumer::Acknowledge>("acknowledge"),
                      InstanceMethod<&BatchConsumer::Stop>("stop"),
                      InstanceMethod<&BatchConsumer::EndHere>("endHere"),
                      InstanceMethod<&BatchConsumer::Close>("close"),
                  });
}

BatchConsumer::BatchConsumer(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      ThreadedObject(*this, "kcap consumer"),
      events_(js(), info[0].As<Napi::Object>().Get("onEvent").As<Napi::Function>()),
      exchange_(js(), info[0].As<Napi::Object>().Get("batchBytes").As<Napi::Number>().Uint32Value(),
                kMaxRecordsPerBatch),
      filler_(exchange_,
              std::chrono::milliseconds(
                  info[0].As<Napi::Object>().Get("maxBatchAgeMs").As<Napi::Number>().Int64Value()),
              [this] { return AwaitRoom(); }),
      topic_(info[0].As<Napi::Object>().Get("topic").As<Napi::String>()),
      default_link_type_(info[0].As<Napi::Object>().Get("linkType").As<Napi::Number>()),
      key_unit_(KeyUnitIn(info[0].As<Napi::Object>())),
      in_time_order_(info[0].As<Napi::Object>().Get("inTimeOrder").As<Napi::Boolean>()),
      tells_names_(info[0].As<Napi::Object>().Get("tellsNames").As<Napi::Boolean>()),
      reads_(topic_, ReadsIn(info[0].As<Napi::Object>()),
             info[0].As<Napi::Object>().Get("otherStart").As<Napi::Number>()),
      watch_(topic_),
      standstill_(topic_, reads_, watch_,
                  [this](rd_kafka_resp_err_t error, const std::string& what) {
                    events_.Report(error, what.c_str());
                  }),
      window_(WindowIn(info[0].As<Napi::Object>())) {
  try {
    MakeClient(info.Env(), info[0].As<Napi::Object>());
  } catch (...) {
    if (queue_) rd_kafka_queue_destroy(queue_);
    if (client_) rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
    throw;
  }
  Begin();
}

void BatchConsumer::MakeClient(Napi::Env env, Napi::Object options) {
  auto conf = ConfOf(env, options.Get("properties"));
  events_.Register(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
  client_ = NewClient(RD_KAFKA_CONSUMER, std::move(conf));
  if (const auto group = TextIn(options, "group"); !group.empty())
    group_.emplace(client_, topic_, group, TextIn(options, "groupInstance"));
  overrides_committed_ = options.Get("overridesCommitted").As<Napi::Boolean>();
  rd_kafka_poll_set_consumer(client_);
  queue_ = rd_kafka_queue_get_consumer(client_);
  exchange_.OnWanted([this] { rd_kafka_queue_yield(queue_); });
  try {
    StartThread([this] { Run(); });
  } catch (const std::system_error& error) {
    throw Napi::Error::New(env, std::string("no thread for it: ") + error.what());
  }
}

void BatchConsumer::EndThread(bool at_once) {
  if (at_once) events_.Silence();
  stopping_ = true;
  exchange_.Close();
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    close_allowed_.notify_all();
  }
  Wake();
}

void BatchConsumer::OnClosed() {
  exchange_.LetGo();
  events_.Silence();
}

void BatchConsumer::Wake() {
  std::lock_guard lock(mutex_);
  if (queue_) rd_kafka_queue_yield(queue_);
}

Napi::Value BatchConsumer::Next(const Napi::CallbackInfo& info) {
  return exchange_.Next(info.Env());
}

void BatchConsumer::Acknowledge(const Napi::CallbackInfo& info) {
  // The client may be gone already, or the batch another member's matter.
  if (closing_ || exchange_.HeldWasTakenBack()) return;
  const auto list = info[0].As<Napi::Array>();
  const PartitionList offsets = NewPartitionList(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) {
    const auto entry = list.Get(i).As<Napi::Object>();
    rd_kafka_topic_partition_list_add(offsets.get(), topic_.c_str(),
                                      entry.Get("partition").As<Napi::Number>())
        ->offset = entry.Get("offset").As<Napi::Number>();
  }
  // A partition that has gone to another member meanwhile is refused.
  rd_kafka_offsets_store(client_, offsets.get());
}

void BatchConsumer::Stop(const Napi::CallbackInfo&) {
  stopping_ = true;
  Wake();
}

void BatchConsumer::EndHere(const Napi::CallbackInfo&) {
  ends_here_ = true;
  Wake();
}

void BatchConsumer::Run() {
  BeginReading();
  if (merge_)
    ReadInTimeOrder();
  else
    ReadAsItComes();
  if (!failure_) failure_ = watch_.Gone();
  held_back_.clear();
  has_ended_ = true;
  exchange_.End(failure_);
  AwaitClose();
  merge_.reset();
  reads_.Use(client_, nullptr);
  watch_.Close();
  Leave();
}

void BatchConsumer::BeginReading() {
  if (in_time_order_)
    merge_.emplace(client_, topic_,
                   [this](const rd_kafka_message_t* message) { return PacketIn(message); });
  reads_.Use(client_, merge_ ? &*merge_ : nullptr);
  watch_.Use(client_);
  standstill_.Begin(group_ ? &*group_ : nullptr);
  if (!group_) return reads_.AssignAll();

  // Asked before it is joined: who finds nobody there is its first member.
  if (overrides_committed_ && group_->HasOthers(kMaxDescribeMs) == false)
    if (auto committed = group_->Committed(reads_.Ids(), kMaxDescribeMs))
      reads_.OverrideCommitted(std::move(*committed));
  const PartitionList topics = NewPartitionList(1);
  rd_kafka_topic_partition_list_add(topics.get(), topic_.c_str(), RD_KAFKA_PARTITION_UA);
  rd_kafka_subscribe(client_, topics.get());
}

/** Whether there is more to read; looks after what changes meanwhile. */
bool BatchConsumer::GoesOn() {
  if (stopping_ || reads_.AllFinished()) return false;
  const auto partitions = watch_.Look();
  if (watch_.Gone()) return false;
  // librdkafka looks after a group's partitions; a read to the end that was is over with those that
  // were.
  if (partitions && !group_ && !reads_.HasEnds()) reads_.AssignAdded(*partitions);
  if (ends_here_.exchange(false)) reads_.EndHere();
  // While JavaScript is slow, it is for JavaScript that is waited.
  if (!exchange_.Empty()) standstill_.Over();
  failure_ = standstill_.Look();
  return !failure_;
}

/**
 * Waits for a message, then takes what comes until the batch is full or old enough: so an idle
 * topic costs no wake-ups, a quiet one no latency, and a busy one few batches.
 */
void BatchConsumer::ReadAsItComes() {
  std::vector<rd_kafka_message_t*> messages(kMessagesAtOnce);
  while (GoesOn()) {
    UseHeldBack();
    ssize_t count = 0;
    if (exchange_.Empty()) {
      if ((messages[0] = rd_kafka_consumer_poll(client_, kIdlePollMs))) count = 1;
    } else {
      const auto wait = static_cast<int>(filler_.TimeLeft().count());
      count = rd_kafka_consume_batch_queue(queue_, wait ? wait : kBusyPollMs, messages.data(),
                                           messages.size());
    }
    bool open = true;
    reads_.SetInHand(true);
    for (ssize_t i = 0; i < count; i++) {
      const Message message = MessageOf(messages[i]);
      if (open && !stopping_) open = Fill(messages[i]);
    }
    reads_.SetInHand(false);
    reads_.NothingInHand();
    if (!open) break;
    filler_.HandOverIfDue();
  }
}

/** The same, of several partitions in the order of their packets' times. */
void BatchConsumer::ReadInTimeOrder() {
  bool open = true;
  while (open && GoesOn()) {
    UseHeldBack();
    // What is not a partition's: rebalances, errors of the client.
    if (const Message event = MessageOf(rd_kafka_consumer_poll(client_, 0)); event)
      open = Fill(event.get());
    reads_.NothingInHand();
    merge_->Look();
    auto next = merge_->Next();
    reads_.SetInHand(true);
    for (int taken = 1; next && open && !stopping_; taken++) {
      open = Fill(next->message.get(), &next->packet);
      // What is in the merge now was fetched after a rebalance that may have been.
      reads_.NothingInHand();
      if (taken == kMessagesAtOnce) break;
      next = merge_->Next();
    }
    reads_.SetInHand(false);
    filler_.HandOverIfDue();
    if (!next) merge_->Wait(queue_, exchange_.Empty() ? kIdlePollMs : kBusyPollMs);
  }
}

MessagePacket BatchConsumer::PacketIn(const rd_kafka_message_t* message) const {
  MessagePacket packet = PacketOf(message, key_unit_, default_link_type_);
  if (!tells_names_) packet.link.interface = packet.link.host = {};
  return packet;
}

/** Takes what a message says. False once no more can be taken. */
bool BatchConsumer::Fill(const rd_kafka_message_t* message, const MessagePacket* known) {
  if (message->err && message->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
    events_.Report(message->err, rd_kafka_message_errstr(message));
    return true;
  }
  const int32_t id = message->partition;
  if (!reads_.Wants(id)) return true;
  if (message->err) {
    if (!CountDeleted(message)) return false;
    if (reads_.Wants(id)) reads_.AtEnd(id, message->offset);
    return true;
  }
  standstill_.Over();
  if (reads_.IsPastEnd(id, message->offset)) {
    reads_.ReadUpTo(id, message->offset);
    return true;
  }
  const MessagePacket packet = known ? *known : PacketIn(message);
  if (!filler_.MakeRoomFor(packet)) return false;
  // Another member may have got it while there was no room.
  if (!reads_.Wants(id)) return true;
  if (!CountDeleted(message)) return false;
  filler_.Append(message, packet);
  reads_.ReadUpTo(id, message->offset + 1);
  if (!window_) return true;
  const bool is_over = window_->IsOverWith(id, message->offset, packet);
  filler_.tally().outside_slack += window_->TakeOutside();
  if (is_over && reads_.Wants(id)) reads_.Finish(id);
  return true;
}

bool BatchConsumer::CountDeleted(const rd_kafka_message_t* message) {
  const uint64_t deleted = reads_.DeletedBefore(message->partition, message->offset);
  if (deleted == 0) return true;
  MessagePacket none{};
  none.kind = MessagePacket::Kind::kNullValue;
  if (!filler_.MakeRoomFor(none)) return false;
  filler_.tally().deleted += deleted;
  return true;
}

/**
 * Until JavaScript has taken a batch. Where it takes long, the group must not wait for it, too:
 * what is not acknowledged in time goes to the next owner.
 */
bool BatchConsumer::AwaitRoom() {
  bool has_room = exchange_.Take(kStalledAfterMs);
  for (; !has_room && !stopping_; has_room = exchange_.Take(kIdlePollMs)) {
    stalled_ = true;
    if (group_) AnswerGroup();
  }
  if (stalled_) reads_.Pause(false);
  stalled_ = false;
  standstill_.Over();
  return has_room;
}

/** Answers rebalances although no message can be taken. */
void BatchConsumer::AnswerGroup() {
  Message message = MessageOf(rd_kafka_consumer_poll(client_, 0));
  if (!message) return;
  held_back_.push_back(std::move(message));
  if (held_back_.size() == kMaxHeldBack) reads_.Pause(true);
}

/** Takes what came while there was no room, before anything newer. */
void BatchConsumer::UseHeldBack() {
  reads_.SetInHand(true);
  for (bool open = true; open && !held_back_.empty() && !stopping_;) {
    const Message message = std::move(held_back_.front());
    held_back_.pop_front();
    open = Fill(message.get());
    // What is still held back came after a rebalance that may have been.
    reads_.NothingInHand();
  }
  reads_.SetInHand(false);
}

/** Acknowledgements of the last batches come until close() is called; the group goes on meanwhile.
 */
void BatchConsumer::AwaitClose() {
  if (group_) reads_.Pause(true);
  std::unique_lock lock(mutex_);
  while (!close_allowed_.wait_for(lock, std::chrono::milliseconds(group_ ? kIdlePollMs : 60'000),
                                  [this] { return closing_; })) {
    lock.unlock();
    if (group_) MessageOf(rd_kafka_consumer_poll(client_, 0));
    lock.lock();
  }
}

/** Commits what was acknowledged and leaves the group, as far as the brokers answer soon. */
void BatchConsumer::Leave() {
  // Once the client is asked to commit by itself it waits for a coordinator, as long as a session
  // takes.
  const bool is_answered = !group_ || group_->CommitStored(kMaxLeaveMs);
  const auto until = Clock::now() + std::chrono::milliseconds(kMaxLeaveMs);
  Queue closing = NewQueue(client_);
  if (is_answered) rd_kafka_error_destroy(rd_kafka_consumer_close_queue(client_, closing.get()));
  while (is_answered && !rd_kafka_consumer_closed(client_) && Clock::now() < until)
    MessageOf(rd_kafka_consume_queue(closing.get(), kBusyPollMs));
  {
    std::lock_guard lock(mutex_);
    rd_kafka_queue_destroy(queue_);
    queue_ = nullptr;
  }
  const bool is_left = rd_kafka_consumer_closed(client_);
  closing.reset();
  // Nobody should have to wait for what librdkafka still waits for.
  if (!is_left) js().Post([this](Napi::Env) { ResolveClose(); });
  rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void BatchConsumer::OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                                rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  auto* self = ClientEvents::OpaqueOf<BatchConsumer>(opaque);
  const bool cooperative = strcmp(rd_kafka_rebalance_protocol(client), "COOPERATIVE") == 0;
  if (error == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) {
    const auto begun = self->Assigned(partitions);
    if (cooperative)
      rd_kafka_error_destroy(rd_kafka_incremental_assign(client, partitions));
    else
      rd_kafka_assign(client, partitions);
    self->reads_.PauseFinished();
    if (self->has_ended_ || self->held_back_.size() >= kMaxHeldBack) self->reads_.Pause(true);
    if (!begun.empty() && !self->stopping_) self->group_->Commit(begun, kMaxCommitMs);
    return;
  }
  self->Revoked(partitions);
  if (cooperative)
    rd_kafka_error_destroy(rd_kafka_incremental_unassign(client, partitions));
  else
    rd_kafka_assign(client, nullptr);
}

/** Where the partitions begin that do not go on from what is committed. */
GroupOffsets::Offsets BatchConsumer::Assigned(rd_kafka_topic_partition_list_t* partitions) {
  std::vector<int32_t> ids;
  for (int i = 0; i < partitions->cnt; i++) ids.push_back(partitions->elems[i].partition);
  std::optional<GroupOffsets::Offsets> committed;
  if (ids.empty()) committed.emplace();
  // Without an answer nobody knows where to begin; the session, and so the assignment, ends without
  // one, too.
  while (!committed && !stopping_ && !rd_kafka_assignment_lost(client_))
    committed = group_->Committed(ids, kMaxAskMs);
  standstill_.Over();
  return reads_.Assigned(partitions, committed);
}

/** What was read of the partitions is written and committed before another member gets them. */
void BatchConsumer::Revoked(const rd_kafka_topic_partition_list_t* partitions) {
  const bool lost = rd_kafka_assignment_lost(client_);
  reads_.Revoked(partitions);
  standstill_.Over();
  std::erase_if(held_back_, [this](const Message& message) {
    return !message->err && reads_.IsStale(message->partition);
  });
  if (stopping_) return;
  if (!exchange_.Empty()) exchange_.GiveAway();
  const bool handled = !lost && exchange_.WaitUntilHandled(kMaxHandOverMs);
  if (!lost) group_->CommitStored(kMaxCommitMs);
  // What remains of other partitions, if any, can't be told apart.
  if (!handled && !reads_.HasJoined()) exchange_.TakeBack();
}

}  // namespace kcap
