#pragma once

#include <napi.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "batch/batch_memory.h"

namespace kcap {

/** Header of a record in a pcap file and in a batch (draft-ietf-opsawg-pcap), host byte order. */
struct RecordHeader {
  uint32_t seconds;
  uint32_t fraction;  // microseconds, or nanoseconds where the batch says so
  uint32_t captured;  // bytes that follow
  uint32_t original;  // bytes on the wire
};
static_assert(sizeof(RecordHeader) == 16);

/** The record's time since 1970. */
inline uint64_t MicrosecondsOf(const RecordHeader& header, bool nanoseconds) {
  return header.seconds * UINT64_C(1'000'000) +
         (nanoseconds ? header.fraction / 1000 : header.fraction);
}

/** Where in its topic a record of a batch came from. */
struct Position {
  int64_t offset;
  int32_t partition;
  /** Packets of the message up to this one, if others of it may follow; else 0. */
  int32_t passed;
};
static_assert(sizeof(Position) == 16);

/** The first offset of a partition that is not yet in a batch; `skip` packets of that message are.
 */
struct NextOffset {
  int32_t partition;
  int64_t offset;
  uint32_t skip;
};

/** What was noticed while a batch was filled; each is counted once, with the batch. */
struct Tally {
  uint32_t null_values = 0;
  uint32_t times_out_of_range = 0;
  uint32_t times_from_kafka = 0;
  uint32_t bad_headers = 0;
  uint32_t unusable = 0;  // bytes that are no packet
  uint32_t packed = 0;    // messages of many packets that begin in the batch
  uint32_t outside_slack =
      0;  // packets of the span of time that is read, found further off than expected
  uint64_t deleted = 0;  // messages before those of the batch, by the broker, before they were read

  bool Empty() const {
    return null_values + times_out_of_range + times_from_kafka + bad_headers + unusable +
               outside_slack + deleted ==
           0;
  }
};

/** Memory that native code fills and JavaScript reads in place, one of them at a time. */
class SharedBytes {
 public:
  explicit SharedBytes(size_t capacity);

  uint8_t* data() const { return memory_ ? memory_->data() : nullptr; }
  size_t capacity() const { return memory_ ? memory_->capacity() : 0; }
  /** Other memory, of this size, without the content. Only while JavaScript does not read it. */
  void Replace(size_t capacity);
  /** Other memory of the same size, without the content, where somebody has borrowed it. Only while
   * JavaScript does not read it. */
  void Renew();
  /** The whole memory as one Buffer, the same one each time for the same memory. Only on
   * JavaScript's thread, while no other one uses the batch. */
  Napi::Value ToBuffer(Napi::Env env);
  /** Leaves the memory to JavaScript, which gives it back once it does not use it any more.
   * JavaScript's thread only. */
  void LetGo();

 private:
  struct Shown {
    const BatchMemory* memory;  // which the Buffer owns a share of
    Napi::Reference<Napi::Buffer<uint8_t>> buffer;
  };

  bool Has(const BatchMemory* memory) const;

  std::shared_ptr<BatchMemory> memory_;
  std::vector<std::shared_ptr<BatchMemory>> others_;  // that were borrowed
  std::vector<Shown> shown_;                          // JavaScript's thread only
};

/** LINKTYPE_ETHERNET, of packets that say nothing else. */
inline constexpr int32_t kEthernet = 1;

/** What the packets of a batch have in common: `Link` of src/packet/packet-batch.ts. */
struct BatchLink {
  int32_t type;
  bool nanoseconds;
  std::string_view interface;  // empty where it is not known
  std::string_view host;
};

/** A run of pcap records that share one link, and what holds for all of them. */
class Batch {
 public:
  /** `max_records` other than 0 keeps a position for each record. */
  Batch(size_t capacity, size_t max_records);

  bool Empty() const { return count_ == 0 && next_.empty() && tally.Empty(); }
  uint32_t count() const { return count_; }
  /** Bytes of its records. */
  size_t size() const { return size_; }
  size_t capacity() const { return records_.capacity(); }
  bool Fits(size_t captured) const {
    return size_ + sizeof(RecordHeader) + captured <= records_.capacity() &&
           (max_records_ == 0 || count_ < max_records_);
  }
  /** Makes an empty batch large enough for one record. */
  void MakeRoomFor(size_t captured);

  void Append(const RecordHeader& header, const uint8_t* frame) {
    uint8_t* at = records_.data() + size_;
    memcpy(at, &header, sizeof header);
    // An empty frame may come with a null pointer, which memcpy must not see.
    if (header.captured) memcpy(at + sizeof header, frame, header.captured);
    size_ += sizeof header + header.captured;
    count_++;
  }
  void AppendPosition(int64_t offset, int32_t partition, int32_t passed) {
    // Field by field: a copy of a whole one would wait for its parts.
    Position* position = last_positions(1);
    position->offset = offset;
    position->partition = partition;
    position->passed = passed;
  }
  /** Records were copied to the beginning of room(); the caller then sets their positions. */
  void Took(size_t size, uint32_t count);
  /** Of the last `count` records. */
  Position* last_positions(uint32_t count) {
    return reinterpret_cast<Position*>(positions_.data()) + (count_ - count);
  }
  /** Where further records go; and how many of them may. */
  std::span<uint8_t> room() const { return {records_.data() + size_, records_.capacity() - size_}; }
  uint32_t records_left() const { return static_cast<uint32_t>(max_records_ - count_); }
  /** Remembers that everything of the partition before this place is in this batch or an earlier
   * one.
   */
  void SetNextOffset(int32_t partition, int64_t offset, uint32_t skip);
  void Clear();

  bool HasLink(const BatchLink& link) const {
    return link_type == link.type && nanoseconds == link.nanoseconds &&
           interface == link.interface && host == link.host;
  }
  void SetLink(const BatchLink& link);

  /** As JavaScript sees it: `NativeBatch` of src/addon/batch.ts. */
  Napi::Object ToJs(Napi::Env env);
  /** Leaves its memory to JavaScript; there will be no further batch. */
  void LetGo();

  int32_t link_type = kEthernet;
  bool nanoseconds = false;
  uint32_t snap_length = 0;
  std::string interface;
  std::string host;
  Tally tally;

 private:
  size_t usual_capacity_;
  SharedBytes records_;
  SharedBytes positions_;
  size_t max_records_;
  size_t size_ = 0;
  uint32_t count_ = 0;
  std::vector<NextOffset> next_;
};

}  // namespace kcap
