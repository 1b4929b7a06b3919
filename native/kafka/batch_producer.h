#pragma once

#include <librdkafka/rdkafka.h>
#include <napi.h>

#include <atomic>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kafka/client_events.h"
#include "kafka/delivery_failures.h"
#include "kafka/flow_hash.h"
#include "kafka/lent_batches.h"
#include "kafka/packs.h"
#include "kafka/partition_turns.h"
#include "kafka/producer_client.h"
#include "kafka/push_timer.h"
#include "kafka/refused_requests.h"
#include "kafka/settled_mark.h"
#include "kafka/undelivered_packets.h"
#include "system/threaded_object.h"
#include "wire/framed_message.h"
#include "wire/message_arguments.h"
#include "wire/packed_message.h"
#include "wire/plain_message.h"

namespace kcap {

/**
 * Sends the records of batches to a topic, one message each or many (docs/wire-format.md), or
 * messages that JavaScript has made, and counts the delivery reports. All work is done in one
 * thread: librdkafka's queue has one user.
 */
class BatchProducer : public Napi::ObjectWrap<BatchProducer>, private ThreadedObject {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /** new BatchProducer({properties, topic, timestamp, mayFillQueue, pushIntervalMs, fullBytes,
   * flowPartitions, keysChoose, packBytes, packAgeMs, headers: [[name, value]], reportEvery,
   * keepsUndelivered?, onEvent})
   */
  explicit BatchProducer(const Napi::CallbackInfo& info);

 private:
  struct Records {
    const uint8_t* bytes;
    size_t length;
    int32_t link_type;
    bool nanoseconds;
    std::string interface;  // empty: not to be said

    BatchLink link() const { return {link_type, nanoseconds, interface, {}}; }
  };
  struct Report {
    uint64_t number;
    int64_t time_us;
    int32_t partition;
    int64_t offset;
    size_t length;
  };
  struct Job {
    std::function<void()> run;
    std::function<void()> abandon;  // in place of run, where the producer is closed first
  };

  // JavaScript's thread.
  /** produce(records, linkType, nanoseconds, interface?) → Promise of the bytes taken: fewer where
   * the queue is full. */
  Napi::Value Produce(const Napi::CallbackInfo& info);
  /** produceMessages(frames) → Promise of the bytes taken of framed messages (framed_message.h):
   * fewer where the queue is full, negative where a frame makes no sense; those before it have
   * been taken. */
  Napi::Value ProduceMessages(const Napi::CallbackInfo& info);
  /** flush(timeoutMs) → Promise of the number of messages that are still not delivered. */
  Napi::Value Flush(const Napi::CallbackInfo& info);
  /** purge() → Promise: every message not yet delivered has failed. */
  Napi::Value Purge(const Napi::CallbackInfo& info);
  /** withdraw(waitMs) → Promise: every message not yet delivered was taken back, for
   * takeWithdrawn(). What is on its way is given so many ms to arrive. Resolves with the number of
   * those of which nothing was heard. */
  Napi::Value Withdraw(const Napi::CallbackInfo& info);
  /** takeWithdrawn() → the packets of those messages as batches, in the order in which they came.
   */
  Napi::Value TakeWithdrawn(const Napi::CallbackInfo& info);
  /** takeRefused() → the packets that failed for their own sake (too large, time refused) since the
   * last call, as batches. None unless keepsUndelivered. */
  Napi::Value TakeRefused(const Napi::CallbackInfo& info);
  /** partitions(timeoutMs) → Promise of how many the topic has: 0 where the brokers know no such
   * topic, negative where nobody says so. */
  Napi::Value Partitions(const Napi::CallbackInfo& info);
  /** askForTopicSettings(timeoutMs) → Promise: topicSettings() has them, if they may be seen. */
  Napi::Value AskForTopicSettings(const Napi::CallbackInfo& info);
  /** topicSettings() → {name: value} */
  Napi::Value TopicSettings(const Napi::CallbackInfo& info);
  /** requestBounds() → {bytes, messageBytes, messages} of the requests. */
  Napi::Value Bounds(const Napi::CallbackInfo& info);
  /** boundRequests(bytes, messageBytes, messages, packBytes) → Promise: holds for requests, and the
   * packs in them, from now on. */
  Napi::Value BoundRequests(const Napi::CallbackInfo& info);
  Napi::Value Counters(const Napi::CallbackInfo& info);
  /** takeReports() → the deliveries to be shown since the last call. */
  Napi::Value TakeReports(const Napi::CallbackInfo& info);
  /** close() → Promise: the client is gone. */
  Napi::Value Close(const Napi::CallbackInfo&) { return ThreadedObject::Close(); }

  /** Hands a job to the thread and resolves the promise with the number that it returns. */
  Napi::Value Submit(Napi::Env env, std::function<double()> work);
  void EndThread(bool at_once) override;
  void OnClosed() override { events_.Release(); }

  // The producer's thread.
  static constexpr int kStepMs = 10;  // of waiting, before other things are looked at again
  /** How long a produce waits for room before JavaScript is asked again what to do. */
  static constexpr int kMaxWaitForRoomMs = 100;
  /** For a counter that one thread alone writes: cheaper than an atomic addition. */
  static void Add(std::atomic<uint64_t>& counter, uint64_t number) {
    counter.store(counter.load(std::memory_order_relaxed) + number, std::memory_order_relaxed);
  }
  void Run();
  rd_kafka_t* client() const { return client_->client(); }
  bool HasTurns() const { return !keys_choose_ && flow_partitions_ <= 1; }
  uint64_t UnderWay() const { return accepted_ - reported_; }
  size_t ProduceRecords(const Records& records);
  /** Negative where the frames make no sense. */
  double ProduceFrames(std::span<const uint8_t> frames);
  template <typename ProduceOne>
  size_t ProduceEach(size_t length, ProduceOne produce_one);
  bool HasRoom();
  void AwaitRoom();
  bool HasFullRequest() const;
  bool IsShort(int queued) const;
  bool IsFull(rd_kafka_resp_err_t error) const;
  /** Larger than the client lets a message be, or than its queue. */
  static bool IsTooLarge(rd_kafka_resp_err_t error) {
    return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE || error == RD_KAFKA_RESP_ERR__QUEUE_FULL;
  }
  int IdleMs() const;
  enum class Outcome { kTaken, kQueueFull, kRefused };
  void BeginMessage(int flags, void* opaque, int64_t timestamp_ms);
  /** The message of arguments_; null if librdkafka has taken it. */
  rd_kafka_error_t* Produce();
  /** `copy`: librdkafka's flag for it, or 0 where the record's memory is lent. */
  Outcome ProduceRecord(const BatchLink& link, const uint8_t* record, int copy);
  Outcome ProduceFrame(const FramedMessage& message);
  // Packs: producer_packing.cc.
  size_t PackRecords(const Records& records);
  static RecordRun PackFirst(Pack& pack, std::span<const uint8_t> records, uint64_t number);
  int32_t PartitionOf(const Records& records, const uint8_t* record);
  void SendDuePacks();
  void SendAllPacks();
  bool SendPack(int32_t partition);
  Outcome ProducePack(std::unique_ptr<Pack>& pack, int32_t partition);
  void FailOrHalve(const Pack& pack, int32_t partition, const char* cause);
  void OnPackDelivery(const rd_kafka_message_t* message);
  void ReportDeliveries(const Pack& pack, const rd_kafka_message_t* message);
  void OnUndelivered(const Pack& pack, rd_kafka_resp_err_t error);
  void GiveUpOpenPacks();
  void GiveUp(const Pack& pack);
  void Settle(const Pack& pack);

  double FlushFor(int timeout_ms);
  void WithdrawQueue(int wait_ms);
  void PurgeAll();
  void PushIfDue();
  /** Sends again what was refused with its neighbours, in requests that fit; true once nothing of
   * it waits, so that newer packets may follow. */
  bool SendRefusedAgain();
  bool HasClientOf(const RequestBounds& bounds);
  Outcome ProduceAgain(RefusedMessage& message);
  void FailForItsOwnSake(const RefusedMessage& message);
  void GiveUp(const RefusedMessage& message);
  void KeepRefused(uint64_t number, const MessagePacket& packet, std::span<const uint8_t> frame);
  void OnUndelivered(uint64_t number, const rd_kafka_message_t* message);
  void SayRefusal(rd_kafka_resp_err_t error);
  int64_t TimestampMs(int64_t packet_ms) const;
  void Settle(uint64_t number);
  void CountFailure(const char* id, uint64_t packets, std::optional<int64_t> timestamp_ms = {});
  void LookUpTopicSettings(int timeout_ms);
  void CountFailure(rd_kafka_resp_err_t error, uint64_t packets = 1);
  /** The same for what librdkafka reports, which may be that it was purged. */
  void CountUndelivered(rd_kafka_resp_err_t error, uint64_t packets);
  void AddReport(const Report& report);
  void OnDelivery(const rd_kafka_message_t* message);
  static void OnDelivery(rd_kafka_t* rk, const rd_kafka_message_t* message, void* opaque);

  // librdkafka's background thread.
  static void OnBackgroundEvent(rd_kafka_t* rk, rd_kafka_event_t* event, void* opaque);

  ClientEvents events_;
  const std::string topic_;
  Conf conf_{nullptr, rd_kafka_conf_destroy};
  std::optional<Packs> packs_;              // without it, each packet is a message
  std::unique_ptr<ProducerClient> client_;  // changes in the producer's thread, under mutex_
  RequestBounds bounds_{};                  // of client_
  RequestBounds wanted_bounds_{};           // of the client that is to take its place
  const bool may_fill_queue_;
  const bool stamp_packet_time_;
  const uint32_t flow_partitions_;  // that conversations are spread over; 0: they are not
  const bool keys_choose_;          // partitions, by the configuration's partitioner
  PartitionTurns turns_;            // choose partitions where neither does so
  int steps_without_progress_ = 0;  // while there was no room
  const uint64_t report_every_;
  // Only what is refused for its own sake has failed; all else comes back, for takeWithdrawn().
  const bool keeps_undelivered_;
  std::vector<std::pair<std::string, std::string>> headers_;  // of every message
  MessageArguments arguments_;                                // of one message, reused
  size_t queued_bytes_ = 0;                                   // of the values that librdkafka has
  LentBatches lent_;
  PushTimer push_timer_;
  SettledMark settled_mark_;
  RefusedRequests refused_;
  UndeliveredPackets refused_packets_;  // that failed for their own sake
  enum class Ending { kNone, kPurge, kWithdraw } ending_ = Ending::kNone;
  bool said_refusal_ = false;
  UndeliveredPackets withdrawn_;
  FlowHash flow_hash_;

  std::mutex mutex_;
  std::optional<Job> job_;
  bool closing_ = false;
  std::atomic<bool> cancelled_ = false;

  std::atomic<uint64_t> accepted_ = 0;  // and the number of the last message
  std::atomic<uint64_t> reported_ =
      0;  // messages about which librdkafka has said what became of them
  std::atomic<uint64_t> settled_ = 0;  // settled_mark_'s value
  std::atomic<uint64_t> delivered_ = 0;
  std::atomic<uint64_t> delivered_bytes_ = 0;
  std::atomic<uint64_t> failed_ = 0;
  std::mutex details_mutex_;
  DeliveryFailures failures_;
  std::map<std::string, std::string> topic_settings_;
  bool may_see_settings_ = false;  // for the producer's thread
  std::vector<Report> reports_;
};

}  // namespace kcap
