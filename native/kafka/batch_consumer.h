#pragma once

#include <librdkafka/rdkafka.h>
#include <napi.h>

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "batch/batch_exchange.h"
#include "kafka/batch_filler.h"
#include "kafka/client_events.h"
#include "kafka/consumer_client.h"
#include "kafka/group_membership.h"
#include "kafka/message_intake.h"
#include "kafka/partition_merge.h"
#include "kafka/partition_reads.h"
#include "kafka/standstill.h"
#include "kafka/topic_watch.h"
#include "system/threaded_object.h"

namespace kcap {

/**
 * Reads the messages of a topic and turns them into batches of pcap records (docs/wire-format.md).
 * Offsets are stored, and so committed, only when JavaScript says that it has handled them.
 */
class BatchConsumer : public Napi::ObjectWrap<BatchConsumer>, private ThreadedObject {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /**
   * new BatchConsumer({properties, topic, group?, groupInstance?, overridesCommitted, partitions:
   * [{partition, start, end?, timeStart?}], otherStart, window?: {fromUs?, toUs?, slackUs?, nowUs},
   * inTimeOrder, keyUnit, linkType, tellsNames, batchBytes, maxBatchAgeMs, onEvent}): `start` and
   * `otherStart` are offsets or librdkafka's logical ones; the second is for partitions that are
   * added later, unless there are ends. With `group` the group decides which partitions are read
   * and what it has committed where they begin, but where it has no other members and
   * `overridesCommitted` is set; without, all that are listed are read. Where there are ends, the
   * batches end when every partition has reached its own; a partition may also end where what
   * follows is surely outside of `window`. `keyUnit` is us, ms or ns. With `tellsNames`, batches
   * say their interface and host, and so begin anew where those change.
   */
  explicit BatchConsumer(const Napi::CallbackInfo& info);

 private:
  // JavaScript's thread.
  Napi::Value Next(const Napi::CallbackInfo& info);
  /** acknowledge([{partition, offset}]): everything before these offsets has been handled. */
  void Acknowledge(const Napi::CallbackInfo& info);
  /** highWatermarks([partition]) → for each, the offset of its end as last heard, -1 where nothing
   * was. */
  Napi::Value HighWatermarks(const Napi::CallbackInfo& info);
  /** stop(): no further message is taken; the batch that is being filled is the last. */
  void Stop(const Napi::CallbackInfo& info);
  /** endHere(): the batches end where the partitions have nothing more. It takes a client that is
   * told of ends. */
  void EndHere(const Napi::CallbackInfo& info);
  /** close() → Promise: what was acknowledged is committed if that can be done soon, the client is
   * gone. */
  Napi::Value Close(const Napi::CallbackInfo&) { return ThreadedObject::Close(); }
  void EndThread(bool at_once) override;
  void OnClosed() override;
  void Wake();

  // The consumer's thread.
  rd_kafka_t* client() const { return client_->client(); }
  void Run();
  void BeginReading();
  bool GoesOn();
  void ReadAsItComes();
  void ReadInTimeOrder();
  void UseHeldBack();
  bool AwaitRoom();
  void AwaitClose();
  void Leave();
  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque);

  ClientEvents events_;
  BatchExchange exchange_;
  BatchFiller filler_;
  std::unique_ptr<ConsumerClient> client_;  // goes in the consumer's thread, under mutex_
  const std::string topic_;
  const bool in_time_order_;
  const bool overrides_committed_;
  PartitionReads reads_;
  TopicWatch watch_;
  Standstill standstill_;
  MessageIntake intake_;
  std::optional<GroupMembership> group_;
  std::optional<PartitionMerge> merge_;
  std::optional<std::string> failure_;

  std::atomic<bool> stopping_ = false;
  std::atomic<bool> ends_here_ = false;
  std::mutex mutex_;
  std::condition_variable close_allowed_;
  bool closing_ = false;
};

}  // namespace kcap
