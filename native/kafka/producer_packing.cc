#include <cstring>

#include "kafka/batch_producer.h"
#include "kafka/refusal.h"

// How a producer's thread makes packs of records, and what becomes of them: --pack.
namespace kcap {

/** Puts records into packs until they are full, and sends those. The bytes taken. */
size_t BatchProducer::PackRecords(const Records& records) {
  const PackLink link{records.link_type, records.nanoseconds, records.interface};
  size_t at = 0;
  while (at < records.length && !cancelled_) {
    const std::span<const uint8_t> rest(records.bytes + at, records.length - at);
    const int32_t partition = PartitionOf(records, rest.data());
    auto* open = packs_->Find(partition);
    if (open && !((*open)->link() == link)) {
      if (!SendPack(partition)) break;
      open = nullptr;
    }
    if (!open) {
      if (!HasRoom()) break;
      open = &packs_->Open(partition, link);
    }
    Pack& pack = **open;
    const uint64_t first = accepted_.load(std::memory_order_relaxed) + 1;
    const auto run = flow_partitions_ > 1 ? PackFirst(pack, rest, first) : pack.Fill(rest, first);
    if (run.packets == 0) {
      if (!SendPack(partition)) break;
      continue;
    }
    settled_mark_.Begin(first, run.packets);
    Add(accepted_, run.packets);
    at += run.size;
  }
  SendDuePacks();
  rd_kafka_poll(client(), 0);
  return at;
}

/** Each packet may be for another partition: one after the other, then. */
RecordRun BatchProducer::PackFirst(Pack& pack, std::span<const uint8_t> records, uint64_t number) {
  const auto run = RecordRun::First(records, pack.link().nanoseconds);
  if (run.size > pack.room() && !pack.Empty()) return {};
  pack.Append(run, number);
  return run;
}

int32_t BatchProducer::PartitionOf(const Records& records, const uint8_t* record) {
  if (flow_partitions_ <= 1) return Packs::kAnyPartition;
  RecordHeader header;
  memcpy(&header, record, sizeof header);
  return static_cast<int32_t>(
      flow_hash_.Of(records.link_type, {record + sizeof header, header.captured}) %
      flow_partitions_);
}

void BatchProducer::SendDuePacks() {
  if (!packs_) return;
  for (const int32_t partition : packs_->Due())
    if (!SendPack(partition)) return;
}

void BatchProducer::SendAllPacks() {
  if (!packs_) return;
  for (const int32_t partition : packs_->All())
    if (!SendPack(partition)) return;
}

/** Hands a pack to librdkafka, and waits a moment for room; false where there was none. */
bool BatchProducer::SendPack(int32_t partition) {
  auto* pack = packs_->Find(partition);
  if (!pack) return true;
  for (int waited_ms = 0;; waited_ms += kStepMs) {
    if (ProducePack(*pack, partition) == Outcome::kTaken) break;
    if (waited_ms >= kMaxWaitForRoomMs) return false;
    AwaitRoom();
  }
  packs_->Forget(partition);
  return true;
}

/** Takes the pack, unless the queue is full. */
BatchProducer::Outcome BatchProducer::ProducePack(std::unique_ptr<Pack>& pack, int32_t partition) {
  PackedMessage message(*pack);
  // Without a flag: librdkafka reads the value where it lies.
  BeginMessage(0, pack.get(), message.time_ms());
  if (partition != Packs::kAnyPartition) arguments_.Put(RD_KAFKA_VTYPE_PARTITION).i32 = partition;
  message.PutInto(arguments_);
  for (const auto& [name, value] : headers_) arguments_.PutHeader(name.c_str(), value);
  rd_kafka_error_t* error = Produce();
  if (!error) {
    turns_.Produced(message.byte_length());
    push_timer_.Produced(message.byte_length());
    packs_->Lend(std::move(pack));
    return Outcome::kTaken;
  }
  const auto code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  if (IsFull(code)) return Outcome::kQueueFull;
  const auto refused = std::exchange(pack, nullptr);
  if (IsTooLarge(code))
    FailOrHalve(*refused, partition, kLargerThanClientTakes);
  else
    OnUndelivered(*refused, code);
  return Outcome::kTaken;
}

/** Of a pack that is refused for its own sake, the packet at fault fails, and the others go again.
 */
void BatchProducer::FailOrHalve(const Pack& pack, int32_t partition, const char* cause) {
  if (pack.packets() > 1) {
    auto [first, second] = pack.Halves();
    refused_.SendAgain(std::move(first), partition);
    refused_.SendAgain(std::move(second), partition);
    if (cause != kTimeRefused) packs_->SetLimit(pack.value().size() / 2);
    return;
  }
  Settle(pack);
  if (keeps_undelivered_) refused_packets_.Add(pack);
  CountFailure(cause, 1, TimestampMs(static_cast<int64_t>(pack.latest_us() / 1000)));
}

void BatchProducer::OnPackDelivery(const rd_kafka_message_t* message) {
  auto pack = packs_->TakeBack(static_cast<Pack*>(message->_private));
  if (message->err) {
    if (ending_ != Ending::kNone || !refused_.Take(message, pack))
      OnUndelivered(*pack, message->err);
  } else {
    Settle(*pack);
    if (report_every_ > 0) ReportDeliveries(*pack, message);
    Add(delivered_, pack->packets());
    Add(delivered_bytes_, pack->frame_bytes());
  }
  if (pack) packs_->Recycle(std::move(pack));
}

void BatchProducer::ReportDeliveries(const Pack& pack, const rd_kafka_message_t* message) {
  uint64_t number = delivered_.load(std::memory_order_relaxed);
  pack.ForEach([&](uint64_t, const RecordHeader& header, std::span<const uint8_t> frame) {
    if (++number % report_every_ == 0)
      AddReport({number, static_cast<int64_t>(MicrosecondsOf(header, pack.link().nanoseconds)),
                 message->partition, message->offset, frame.size()});
  });
}

void BatchProducer::OnUndelivered(const Pack& pack, rd_kafka_resp_err_t error) {
  Settle(pack);
  if (ending_ == Ending::kWithdraw || (keeps_undelivered_ && !IsOwnFault(error))) {
    withdrawn_.Add(pack);
    if (ending_ == Ending::kNone) SayRefusal(error);
    return;
  }
  if (keeps_undelivered_) refused_packets_.Add(pack);
  CountUndelivered(error, pack.packets());
}

/** What was never sent, when everything ends. */
void BatchProducer::GiveUpOpenPacks() {
  if (!packs_) return;
  for (const int32_t partition : packs_->All()) {
    GiveUp(**packs_->Find(partition));
    packs_->Forget(partition);
  }
}

void BatchProducer::GiveUp(const Pack& pack) {
  Settle(pack);
  if (ending_ == Ending::kWithdraw)
    withdrawn_.Add(pack);
  else
    CountFailure(kNotDeliveredInTime, pack.packets());
}

void BatchProducer::Settle(const Pack& pack) {
  Add(reported_, pack.packets());
  pack.ForEachRun([this](uint64_t first, uint64_t count) { settled_mark_.Settle(first, count); });
  settled_.store(settled_mark_.value(), std::memory_order_relaxed);
}

}  // namespace kcap
