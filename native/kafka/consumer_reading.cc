#include <algorithm>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

#include "kafka/batch_consumer.h"

// A consumer's thread: where messages come from, and until when.
namespace kcap {
namespace {

constexpr int kIdlePollMs = 250;       // stop() ends the wait at once
constexpr int kBusyPollMs = 10;        // while a batch waits for JavaScript
constexpr int kMessagesAtOnce = 1000;  // taken from librdkafka's queue in one call
// JavaScript takes no batch for so long: rebalances are answered meanwhile.
constexpr int kStalledAfterMs = 1000;
constexpr int kMaxLeaveMs = 1'000;  // at the end, where the brokers may be away

}  // namespace

void BatchConsumer::Run() {
  BeginReading();
  if (merge_)
    ReadInTimeOrder();
  else
    ReadAsItComes();
  if (!failure_) failure_ = watch_.Gone();
  if (group_) group_->EndReading();
  exchange_.End(failure_);
  AwaitClose();
  merge_.reset();
  reads_.Use(client(), nullptr);
  watch_.Close();
  Leave();
}

void BatchConsumer::BeginReading() {
  if (in_time_order_)
    merge_.emplace(client(), topic_, [this](const rd_kafka_message_t* message) {
      return intake_.PacketsIn(message);
    });
  reads_.Use(client(), merge_ ? &*merge_ : nullptr);
  watch_.Use(client());
  standstill_.Begin(group_ ? &group_->offsets() : nullptr, merge_ ? &*merge_ : nullptr);
  if (group_)
    group_->Join(overrides_committed_);
  else
    reads_.AssignAll();
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
      if ((messages[0] = rd_kafka_consumer_poll(client(), kIdlePollMs))) count = 1;
    } else {
      const auto wait = static_cast<int>(filler_.TimeLeft().count());
      count = rd_kafka_consume_batch_queue(client_->queue(), wait ? wait : kBusyPollMs,
                                           messages.data(), messages.size());
    }
    bool open = true;
    reads_.SetInHand(true);
    for (ssize_t i = 0; i < count; i++) {
      const Message message = MessageOf(messages[i]);
      if (open && !stopping_) open = intake_.Take(messages[i]);
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
    if (const Message event = MessageOf(rd_kafka_consumer_poll(client(), 0)); event)
      open = intake_.Take(event.get());
    reads_.NothingInHand();
    merge_->Look();
    reads_.SetInHand(true);
    bool has_more = true;
    for (int taken = 0; taken < kMessagesAtOnce && open && !stopping_; taken++) {
      auto next = merge_->Next();
      has_more = next.has_value();
      if (!next) break;
      open = intake_.Take(next->message.get(), next->packets,
                          std::max(merge_->UntilNs(), next->time_ns));
      merge_->PutBack(std::move(*next));
      // What is in the merge now was fetched after a rebalance that may have been.
      reads_.NothingInHand();
    }
    reads_.SetInHand(false);
    filler_.HandOverIfDue();
    if (!has_more) merge_->Wait(client_->queue(), exchange_.Empty() ? kIdlePollMs : kBusyPollMs);
  }
}

/** Takes what came while there was no room, before anything newer. */
void BatchConsumer::UseHeldBack() {
  if (!group_) return;
  reads_.SetInHand(true);
  for (bool open = true; open && !stopping_;) {
    const Message message = group_->TakeHeldBack();
    if (!message) break;
    open = intake_.Take(message.get());
    // What is still held back came after a rebalance that may have been.
    reads_.NothingInHand();
  }
  reads_.SetInHand(false);
}

/**
 * Until JavaScript has taken a batch. Where it takes long, the group must not wait for it, too:
 * what is not acknowledged in time goes to the next owner.
 */
bool BatchConsumer::AwaitRoom() {
  bool has_room = exchange_.Take(kStalledAfterMs);
  bool stalled = false;
  for (; !has_room && !stopping_; has_room = exchange_.Take(kIdlePollMs)) {
    stalled = true;
    if (group_) group_->AnswerWhileStalled();
  }
  if (stalled) reads_.Pause(false);
  standstill_.Over();
  return has_room;
}

/** Acknowledgements of the last batches come until close() is called; the group goes on meanwhile.
 */
void BatchConsumer::AwaitClose() {
  std::unique_lock lock(mutex_);
  while (!close_allowed_.wait_for(lock, std::chrono::milliseconds(group_ ? kIdlePollMs : 60'000),
                                  [this] { return closing_; })) {
    lock.unlock();
    if (group_) MessageOf(rd_kafka_consumer_poll(client(), 0));
    lock.lock();
  }
}

/** Commits what was acknowledged and leaves the group, as far as the brokers answer soon. */
void BatchConsumer::Leave() {
  // Once the client is asked to commit by itself it waits for a coordinator, as long as a session
  // takes.
  const bool is_answered = !group_ || group_->CommitStored(kMaxLeaveMs);
  const bool has_left = is_answered && client_->Leave(kMaxLeaveMs);
  std::unique_ptr<ConsumerClient> client;
  {
    std::lock_guard lock(mutex_);
    client.swap(client_);
  }
  // Nobody should have to wait for what librdkafka still waits for.
  if (!has_left) js().Post([this](Napi::Env) { ResolveClose(); });
}

}  // namespace kcap
