#include <algorithm>

#include "kafka/batch_producer.h"
#include "kafka/refusal.h"
#include "kafka/topic_rights.h"

// What becomes of a producer's messages: delivered, refused and sent again, taken back or failed.
namespace kcap {
namespace {

/** How long the topic's settings are waited for before a failure is told of. */
constexpr int kAnswerMs = 500;

}  // namespace

/** Takes back what no broker has seen, and waits a moment for what becomes of the rest. */
void BatchProducer::WithdrawQueue(int wait_ms) {
  constexpr int kStepMs = 50;
  if (wait_ms > 0) rd_kafka_purge(client(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
  for (int left = wait_ms; left > 0 && rd_kafka_outq_len(client()) > 0 && !cancelled_;
       left -= kStepMs)
    rd_kafka_poll(client(), kStepMs);
}

void BatchProducer::PurgeAll() {
  GiveUpOpenPacks();
  auto bounds = bounds_;
  refused_.Judge([this](const RefusedMessage& message) { FailForItsOwnSake(message); }, bounds);
  for (const auto& [number, message] : refused_.again()) GiveUp(message);
  refused_.again().clear();
  // The brokers' threads purge some time later: also what comes after, where nothing is left now.
  if (rd_kafka_outq_len(client()) == 0) return;
  // A broker's thread may be waiting for a name server: it is waited for no longer than below.
  rd_kafka_purge(
      client(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  // Each purged message has a delivery report of its own, in which it is counted.
  for (int tries = 0; rd_kafka_outq_len(client()) > 0 && tries < 5 && !cancelled_; tries++)
    rd_kafka_poll(client(), 100);
}

bool BatchProducer::SendRefusedAgain() {
  if (refused_.empty() && bounds_ == wanted_bounds_) return true;
  auto lowered = bounds_;
  refused_.Judge([this](const RefusedMessage& message) { FailForItsOwnSake(message); }, lowered);
  wanted_bounds_.bytes = std::min(wanted_bounds_.bytes, lowered.bytes);
  auto bounds = wanted_bounds_;
  if (refused_.one_by_one()) bounds.messages = 1;
  if (!HasClientOf(bounds)) return false;
  auto& again = refused_.again();
  if (!again.empty()) push_timer_.Produced(0);
  while (!again.empty()) {
    // Out of the way of those that it may become: halves of a pack.
    auto next = again.extract(again.begin());
    if (ProduceAgain(next.mapped()) == Outcome::kTaken) continue;
    again.insert(std::move(next));
    return false;
  }
  if (!refused_.one_by_one()) return true;
  // No newer packet follows before the requests are as usual again.
  if (UnderWay() == 0) refused_.Settled();
  return false;
}

/** Whether requests have these bounds; if not, all is sent, and then another client takes over. */
bool BatchProducer::HasClientOf(const RequestBounds& bounds) {
  if (bounds == bounds_) return true;
  if (rd_kafka_outq_len(client()) > 0) {
    rd_kafka_flush(client(), kStepMs);
    return false;
  }
  try {
    auto next = std::make_unique<ProducerClient>(conf_.get(), bounds, topic_,
                                                 HasTurns() ? &turns_ : nullptr);
    std::lock_guard lock(mutex_);
    client_.swap(next);
    bounds_ = bounds;
    return true;
  } catch (const std::exception& error) {
    events_.Report(RD_KAFKA_RESP_ERR__FAIL, error.what(), true);
    wanted_bounds_ = bounds_;
    return false;
  }
}

BatchProducer::Outcome BatchProducer::ProduceAgain(RefusedMessage& message) {
  if (message.pack) return ProducePack(message.pack, message.partition);
  BeginMessage(RD_KAFKA_MSG_F_COPY, reinterpret_cast<void*>(message.number), message.timestamp_ms);
  arguments_.Put(RD_KAFKA_VTYPE_PARTITION).i32 = message.partition;
  arguments_.PutKey(message.key);
  arguments_.PutValue(message.frame);
  if (message.headers) arguments_.Put(RD_KAFKA_VTYPE_HEADERS).headers = message.headers.get();
  rd_kafka_error_t* error = Produce();
  if (!error) {
    message.headers.release();  // librdkafka has taken them over
    return Outcome::kTaken;
  }
  const auto code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  if (IsFull(code)) return Outcome::kQueueFull;
  Settle(message.number);
  if (keeps_undelivered_) {
    withdrawn_.Add(message.number, message.packet, message.frame);
    SayRefusal(code);
  } else {
    CountFailure(code);
  }
  return Outcome::kTaken;
}

void BatchProducer::FailForItsOwnSake(const RefusedMessage& message) {
  if (message.pack) return FailOrHalve(*message.pack, message.partition, CauseOf(message));
  Settle(message.number);
  KeepRefused(message.number, message.packet, message.frame);
  CountFailure(CauseOf(message), 1, TimestampMs(message.timestamp_ms));
}

/** Kafka's timestamp of a message with packets of this time. */
int64_t BatchProducer::TimestampMs(int64_t packet_ms) const {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return stamp_packet_time_ ? packet_ms
                            : std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

void BatchProducer::KeepRefused(uint64_t number, const MessagePacket& packet,
                                std::span<const uint8_t> frame) {
  if (keeps_undelivered_) refused_packets_.Add(number, packet, frame);
}

/** For a message that is not to be sent again, since everything ends. */
void BatchProducer::GiveUp(const RefusedMessage& message) {
  if (message.pack) return GiveUp(*message.pack);
  Settle(message.number);
  if (ending_ == Ending::kWithdraw)
    withdrawn_.Add(message.number, message.packet, message.frame);
  else
    CountFailure(kNotDeliveredInTime, 1);
}

void BatchProducer::Settle(uint64_t number) {
  Add(reported_, 1);
  settled_mark_.Settle(number);
  settled_.store(settled_mark_.value(), std::memory_order_relaxed);
}

void BatchProducer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* self = ClientEvents::OpaqueOf<BatchProducer>(opaque);
  self->queued_bytes_ -= message->len;
  if (self->packs_) return self->OnPackDelivery(message);
  self->OnDelivery(message);
  self->lent_.Return(message->payload);
}

void BatchProducer::OnDelivery(const rd_kafka_message_t* message) {
  const auto message_number = reinterpret_cast<uint64_t>(message->_private);
  if (message->err && ending_ == Ending::kNone && refused_.Take(message_number, message)) return;
  Settle(message_number);
  if (message->err) {
    OnUndelivered(message_number, message);
    return;
  }
  Add(delivered_, 1);
  Add(delivered_bytes_, message->len);
  const uint64_t number = delivered_.load(std::memory_order_relaxed);
  if (report_every_ == 0 || number % report_every_ != 0) return;
  AddReport({number, static_cast<int64_t>(TimeOfKey(message->key)), message->partition,
             message->offset, message->len});
}

void BatchProducer::AddReport(const Report& report) {
  bool first;
  {
    std::lock_guard lock(details_mutex_);
    first = reports_.empty();
    reports_.push_back(report);
  }
  if (first) events_.Notify("reports");
}

void BatchProducer::OnBackgroundEvent(rd_kafka_t*, rd_kafka_event_t* event, void* opaque) {
  constexpr auto kDenied = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
  if (DeniesWriting(event))
    static_cast<ClientEvents*>(opaque)->Report(kDenied, rd_kafka_err2str(kDenied));
  rd_kafka_event_destroy(event);
}

/** What was refused for its own sake has failed; the rest comes back, if anybody keeps it. */
void BatchProducer::OnUndelivered(uint64_t number, const rd_kafka_message_t* message) {
  const auto error = message->err;
  if (ending_ == Ending::kWithdraw || (keeps_undelivered_ && !IsOwnFault(error))) {
    withdrawn_.Add(number, message);
    if (ending_ == Ending::kNone) SayRefusal(error);
    return;
  }
  if (keeps_undelivered_) refused_packets_.Add(number, message);
  CountUndelivered(error, 1);
}

void BatchProducer::CountUndelivered(rd_kafka_resp_err_t error, uint64_t packets) {
  const bool is_purged =
      error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  if (is_purged)
    CountFailure(kNotDeliveredInTime, packets);
  else
    CountFailure(error, packets);
}

/** Says once that nothing more can be sent: what else is refused has the same cause. */
void BatchProducer::SayRefusal(rd_kafka_resp_err_t error) {
  if (!said_refusal_) events_.Report(error, rd_kafka_err2str(error), true);
  said_refusal_ = true;
}

void BatchProducer::CountFailure(const char* id, uint64_t packets,
                                 std::optional<int64_t> timestamp_ms) {
  Add(failed_, packets);
  if (!failures_.Count(id, packets, timestamp_ms)) return;
  // The limit may have changed since it was looked up. Without the right to see it, no wait helps.
  if (id == kLargerThanTopicTakes && may_see_settings_) LookUpTopicSettings(kAnswerMs);
  events_.Notify("failure");
}

void BatchProducer::CountFailure(rd_kafka_resp_err_t error, uint64_t packets) {
  Add(failed_, packets);
  if (failures_.Count(error, packets)) events_.Notify("failure");
}

}  // namespace kcap
