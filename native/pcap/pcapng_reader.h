#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "pcap/file_packet.h"

namespace kcap {

/**
 * Pcapng (draft-ietf-opsawg-pcapng): sections of either byte order, and their packets in blocks of
 * all three kinds. Other blocks are passed over.
 */
class PcapngReader {
 public:
  /** Whether a file that begins with these bytes is one. */
  static bool Knows(std::span<const uint8_t> file);

  explicit PcapngReader(std::span<const uint8_t> file) : rest_(file) {}

  const FilePacket* Next();
  bool broken() const { return broken_; }
  /** Packets that were passed over, since no record can hold their time. */
  uint32_t times_out_of_range() const { return times_out_of_range_; }
  /** Packets that were passed over, since the section has no such interface. */
  uint32_t unknown_interfaces() const { return unknown_interfaces_; }

 private:
  using Bytes = std::span<const uint8_t>;

  /** How an interface counts time: section 4.2, if_tsresol and if_tsoffset. */
  struct Clock {
    uint64_t per_second = 1'000'000;  // 0: so many that no 64 bits reach a nanosecond
    int64_t offset_seconds = 0;
    bool nanoseconds = false;
  };
  struct Interface {
    int32_t link_type;
    uint32_t snap_length;
    std::string_view name;
    Clock clock;
  };
  enum class Found { kPacket, kNothing, kDamage };

  /** Removes the next block from the rest; empty where there is no whole one. */
  Bytes TakeBlock();
  Found Use(Bytes block);
  bool AddInterface(Bytes block);
  bool ReadOptions(Bytes block, Interface& interface) const;
  Found ReadPacket(uint32_t type, Bytes block);
  bool ReadTime(const Clock& clock, uint64_t ticks);

  Bytes rest_;
  FileNumbers numbers_;
  std::vector<Interface> interfaces_;  // of the section
  bool broken_ = false;
  uint32_t times_out_of_range_ = 0;
  uint32_t unknown_interfaces_ = 0;
  FilePacket packet_;
};

}  // namespace kcap
