#include "wire/packed_message.h"

#include <endian.h>

#include <algorithm>
#include <charconv>
#include <cstddef>

#include "pcap/classic_reader.h"
#include "wire/header_names.h"

namespace kcap {
namespace {

// libpcap's largest snapshot length: what tools accept in a file's header.
constexpr uint32_t kMaxSnapLength = 262'144;

RecordHeader HeaderAt(const uint8_t* record) {
  RecordHeader header;
  memcpy(&header, record, sizeof header);
  return header;
}

}  // namespace

RecordRun RecordRun::Whole(std::span<const uint8_t> bytes, bool nanoseconds) {
  RecordRun run{.bytes = bytes.data()};
  while (bytes.size() - run.size >= sizeof(RecordHeader)) {
    const RecordHeader header = HeaderAt(run.bytes + run.size);
    if (bytes.size() - run.size < sizeof header + header.captured) break;
    run.Add(header, nanoseconds);
  }
  return run;
}

RecordRun RecordRun::First(std::span<const uint8_t> records, bool nanoseconds) {
  RecordRun run{.bytes = records.data()};
  run.Add(HeaderAt(run.bytes), nanoseconds);
  return run;
}

void RecordRun::Add(const RecordHeader& header, bool nanoseconds) {
  const uint64_t time_us = MicrosecondsOf(header, nanoseconds);
  if (packets == 0) first_us = time_us;
  latest_us = std::max(latest_us, time_us);
  longest = std::max(longest, header.captured);
  size += sizeof header + header.captured;
  packets++;
}

Pack::Pack(const PackLink& link, size_t limit) { Reset(link, limit); }

void Pack::Reset(const PackLink& link, size_t limit) {
  link_ = link;
  limit_ = std::max(limit, sizeof(PcapFileHeader));
  size_ = 0;
  packets_ = 0;
  first_us_ = latest_us_ = 0;
  numbers_.clear();
}

void Pack::Append(const RecordRun& run, uint64_t first_number) {
  if (packets_ == 0) Begin(run.size);
  memcpy(value_.get() + size_, run.bytes, run.size);
  Take(run, first_number);
}

RecordRun Pack::Fill(std::span<const uint8_t> records, uint64_t first_number) {
  size_t most = room();
  if (packets_ == 0) {
    const size_t first = RecordRun::First(records, link_.nanoseconds).size;
    Begin(first);
    most = std::max(room(), first);
  }
  // Copied first, and looked at where they are then: in this processor's cache. Another one has
  // filled the batch, and would have to be asked for each record's header.
  const size_t copied = std::min(most, records.size());
  memcpy(value_.get() + size_, records.data(), copied);
  const auto run = RecordRun::Whole({value_.get() + size_, copied}, link_.nanoseconds);
  if (run.packets > 0) Take(run, first_number);
  return run;
}

void Pack::Begin(size_t bytes) {
  const size_t needed = std::max(limit_, sizeof(PcapFileHeader) + bytes);
  if (capacity_ < needed) {
    value_.reset(new uint8_t[needed]);
    capacity_ = needed;
  }
  const PcapFileHeader header{.magic = link_.nanoseconds ? kNanosecondMagic : kMicrosecondMagic,
                              .major_version = 2,
                              .minor_version = 4,
                              .reserved = {},
                              .snap_length = 0,
                              .link_type = static_cast<uint32_t>(link_.type)};
  memcpy(value_.get(), &header, sizeof header);
  size_ = sizeof header;
  longest_ = kMaxSnapLength;
}

void Pack::Take(const RecordRun& run, uint64_t first_number) {
  if (packets_ == 0) first_us_ = run.first_us;
  longest_ = std::max(longest_, run.longest);
  memcpy(value_.get() + offsetof(PcapFileHeader, snap_length), &longest_, sizeof longest_);
  size_ += run.size;
  packets_ += run.packets;
  latest_us_ = std::max(latest_us_, run.latest_us);
  if (!numbers_.empty() && numbers_.back().first + numbers_.back().count == first_number)
    numbers_.back().count += run.packets;
  else
    numbers_.push_back({first_number, run.packets});
}

std::span<const uint8_t> Pack::records() const {
  return packets_ == 0 ? std::span<const uint8_t>() : value().subspan(sizeof(PcapFileHeader));
}

std::pair<std::unique_ptr<Pack>, std::unique_ptr<Pack>> Pack::Halves() const {
  auto first = std::make_unique<Pack>(link_, 0), second = std::make_unique<Pack>(link_, 0);
  // Memory for all of it: which half is the larger one is not known before.
  first->limit_ = second->limit_ = size_;
  uint32_t left = packets_ / 2;
  ForEach([&](uint64_t number, const RecordHeader& header, std::span<const uint8_t> frame) {
    const uint64_t time_us = MicrosecondsOf(header, link_.nanoseconds);
    const RecordRun run{frame.data() - sizeof header,
                        sizeof header + frame.size(),
                        1,
                        header.captured,
                        time_us,
                        time_us};
    (left > 0 ? first : second)->Append(run, number);
    if (left > 0) left--;
  });
  return {std::move(first), std::move(second)};
}

PackedMessage::PackedMessage(const Pack& pack)
    : pack_(pack),
      key_(htobe64(pack.first_us())),
      packets_length_(static_cast<size_t>(
          std::to_chars(packets_, packets_ + sizeof packets_, pack.packets()).ptr - packets_)) {}

void PackedMessage::PutInto(MessageArguments& arguments) {
  arguments.PutKey({reinterpret_cast<const uint8_t*>(&key_), sizeof key_});
  arguments.PutValue(pack_.value());
  arguments.PutHeader(kPackedHeader, {packets_, packets_length_});
  const std::string& interface = pack_.link().interface;
  if (!interface.empty()) arguments.PutHeader(kInterfaceHeader, interface);
}

}  // namespace kcap
