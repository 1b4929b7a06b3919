#pragma once

#include <napi.h>

#include <memory>
#include <string>

#include "codec/codec.h"

namespace kcap {

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
