#include "wire/line_ends.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <bit>

namespace kcap {
namespace {

constexpr size_t kBlockBytes = 64;

/** A bit for each byte of a block that is an LF, from the lowest on. */
uint64_t LineFeedsIn(const uint8_t* block) {
  uint64_t found = 0;
#ifdef __SSE2__
  const __m128i line_feed = _mm_set1_epi8('\n');
  for (size_t at = 0; at < kBlockBytes; at += sizeof(__m128i)) {
    const auto bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + at));
    const auto mask = static_cast<uint32_t>(_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, line_feed)));
    found |= static_cast<uint64_t>(mask) << at;
  }
#else
  for (size_t at = 0; at < kBlockBytes; at++)
    found |= static_cast<uint64_t>(block[at] == '\n') << at;
#endif
  return found;
}

/** lineEnds(bytes, start, end, into: Int32Array) → how many LFs are in [start, end), and in `into`
 * where they are: no more than it has room for. Throws where there are no such bytes. */
Napi::Value LineEnds(const Napi::CallbackInfo& info) {
  const auto buffer = info[0].As<Napi::Uint8Array>();
  const std::span<const uint8_t> bytes(buffer.Data(), buffer.ByteLength());
  const size_t start = info[1].As<Napi::Number>().Uint32Value();
  const size_t end = info[2].As<Napi::Number>().Uint32Value();
  auto into = info[3].As<Napi::Int32Array>();
  if (start > end || end > bytes.size() || end > INT32_MAX)
    throw Napi::RangeError::New(info.Env(), "there are no such bytes");
  const size_t found = FindLineEnds(bytes.first(end), start, {into.Data(), into.ElementLength()});
  return Napi::Number::New(info.Env(), static_cast<double>(found));
}

}  // namespace

size_t FindLineEnds(std::span<const uint8_t> bytes, size_t from, std::span<int32_t> into) {
  size_t count = 0;
  size_t at = from;
  for (; at + kBlockBytes <= bytes.size(); at += kBlockBytes)
    for (uint64_t found = LineFeedsIn(bytes.data() + at); found != 0; found &= found - 1) {
      if (count == into.size()) return count;
      into[count++] = static_cast<int32_t>(at + std::countr_zero(found));
    }
  for (; at < bytes.size() && count < into.size(); at++)
    if (bytes[at] == '\n') into[count++] = static_cast<int32_t>(at);
  return count;
}

void InitLineEnds(Napi::Env env, Napi::Object exports) {
  exports["lineEnds"] = Napi::Function::New<LineEnds>(env, "lineEnds");
}

}  // namespace kcap
