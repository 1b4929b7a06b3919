#include <algorithm>
#include <cstring>

#include "batch/batch.h"
#include "kafka/batch_producer.h"
#include "kafka/refusal.h"

// How a producer's thread makes messages of records, and when they go.
namespace kcap {
namespace {

// How long a produce waits for room before JavaScript is asked again what to do.
constexpr int kMaxWaitForRoomMs = 100;
constexpr int kIdlePollMs = 1000;  // a job ends the wait at once
// As many messages keep several partitions busy over the time that a batch lingers. More of them
// only cost memory and the processor's cache, where the packets can wait elsewhere.
constexpr int kShortQueue = 50'000;
constexpr int kRecordsBetweenLooks = 256;
// Without a delivery, while there is no room. Longer than the way to a distant broker and back:
// librdkafka polls without a pause while what is to be pushed waits for an answer.
constexpr int kStepsBeforePush = 30;

}  // namespace

void BatchProducer::Run() {
  for (;;) {
    std::optional<Job> job;
    {
      std::lock_guard lock(mutex_);
      job.swap(job_);
      if (closing_) {
        if (job) job->abandon();
        break;
      }
    }
    const bool may_idle = SendRefusedAgain();
    if (job)
      job->run();
    else
      rd_kafka_queue_poll_callback(client_->reports(),
                                   may_idle ? push_timer_.IdleMs(kIdlePollMs) : kStepMs);
    PushIfDue();
  }
  std::unique_ptr<ProducerClient> client;
  {
    std::lock_guard lock(mutex_);
    client.swap(client_);
  }
}

size_t BatchProducer::ProduceRecords(const Records& records) {
  size_t at = 0;
  int waited_ms = 0;
  for (int count = 0; at < records.length && !cancelled_; count++) {
    if (count % kRecordsBetweenLooks == 0 && !HasRoom()) break;
    RecordHeader header;
    memcpy(&header, records.bytes + at, sizeof header);
    const auto outcome = ProduceRecord(records, records.bytes + at);
    if (outcome == Outcome::kTaken) {
      at += sizeof header + header.captured;
    } else if (outcome == Outcome::kRefused) {
      break;
    } else if (waited_ms < kMaxWaitForRoomMs) {
      // A queue that is full has nothing to linger for, also where a request would hold more.
      rd_kafka_flush(client(), kStepMs);
      waited_ms += kStepMs;
    } else {
      break;
    }
  }
  rd_kafka_poll(client(), 0);
  push_timer_.Produced(at);
  return at;
}

/** Waits a moment where the queue is longer than it need be, or older packets are to be sent again;
 * true where records may be added. */
bool BatchProducer::HasRoom() {
  for (int waited_ms = 0; waited_ms < kMaxWaitForRoomMs; waited_ms += kStepMs) {
    const bool may_follow = SendRefusedAgain();
    const int queued = rd_kafka_outq_len(client());
    if (may_follow && (may_fill_queue_ || queued <= kShortQueue)) return true;
    // Where messages are spread over many partitions, none may have enough for a full request.
    if (!HasTurns() || steps_without_progress_ >= kStepsBeforePush)
      rd_kafka_flush(client(), kStepMs);
    else
      rd_kafka_poll(client(), kStepMs);
    const bool progresses = rd_kafka_outq_len(client()) < queued;
    steps_without_progress_ = progresses ? 0 : steps_without_progress_ + 1;
  }
  return false;
}

/** The parts of a message that its format has no say in. */
void BatchProducer::BeginMessage(uint64_t number, int64_t timestamp_ms) {
  arguments_.Clear();
  arguments_.Put(RD_KAFKA_VTYPE_RKT).rkt = client_->topic();
  arguments_.Put(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
  arguments_.Put(RD_KAFKA_VTYPE_TIMESTAMP).i64 = stamp_packet_time_ ? timestamp_ms : kTimeOfSending;
  arguments_.Put(RD_KAFKA_VTYPE_OPAQUE).ptr = reinterpret_cast<void*>(number);
}

BatchProducer::Outcome BatchProducer::ProduceRecord(const Records& records, const uint8_t* record) {
  PlainMessage message(records.link(), record);
  const uint64_t number = accepted_.load(std::memory_order_relaxed) + 1;
  BeginMessage(number, message.time_ms());
  if (flow_partitions_ > 1)
    arguments_.Put(RD_KAFKA_VTYPE_PARTITION).i32 =
        static_cast<int32_t>(flow_hash_.Of(records.link_type, message.frame()) % flow_partitions_);
  message.PutInto(arguments_);
  for (const auto& [name, value] : headers_) arguments_.PutHeader(name.c_str(), value);

  rd_kafka_error_t* error = arguments_.Produce(client());
  if (!error) {
    Add(accepted_, 1);
    settled_mark_.Begin(number);
    turns_.Produced(message.byte_length());
    return Outcome::kTaken;
  }
  const auto code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return Outcome::kQueueFull;
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
    MessagePacket packet{};
    packet.link = records.link();
    packet.header = message.header();
    KeepRefused(number, packet, message.frame());
    CountFailure(kLargerThanClientTakes);
  } else if (keeps_undelivered_ && !IsOwnFault(code)) {
    SayRefusal(code);
    return Outcome::kRefused;
  } else {
    CountFailure(code);
  }
  return Outcome::kTaken;
}

double BatchProducer::FlushFor(int timeout_ms) {
  constexpr int kFlushStepMs = 50;
  for (int left = timeout_ms; left > 0 && !cancelled_ && UnderWay() > 0; left -= kFlushStepMs) {
    rd_kafka_flush(client(), std::min(left, kFlushStepMs));
    SendRefusedAgain();
  }
  return static_cast<double>(UnderWay());
}

/** Sends what waits for a fuller request, and waits a moment for its delivery. */
void BatchProducer::PushIfDue() {
  constexpr int kMaxWaitMs = 5;
  if (!push_timer_.IsDue(reported_)) return;
  const uint64_t pushed = accepted_;
  if (rd_kafka_flush(client(), kMaxWaitMs) == RD_KAFKA_RESP_ERR_NO_ERROR)
    push_timer_.Arrived();
  else
    push_timer_.Pushed(pushed);
  turns_.Pushed();
}

}  // namespace kcap
