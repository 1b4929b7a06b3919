#pragma once

#include <cstdint>
#include <span>

#include "pcap/file_packet.h"

namespace kcap {

/** A classic pcap file's header (draft-ietf-opsawg-pcap, section 4). */
struct PcapFileHeader {
  uint32_t magic;
  uint16_t major_version;
  uint16_t minor_version;
  uint32_t reserved[2];
  uint32_t snap_length;
  uint32_t link_type;  // and in the upper half, the length of a frame check sequence
};
static_assert(sizeof(PcapFileHeader) == 24);

inline constexpr uint32_t kMicrosecondMagic = 0xa1b2c3d4;
inline constexpr uint32_t kNanosecondMagic = 0xa1b23c4d;

/** Classic pcap: of either byte order and precision, older versions, and Kuznetzov's longer
 * headers. */
class ClassicReader {
 public:
  /** Whether a file that begins with these bytes is one. */
  static bool Knows(std::span<const uint8_t> file);

  explicit ClassicReader(std::span<const uint8_t> file);

  const FilePacket* Next();
  bool broken() const { return broken_; }
  std::span<const uint8_t> PlainRest() const {
    return is_plain_ ? rest_ : std::span<const uint8_t>();
  }
  /** Passes over whole records of that. */
  void Pass(size_t bytes) { rest_ = rest_.subspan(bytes); }

 private:
  /** Writers of version 2.3 did not agree which of a record's two lengths comes first. */
  enum class OriginalFirst { kNever, kWhereLonger, kAlways };

  std::span<const uint8_t> rest_;
  FileNumbers numbers_;
  size_t header_bytes_ = sizeof(RecordHeader);
  OriginalFirst original_first_ = OriginalFirst::kNever;
  bool is_plain_ = false;
  bool broken_ = false;
  FilePacket packet_;
};

}  // namespace kcap
