#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "batch/batch.h"
#include "wire/message_arguments.h"

// The packed format of docs/wire-format.md, written: a message holds many packets.
namespace kcap {

/** What the packets of a pack have in common. */
struct PackLink {
  int32_t type;
  bool nanoseconds;
  std::string interface;  // empty: not to be said

  bool operator==(const PackLink&) const = default;
};

/** Consecutive pcap records as a batch has them, and what is to be known of them. */
struct RecordRun {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
  uint32_t packets = 0;
  uint32_t longest = 0;   // captured length
  uint64_t first_us = 0;  // since 1970
  uint64_t latest_us = 0;

  /** The whole records at the beginning of these bytes. */
  static RecordRun Whole(std::span<const uint8_t> bytes, bool nanoseconds);
  /** The first one of whole records. */
  static RecordRun First(std::span<const uint8_t> records, bool nanoseconds);

 private:
  void Add(const RecordHeader& header, bool nanoseconds);
};

/**
 * A packed message: its value, a pcap file (docs/wire-format.md), from the first packet that is put
 * into it until it is delivered, and the numbers of its packets. librdkafka reads the value where
 * it lies.
 */
class Pack {
 public:
  /** @param limit bytes of the value; a single packet may take more */
  Pack(const PackLink& link, size_t limit);

  const PackLink& link() const { return link_; }
  bool Empty() const { return packets_ == 0; }
  /** Bytes of records that still fit. */
  size_t room() const { return limit_ > size_ ? limit_ - size_ : 0; }
  /** The packets get the numbers from `first_number` on. */
  void Append(const RecordRun& run, uint64_t first_number);
  /** Takes as many of these whole records as fit, and of an empty pack one at least. */
  RecordRun Fill(std::span<const uint8_t> records, uint64_t first_number);

  std::span<const uint8_t> value() const { return {value_.get(), size_}; }
  std::span<const uint8_t> records() const;
  uint32_t packets() const { return packets_; }
  /** The lowest of their numbers. */
  uint64_t first_number() const { return numbers_.front().first; }
  /** Sum of their captured lengths. */
  size_t frame_bytes() const { return records().size() - packets_ * sizeof(RecordHeader); }
  uint64_t first_us() const { return first_us_; }
  uint64_t latest_us() const { return latest_us_; }

  /** Calls visit(number, header, frame) for each packet. */
  template <typename Visitor>
  void ForEach(Visitor visit) const {
    const uint8_t* at = records().data();
    for (const auto& [first, count] : numbers_) {
      for (uint64_t number = first; number < first + count; number++) {
        RecordHeader header;
        memcpy(&header, at, sizeof header);
        const uint8_t* frame = at + sizeof header;
        visit(number, header, std::span(frame, header.captured));
        at = frame + header.captured;
      }
    }
  }
  /** Calls visit(first, count) for each run of consecutive numbers of its packets. */
  template <typename Visitor>
  void ForEachRun(Visitor visit) const {
    for (const auto& [first, count] : numbers_) visit(first, count);
  }
  /** Two packs of half the packets each; of two packets at least. */
  std::pair<std::unique_ptr<Pack>, std::unique_ptr<Pack>> Halves() const;

  /** Empties it, for other packets. */
  void Reset(const PackLink& link, size_t limit);
  size_t capacity() const { return capacity_; }

 private:
  struct Numbers {
    uint64_t first;
    uint64_t count;
  };

  /** Makes room for records of so many bytes, and writes the file's header. */
  void Begin(size_t bytes);
  /** Records that were copied to the end of the value belong to it. */
  void Take(const RecordRun& run, uint64_t first_number);

  PackLink link_;
  size_t limit_;
  size_t capacity_ = 0;
  std::unique_ptr<uint8_t[]> value_;
  size_t size_ = 0;
  uint32_t packets_ = 0;
  uint32_t longest_ = 0;
  uint64_t first_us_ = 0;
  uint64_t latest_us_ = 0;
  std::vector<Numbers> numbers_;  // consecutive, but where flows are spread over partitions
};

/** A pack as a message: its key, its value, and the headers that come of its packets. */
class PackedMessage {
 public:
  /** The pack must outlive the message. */
  explicit PackedMessage(const Pack& pack);

  /** Of key and value. */
  size_t byte_length() const { return sizeof key_ + pack_.value().size(); }
  /** The latest packet's time, for the message's timestamp: looking up a time
   * finds the message that holds it. */
  int64_t time_ms() const { return static_cast<int64_t>(pack_.latest_us() / 1000); }
  /** The arguments refer to this object then. */
  void PutInto(MessageArguments& arguments);

 private:
  const Pack& pack_;
  uint64_t key_;
  char packets_[10];
  size_t packets_length_;
};

}  // namespace kcap
