#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace kcap {

/** One way of compressing, as a stream of any number of members or frames. */
class Codec {
 public:
  struct Step {
    size_t consumed;
    size_t produced;
  };

  virtual ~Codec() = default;
  /**
   * Decompresses a piece of what fits; nothing consumed and nothing produced: it needs more input
   * or room. Throws std::runtime_error where the bytes are not what they should be.
   */
  virtual Step Decode(const uint8_t* from, size_t length, uint8_t* into, size_t room) = 0;
  /** Whether the input may end here: no member or frame is begun. */
  virtual bool IsBetweenFrames() const = 0;
};

/** The one for gzip, zstd or lz4; throws std::invalid_argument for any other. */
std::unique_ptr<Codec> CodecOf(const std::string& format);

}  // namespace kcap
