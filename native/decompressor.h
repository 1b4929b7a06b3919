#pragma once

#include <napi.h>

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

/** Decompresses gzip, Zstandard and LZ4 frames, in pieces of any size. */
class Decompressor : public Napi::ObjectWrap<Decompressor> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /** new Decompressor('gzip' | 'zstd' | 'lz4') */
  explicit Decompressor(const Napi::CallbackInfo& info);

 private:
  /** decode(from, into) → {consumed, produced, mayEnd}; throws an Error for damaged data, once all
   * before them was given. */
  Napi::Value Decode(const Napi::CallbackInfo& info);

  std::unique_ptr<Codec> codec_;
  std::string problem_;
};

}  // namespace kcap
