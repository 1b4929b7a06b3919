#include "pcap/classic_reader.h"

#include <cstddef>
#include <cstring>
#include <utility>

namespace kcap {
namespace {

constexpr uint32_t kModifiedMagic = 0xa1b2cd34;
constexpr size_t kModifiedHeaderBytes = 24;
constexpr uint16_t kMajorVersion = 2;

bool IsMagic(uint32_t magic) {
  return magic == kMicrosecondMagic || magic == kNanosecondMagic || magic == kModifiedMagic;
}

}  // namespace

bool ClassicReader::Knows(std::span<const uint8_t> file) {
  return file.size() >= sizeof(uint32_t) && (IsMagic(FileNumbers(false).Number32(file.data())) ||
                                             IsMagic(FileNumbers(true).Number32(file.data())));
}

ClassicReader::ClassicReader(std::span<const uint8_t> file) {
  broken_ = file.size() < sizeof(PcapFileHeader) || !Knows(file);
  if (broken_) return;
  numbers_ = FileNumbers(!IsMagic(numbers_.Number32(file.data())));
  const uint8_t* header = file.data();
  const uint32_t magic = numbers_.Number32(header);
  const bool is_modified = magic == kModifiedMagic;
  const uint16_t minor = numbers_.Number16(header + offsetof(PcapFileHeader, minor_version));
  broken_ = numbers_.Number16(header + offsetof(PcapFileHeader, major_version)) != kMajorVersion;
  if (broken_) return;
  packet_.link_type = static_cast<int32_t>(
      numbers_.Number32(header + offsetof(PcapFileHeader, link_type)) & 0xffff);
  packet_.nanoseconds = magic == kNanosecondMagic;
  if (is_modified) header_bytes_ = kModifiedHeaderBytes;
  if (minor < 4) original_first_ = minor < 3 ? OriginalFirst::kAlways : OriginalFirst::kWhereLonger;
  is_plain_ = !numbers_.swapped() && !is_modified && original_first_ == OriginalFirst::kNever;
  rest_ = file.subspan(sizeof(PcapFileHeader));
}

const FilePacket* ClassicReader::Next() {
  if (rest_.empty() || broken_) return nullptr;
  if (rest_.size() < header_bytes_) {
    broken_ = true;
    return nullptr;
  }
  const uint8_t* at = rest_.data();
  RecordHeader& header = packet_.header;
  if (is_plain_) [[likely]]
    memcpy(&header, at, sizeof header);
  else
    header = {numbers_.Number32(at), numbers_.Number32(at + 4), numbers_.Number32(at + 8),
              numbers_.Number32(at + 12)};
  if (original_first_ == OriginalFirst::kAlways ||
      (original_first_ == OriginalFirst::kWhereLonger && header.captured > header.original))
    std::swap(header.captured, header.original);
  if (header.captured > rest_.size() - header_bytes_) {
    broken_ = true;
    return nullptr;
  }
  packet_.frame = at + header_bytes_;
  rest_ = rest_.subspan(header_bytes_ + header.captured);
  return &packet_;
}

}  // namespace kcap
