#pragma once

#include <librdkafka/rdkafka.h>
#include <napi.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "batch/batch_exchange.h"
#include "kafka/client_events.h"
#include "kafka/message_packet.h"
#include "kafka/partition_merge.h"
#include "kafka/topic_watch.h"
#include "system/js_thread.h"

namespace kcap {

/**
 * Reads the messages of a topic and turns them into batches of pcap records (docs/wire-format.md).
 * Offsets are stored, and so committed, only when JavaScript says that it has handled them.
 */
class BatchConsumer : public Napi::ObjectWrap<BatchConsumer> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /**
   * new BatchConsumer({properties, topic, subscribe, partitions: [{partition, start, end?}],
   * otherStart, endTimeUs, inTimeOrder, keyUnit, linkType, tellsNames, batchBytes, maxBatchAgeMs,
   * onEvent}): `start` and `otherStart` are offsets or librdkafka's logical ones; the second is for
   * partitions that are added later, unless there are ends. With `subscribe` the group decides
   * which partitions are read, otherwise all that are listed are. Where there are ends, the batches
   * end when every partition has reached its own; a partition may also end where its packets are
   * surely later than `endTimeUs`, if that is not negative. `keyUnit` is us, ms or ns. With
   * `tellsNames`, batches say their interface and host, and so begin anew where those change.
   */
  explicit BatchConsumer(const Napi::CallbackInfo& info);
  ~BatchConsumer() override;

 private:
  struct Partition {
    int64_t start = RD_KAFKA_OFFSET_STORED;
    int64_t end = -1;   // first offset that is not read, -1 for none
    int64_t next = -1;  // offset that would come next, -1 where it is not known
    bool started = false;
    bool assigned = false;
    bool finished = false;
  };
  // JavaScript's thread.
  Napi::Value Next(const Napi::CallbackInfo& info);
  /** acknowledge([{partition, offset}]): everything before these offsets has been handled. */
  void Acknowledge(const Napi::CallbackInfo& info);
  /** stop(): no further message is taken; the batch that is being filled is the last. */
  void Stop(const Napi::CallbackInfo& info);
  /** close() → Promise: what was acknowledged is committed, the client is gone. */
  Napi::Value Close(const Napi::CallbackInfo& info);
  static void OnTeardown(void* self);
  void StopThread();

  // The consumer's thread.
  void Run();
  void ReadAsItComes();
  void ReadInTimeOrder();
  void AssignListed();
  MessagePacket PacketIn(const rd_kafka_message_t* message) const;
  /** `known`: what the message holds, where that has been found out already. */
  bool Fill(const rd_kafka_message_t* message, const MessagePacket* known = nullptr);
  bool AppendPacket(const rd_kafka_message_t* message, const MessagePacket& packet);
  uint64_t DeletedBefore(const rd_kafka_message_t* message);
  int64_t CommittedOffset(int32_t partition);
  bool PrepareBatch(const MessagePacket& packet);
  bool IsPastEndTime(const MessagePacket& packet) const;
  void ReadUpTo(int32_t partition, int64_t offset);
  /** Nothing more is fetched of the partition. */
  void Finish(int32_t partition);
  bool AllEnded() const;
  /** Reads also the partitions that were added meanwhile. False once the topic is gone. */
  bool TopicRemains();
  void AssignAdded(int32_t count);
  void HandOverIfDue();
  static void OnRebalance(rd_kafka_t* client, rd_kafka_resp_err_t error,
                          rd_kafka_topic_partition_list_t* partitions, void* opaque);
  void Assigned(rd_kafka_topic_partition_list_t* partitions);
  void Revoked(const rd_kafka_topic_partition_list_t* partitions);

  JsThread js_;
  ClientEvents events_;
  BatchExchange exchange_;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_queue_t* queue_ = nullptr;
  const std::string topic_;
  const bool subscribe_;
  const int32_t default_link_type_;
  const KeyUnit key_unit_;
  const bool in_time_order_;
  const bool tells_names_;
  const int64_t end_time_us_;
  const int64_t other_start_;
  const std::chrono::milliseconds max_batch_age_;
  std::map<int32_t, Partition> partitions_;
  bool has_ends_ = false;
  std::optional<PartitionMerge> merge_;
  std::optional<TopicWatch> watch_;
  bool assigned_once_ = false;
  std::vector<int32_t> lost_;  // partitions taken away since messages were last fetched
  std::chrono::steady_clock::time_point batch_began_;

  std::thread thread_;
  std::atomic<bool> stopping_ = false;
  bool close_requested_ = false;  // JavaScript's thread
  std::mutex mutex_;
  std::condition_variable close_allowed_;
  bool closing_ = false;
  std::function<void()> on_closed_;
};

}  // namespace kcap
