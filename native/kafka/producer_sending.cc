#include <endian.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "batch/batch.h"
#include "kafka/batch_producer.h"
#include "kafka/refusal.h"

// How a producer's thread makes messages of records, and when they go.
namespace kcap {
namespace {

constexpr int32_t kEthernet = 1;
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

void PutHeader(rd_kafka_vu_t& argument, const char* name, std::string_view value) {
  argument.vtype = RD_KAFKA_VTYPE_HEADER;
  argument.u.header.name = name;
  argument.u.header.val = value.data();
  argument.u.header.size = static_cast<ssize_t>(value.size());
}

/** A header of a message: a constant name and a decimal number. */
class DecimalHeader {
 public:
  DecimalHeader(const char* name, uint64_t value)
      : name_(name), length_(std::to_chars(text_, text_ + sizeof text_, value).ptr - text_) {}

  void PutInto(rd_kafka_vu_t& argument) const { PutHeader(argument, name_, {text_, length_}); }

 private:
  const char* name_;
  char text_[20];
  size_t length_;
};

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

BatchProducer::Outcome BatchProducer::ProduceRecord(const Records& records, const uint8_t* record) {
  RecordHeader header;
  memcpy(&header, record, sizeof header);
  const uint32_t fraction_us = records.nanoseconds ? header.fraction / 1000 : header.fraction;
  const uint64_t time_us = header.seconds * UINT64_C(1'000'000) + fraction_us;
  uint64_t key = htobe64(time_us);

  auto& arguments = arguments_;
  size_t count = 0;
  const auto next = [&](rd_kafka_vtype_t type) -> decltype(arguments[0].u)& {
    arguments[count].vtype = type;
    return arguments[count++].u;
  };
  next(RD_KAFKA_VTYPE_RKT).rkt = client_->topic();
  next(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
  next(RD_KAFKA_VTYPE_KEY).mem = {&key, sizeof key};
  next(RD_KAFKA_VTYPE_VALUE).mem = {const_cast<uint8_t*>(record + sizeof header), header.captured};
  // 0 is librdkafka's "now".
  next(RD_KAFKA_VTYPE_TIMESTAMP).i64 =
      stamp_packet_time_ ? static_cast<int64_t>(time_us / 1000) : 0;
  const uint64_t number = accepted_.load(std::memory_order_relaxed) + 1;
  next(RD_KAFKA_VTYPE_OPAQUE).ptr = reinterpret_cast<void*>(number);
  if (flow_partitions_ > 1)
    next(RD_KAFKA_VTYPE_PARTITION).i32 = static_cast<int32_t>(
        flow_hash_.Of(records.link_type, {record + sizeof header, header.captured}) %
        flow_partitions_);

  std::optional<DecimalHeader> link_type, original_length, nanoseconds;
  if (records.link_type != kEthernet)
    link_type.emplace("pcap-linktype", records.link_type).PutInto(arguments[count++]);
  // A length shorter than what was captured is damage in a file; readers would have to ignore it.
  if (header.original > header.captured)
    original_length.emplace("pcap-origlen", header.original).PutInto(arguments[count++]);
  if (records.nanoseconds)
    nanoseconds.emplace("pcap-nanos", header.fraction % 1000).PutInto(arguments[count++]);

  if (!records.interface.empty())
    PutHeader(arguments[count++], "pcap-interface", records.interface);
  for (const auto& [name, value] : headers_) PutHeader(arguments[count++], name.c_str(), value);

  rd_kafka_error_t* error = rd_kafka_produceva(client(), arguments.data(), count);
  if (!error) {
    Add(accepted_, 1);
    settled_mark_.Begin(number);
    turns_.Produced(sizeof key + header.captured);
    return Outcome::kTaken;
  }
  const auto code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return Outcome::kQueueFull;
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
    MessagePacket packet{};
    packet.link = {records.link_type, records.nanoseconds, records.interface, {}};
    packet.header = header;
    KeepRefused(number, packet, {record + sizeof header, header.captured});
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
  constexpr int kMaxWaitMs = 20;
  if (!push_timer_.IsDue()) return;
  if (rd_kafka_flush(client(), kMaxWaitMs) == RD_KAFKA_RESP_ERR_NO_ERROR) push_timer_.Pushed();
  turns_.Pushed();
}

}  // namespace kcap
