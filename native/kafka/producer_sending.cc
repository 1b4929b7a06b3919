#include <algorithm>
#include <chrono>
#include <cstring>
#include <thread>

#include "batch/batch.h"
#include "kafka/batch_producer.h"
#include "kafka/refusal.h"

// How a producer's thread makes messages of records, and when they go.
namespace kcap {
namespace {

constexpr int kIdlePollMs = 1000;  // a job ends the wait at once
// As many messages keep several partitions busy over the time that a batch lingers. More of them
// only cost memory and the processor's cache, where the packets can wait elsewhere.
constexpr int kShortQueue = 50'000;
// The same for packs, in bytes of their values.
constexpr size_t kShortQueueBytes = 32 * 1024 * 1024;
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
      rd_kafka_queue_poll_callback(client_->reports(), may_idle ? IdleMs() : kStepMs);
    SendDuePacks();
    PushIfDue();
  }
  std::unique_ptr<ProducerClient> client;
  {
    std::lock_guard lock(mutex_);
    client.swap(client_);
  }
  client.reset();
  lent_.Clear();
}

int BatchProducer::IdleMs() const {
  const int most = push_timer_.IdleMs(kIdlePollMs);
  return packs_ ? packs_->IdleMs(most) : most;
}

size_t BatchProducer::ProduceRecords(const Records& records) {
  if (packs_) return PackRecords(records);
  const BatchLink link = records.link();
  const int copy = lent_.Begin({records.bytes, records.length}) ? 0 : RD_KAFKA_MSG_F_COPY;
  const size_t taken = ProduceEach(records.length, [&](size_t at, size_t& size) {
    RecordHeader header;
    memcpy(&header, records.bytes + at, sizeof header);
    size = sizeof header + header.captured;
    return ProduceRecord(link, records.bytes + at, copy);
  });
  lent_.End();
  return taken;
}

double BatchProducer::ProduceFrames(std::span<const uint8_t> frames) {
  FramedMessage message;
  bool make_sense = true;
  const size_t taken = ProduceEach(frames.size(), [&](size_t at, size_t& size) {
    make_sense = message.Read(frames.subspan(at));
    if (!make_sense) return Outcome::kRefused;
    size = message.frame_length();
    return ProduceFrame(message);
  });
  return make_sense ? static_cast<double>(taken) : -1;
}

/** `produce_one` makes a message of what begins at an offset, and says how many bytes that are. */
template <typename ProduceOne>
size_t BatchProducer::ProduceEach(size_t length, ProduceOne produce_one) {
  size_t at = 0;
  int waited_ms = 0;
  for (int count = 0; at < length && !cancelled_; count++) {
    if (count % kRecordsBetweenLooks == 0 && !HasRoom()) break;
    size_t size = 0;
    const auto outcome = produce_one(at, size);
    if (outcome == Outcome::kTaken) {
      at += size;
    } else if (outcome == Outcome::kRefused) {
      break;
    } else if (waited_ms < kMaxWaitForRoomMs) {
      AwaitRoom();
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
    if (may_follow && (may_fill_queue_ || IsShort(rd_kafka_outq_len(client())))) return true;
    AwaitRoom();
  }
  return false;
}

/**
 * Waits a moment for deliveries. Full requests go by themselves: in a flush, librdkafka's thread
 * polls without a pause for as long as they wait for each other.
 */
void BatchProducer::AwaitRoom() {
  const int queued = rd_kafka_outq_len(client());
  if (HasFullRequest() && steps_without_progress_ < kStepsBeforePush)
    rd_kafka_poll(client(), kStepMs);
  else
    rd_kafka_flush(client(), kStepMs);
  const bool progresses = rd_kafka_outq_len(client()) < queued;
  steps_without_progress_ = progresses ? 0 : steps_without_progress_ + 1;
}

/** Whether some partition has one: where messages are spread over many, none may have. */
bool BatchProducer::HasFullRequest() const {
  return HasTurns() &&
         (queued_bytes_ >= bounds_.bytes || rd_kafka_outq_len(client()) >= bounds_.messages);
}

bool BatchProducer::IsShort(int queued) const {
  return packs_ ? packs_->lent_bytes() <= kShortQueueBytes : queued <= kShortQueue;
}

/** The parts of a message that its format has no say in. */
void BatchProducer::BeginMessage(int flags, void* opaque, int64_t timestamp_ms) {
  arguments_.Clear();
  arguments_.Put(RD_KAFKA_VTYPE_RKT).rkt = client_->topic();
  arguments_.Put(RD_KAFKA_VTYPE_MSGFLAGS).i = flags;
  arguments_.Put(RD_KAFKA_VTYPE_TIMESTAMP).i64 = stamp_packet_time_ ? timestamp_ms : kTimeOfSending;
  arguments_.Put(RD_KAFKA_VTYPE_OPAQUE).ptr = opaque;
}

rd_kafka_error_t* BatchProducer::Produce() {
  rd_kafka_error_t* error = arguments_.Produce(client());
  if (!error) queued_bytes_ += arguments_.value_bytes();
  return error;
}

BatchProducer::Outcome BatchProducer::ProduceRecord(const BatchLink& link, const uint8_t* record,
                                                    int copy) {
  PlainMessage message(link, record);
  const uint64_t number = accepted_.load(std::memory_order_relaxed) + 1;
  BeginMessage(copy, reinterpret_cast<void*>(number), message.time_ms());
  if (flow_partitions_ > 1)
    arguments_.Put(RD_KAFKA_VTYPE_PARTITION).i32 =
        static_cast<int32_t>(flow_hash_.Of(link.type, message.frame()) % flow_partitions_);
  message.PutInto(arguments_);
  for (const auto& [name, value] : headers_) arguments_.PutHeader(name.c_str(), value);

  rd_kafka_error_t* error = Produce();
  if (!error) {
    Add(accepted_, 1);
    settled_mark_.Begin(number);
    turns_.Produced(message.byte_length());
    if (!copy) lent_.Took();
    return Outcome::kTaken;
  }
  const auto code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  if (IsFull(code)) return Outcome::kQueueFull;
  if (IsTooLarge(code)) {
    MessagePacket packet{};
    packet.link = link;
    packet.header = message.header();
    KeepRefused(number, packet, message.frame());
    CountFailure(kLargerThanClientTakes, 1);
  } else if (keeps_undelivered_ && !IsOwnFault(code)) {
    SayRefusal(code);
    return Outcome::kRefused;
  } else {
    CountFailure(code);
  }
  return Outcome::kTaken;
}

BatchProducer::Outcome BatchProducer::ProduceFrame(const FramedMessage& message) {
  const uint64_t number = accepted_.load(std::memory_order_relaxed) + 1;
  BeginMessage(RD_KAFKA_MSG_F_COPY, reinterpret_cast<void*>(number), message.timestamp_ms());
  arguments_.PutKey(message.key());
  arguments_.PutValue(message.value());
  auto headers = message.CopyHeaders();
  if (headers) arguments_.Put(RD_KAFKA_VTYPE_HEADERS).headers = headers.get();
  rd_kafka_error_t* error = Produce();
  if (!error) {
    headers.release();  // librdkafka has taken them over
    Add(accepted_, 1);
    settled_mark_.Begin(number);
    turns_.Produced(message.key().size() + message.value().size());
    return Outcome::kTaken;
  }
  const auto code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  if (IsFull(code)) return Outcome::kQueueFull;
  if (IsTooLarge(code))
    CountFailure(kLargerThanClientTakes, 1);
  else
    CountFailure(code);
  return Outcome::kTaken;
}

/** Whether there will be room: what finds no room in an empty queue is larger than the queue. */
bool BatchProducer::IsFull(rd_kafka_resp_err_t error) const {
  return error == RD_KAFKA_RESP_ERR__QUEUE_FULL && rd_kafka_outq_len(client()) > 0;
}

double BatchProducer::FlushFor(int timeout_ms) {
  constexpr std::chrono::milliseconds kStep(50);
  constexpr std::chrono::milliseconds kNap(5);
  const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
  bool progresses = true;
  while (!cancelled_ && UnderWay() > 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        until - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    const uint64_t under_way = UnderWay();
    SendAllPacks();
    const auto step_ms = static_cast<int>(std::min(left, kStep).count());
    if (progresses && HasFullRequest())
      rd_kafka_poll(client(), step_ms);
    else
      rd_kafka_flush(client(), step_ms);
    SendRefusedAgain();
    progresses = UnderWay() < under_way;
    // What was refused may wait for the topic's settings: nothing is in librdkafka's hands then,
    // and it has nothing to wait for.
    if (UnderWay() > 0 && rd_kafka_outq_len(client()) == 0)
      std::this_thread::sleep_for(std::min(left, kNap));
  }
  return static_cast<double>(UnderWay());
}

/** Sends what waits for a fuller request, and waits a moment for its delivery. */
void BatchProducer::PushIfDue() {
  constexpr int kMaxWaitMs = 5;
  if (!push_timer_.IsDue(reported_)) return;
  // What is still being packed is not on its way.
  const uint64_t pushed = accepted_ - (packs_ ? packs_->open_packets() : 0);
  if (rd_kafka_flush(client(), kMaxWaitMs) == RD_KAFKA_RESP_ERR_NO_ERROR)
    push_timer_.Arrived();
  else
    push_timer_.Pushed(pushed);
  turns_.Pushed();
}

}  // namespace kcap
