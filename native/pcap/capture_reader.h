#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <variant>

#include "batch/batch.h"
#include "pcap/classic_reader.h"
#include "pcap/pcapng_reader.h"

namespace kcap {

/**
 * The packets of a capture file that lies in memory: classic pcap or pcapng, of whatever byte order
 * and precision. The bytes may be anybody's: nothing beyond them is read, and each packet lies
 * within them.
 */
class CaptureReader {
 public:
  explicit CaptureReader(std::span<const uint8_t> file);

  /** The next packet, valid as long as the file and until the next call; null where there is none.
   */
  const FilePacket* Next();
  /** Whether something after the packets that were read could not be. */
  bool broken() const;
  /** Packets that were passed over, since no record can hold their time. */
  uint32_t times_out_of_range() const;
  /** Packets that were passed over, since the file does not say of what link they are. */
  uint32_t unknown_interfaces() const;
  /** The rest of the file, where it is records just as a batch has them, all of one link. */
  std::span<const uint8_t> PlainRest() const;
  /** Passes over whole records of that. */
  void PassPlain(size_t bytes) { std::get<ClassicReader>(reader_).Pass(bytes); }

 private:
  std::variant<ClassicReader, PcapngReader> reader_;
};

}  // namespace kcap
