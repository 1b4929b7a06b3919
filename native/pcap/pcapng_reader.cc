#include "pcap/pcapng_reader.h"

#include <algorithm>

namespace kcap {
namespace {

enum BlockType : uint32_t {
  kInterfaceDescription = 1,
  kObsoletePacket = 2,
  kSimplePacket = 3,
  kEnhancedPacket = 6,
  kSectionHeader = 0x0a0d0d0a,  // the same in both byte orders
};
constexpr uint32_t kByteOrderMagic = 0x1a2b3c4d;
constexpr uint16_t kMajorVersion = 1;

/** Type and length before a block's body, the length once more after it. */
constexpr size_t kBlockBytes = 12;
constexpr size_t kBodyAt = 8;
constexpr size_t kTrailerBytes = 4;
/** Far more than a file has; a bound for those that were made to do harm. */
constexpr size_t kMostInterfaces = 65'536;
/** No system has interfaces of a longer name. */
constexpr size_t kLongestName = 255;

enum Option : uint16_t { kEndOfOptions = 0, kName = 2, kResolution = 9, kOffset = 14 };

size_t Padded(size_t bytes) { return (bytes + 3) & ~size_t{3}; }

size_t LeastBytesOf(uint32_t type) {
  switch (type) {
    case kSectionHeader:
      return 28;
    case kInterfaceDescription:
      return 20;
    case kSimplePacket:
      return 16;
    case kObsoletePacket:
    case kEnhancedPacket:
      return 32;
    default:
      return kBlockBytes;
  }
}

/** Units a second of if_tsresol; 0 where even 2^64 of them are less than a nanosecond. */
uint64_t PerSecond(uint8_t resolution) {
  const unsigned exponent = resolution & 0x7f;
  if (resolution & 0x80) return exponent < 64 ? UINT64_C(1) << exponent : 0;
  uint64_t units = 1;
  for (unsigned i = 0; i < exponent; i++)
    if (__builtin_mul_overflow(units, UINT64_C(10), &units)) return 0;
  return units;
}

}  // namespace

bool PcapngReader::Knows(Bytes file) {
  return file.size() >= sizeof(uint32_t) &&
         FileNumbers().Number32(file.data()) == uint32_t{kSectionHeader};
}

const FilePacket* PcapngReader::Next() {
  while (!rest_.empty() && !broken_) {
    const Bytes block = TakeBlock();
    const Found found = block.empty() ? Found::kDamage : Use(block);
    if (found == Found::kPacket) return &packet_;
    broken_ = found == Found::kDamage;
  }
  return nullptr;
}

PcapngReader::Bytes PcapngReader::TakeBlock() {
  if (rest_.size() < kBlockBytes) return {};
  const uint8_t* at = rest_.data();
  // A section says its byte order, and may change it.
  if (numbers_.Number32(at) == uint32_t{kSectionHeader}) {
    numbers_ = FileNumbers(FileNumbers().Number32(at + kBodyAt) != kByteOrderMagic);
    if (numbers_.Number32(at + kBodyAt) != kByteOrderMagic) return {};
  }
  const uint32_t claimed = numbers_.Number32(at + 4);
  // Some writers leave a block's padding out of its length.
  const size_t length = Padded(claimed);
  if (claimed < LeastBytesOf(numbers_.Number32(at)) || length > rest_.size()) return {};
  if (Padded(numbers_.Number32(at + length - kTrailerBytes)) != length) return {};
  const Bytes block = rest_.first(length);
  rest_ = rest_.subspan(length);
  return block;
}

PcapngReader::Found PcapngReader::Use(Bytes block) {
  const uint32_t type = numbers_.Number32(block.data());
  switch (type) {
    case kSectionHeader:
      interfaces_.clear();
      return numbers_.Number16(&block[12]) == kMajorVersion ? Found::kNothing : Found::kDamage;
    case kInterfaceDescription:
      return AddInterface(block) ? Found::kNothing : Found::kDamage;
    case kObsoletePacket:
    case kSimplePacket:
    case kEnhancedPacket:
      return ReadPacket(type, block);
    default:
      return Found::kNothing;
  }
}

bool PcapngReader::AddInterface(Bytes block) {
  if (interfaces_.size() == kMostInterfaces) return false;
  Interface interface {
    numbers_.Number16(&block[8]), numbers_.Number32(&block[12]), {}, {}
  };
  if (!ReadOptions(block, interface)) return false;
  interfaces_.push_back(interface);
  return true;
}

bool PcapngReader::ReadOptions(Bytes block, Interface& interface) const {
  const size_t end = block.size() - kTrailerBytes;
  for (size_t at = 16; at + 4 <= end;) {
    const uint16_t option = numbers_.Number16(&block[at]);
    const size_t length = numbers_.Number16(&block[at + 2]);
    at += 4;
    if (option == kEndOfOptions) break;
    if (length > end - at) return false;
    const uint8_t* value = block.data() + at;
    if (option == kName && length <= kLongestName) {
      // UTF-8; some writers end it with a zero.
      interface.name = {reinterpret_cast<const char*>(value),
                        static_cast<size_t>(std::find(value, value + length, 0) - value)};
    } else if (option == kResolution) {
      if (length != 1) return false;
      interface.clock.per_second = PerSecond(*value);
    } else if (option == kOffset) {
      if (length != 8) return false;
      interface.clock.offset_seconds = static_cast<int64_t>(numbers_.Number64(value));
    }
    at += Padded(length);
  }
  // What microseconds hold exactly becomes microseconds, anything else nanoseconds.
  const uint64_t per_second = interface.clock.per_second;
  interface.clock.nanoseconds = per_second == 0 || 1'000'000 % per_second != 0;
  return true;
}

PcapngReader::Found PcapngReader::ReadPacket(uint32_t type, Bytes block) {
  const bool is_simple = type == kSimplePacket;
  size_t number = 0;
  if (type == kObsoletePacket) number = numbers_.Number16(&block[8]);
  if (type == kEnhancedPacket) number = numbers_.Number32(&block[8]);
  if (number >= interfaces_.size()) {
    unknown_interfaces_++;
    return Found::kNothing;
  }
  const Interface& interface = interfaces_[number];

  const size_t frame_at = is_simple ? 12 : 28;
  RecordHeader& header = packet_.header;
  header = {};
  header.original = numbers_.Number32(&block[is_simple ? 8 : 24]);
  // Of a simple packet nothing says how much of it was captured, but the interface.
  const uint32_t limit = interface.snap_length ? interface.snap_length : header.original;
  header.captured = is_simple ? std::min(header.original, limit) : numbers_.Number32(&block[20]);
  if (header.captured > block.size() - kTrailerBytes - frame_at) return Found::kDamage;

  packet_.link_type = interface.link_type;
  packet_.interface = interface.name;
  packet_.nanoseconds = interface.clock.nanoseconds;
  packet_.frame = block.data() + frame_at;
  if (is_simple) return Found::kPacket;
  const uint64_t ticks =
      uint64_t{numbers_.Number32(&block[12])} << 32 | numbers_.Number32(&block[16]);
  if (ReadTime(interface.clock, ticks)) return Found::kPacket;
  times_out_of_range_++;
  return Found::kNothing;
}

/** False where no record can hold it. */
bool PcapngReader::ReadTime(const Clock& clock, uint64_t ticks) {
  const uint64_t whole = clock.per_second ? ticks / clock.per_second : 0;
  const uint64_t part = clock.per_second ? ticks % clock.per_second : 0;
  int64_t seconds;
  if (whole > INT64_MAX ||
      __builtin_add_overflow(static_cast<int64_t>(whole), clock.offset_seconds, &seconds) ||
      seconds < 0 || seconds > UINT32_MAX)
    return false;
  const uint64_t parts = clock.nanoseconds ? 1'000'000'000 : 1'000'000;
  packet_.header.seconds = static_cast<uint32_t>(seconds);
  packet_.header.fraction =
      part ? static_cast<uint32_t>(static_cast<unsigned __int128>(part) * parts / clock.per_second)
           : 0;
  return true;
}

}  // namespace kcap
