#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "batch/batch.h"

namespace kcap {

/** A packet of a capture file. */
struct FilePacket {
  /** LINKTYPE_ number of the tcpdump.org registry. */
  int32_t link_type = 0;
  bool nanoseconds = false;
  /** The interface it was captured on, empty where the file does not say. */
  std::string_view interface;
  RecordHeader header{};
  const uint8_t* frame = nullptr;  // header.captured bytes
};

/** Numbers of a file whose byte order may be the other one than this machine's. */
class FileNumbers {
 public:
  FileNumbers() = default;
  explicit FileNumbers(bool swapped) : swapped_(swapped) {}

  uint16_t Number16(const uint8_t* at) const {
    const auto number = Load<uint16_t>(at);
    return swapped_ ? __builtin_bswap16(number) : number;
  }
  uint32_t Number32(const uint8_t* at) const {
    const auto number = Load<uint32_t>(at);
    return swapped_ ? __builtin_bswap32(number) : number;
  }
  uint64_t Number64(const uint8_t* at) const {
    const auto number = Load<uint64_t>(at);
    return swapped_ ? __builtin_bswap64(number) : number;
  }
  bool swapped() const { return swapped_; }

 private:
  template <typename Number>
  static Number Load(const uint8_t* at) {
    Number number;
    memcpy(&number, at, sizeof number);
    return number;
  }

  bool swapped_ = false;
};

}  // namespace kcap
