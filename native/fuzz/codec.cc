#include "codec/codec.h"

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

// Damaged input may stand for any amount of output; what is wrong shows before that.
constexpr size_t kMostOutput = 16 * 1024;

struct Decoded {
  std::vector<uint8_t> bytes;
  std::string problem;
  bool may_end;
};

/** All that there is, given in pieces of `piece` bytes and taken in pieces of `room`. */
Decoded Decode(const std::string& format, const uint8_t* data, size_t size, size_t piece,
               size_t room) {
  const auto codec = kcap::CodecOf(format);
  Decoded decoded;
  size_t at = 0;
  try {
    while (decoded.bytes.size() < kMostOutput) {
      // Memory of its own, and no more of it: a byte too far is found.
      const std::vector<uint8_t> from(data + at, data + std::min(size, at + piece));
      std::vector<uint8_t> into(room);
      const auto step = codec->Decode(from.data(), from.size(), into.data(), into.size());
      if (step.consumed > from.size() || step.produced > into.size()) __builtin_trap();
      // It asks for more than there is.
      if (step.consumed == 0 && step.produced == 0 && from.size() == size - at) break;
      // It asks for more than a piece; a reader would have more of it by now.
      if (step.consumed == 0 && step.produced == 0) __builtin_trap();
      at += step.consumed;
      decoded.bytes.insert(decoded.bytes.end(), into.begin(), into.begin() + step.produced);
    }
  } catch (const std::runtime_error& error) {
    decoded.problem = error.what();
  }
  decoded.may_end = codec->IsBetweenFrames();
  return decoded;
}

}  // namespace

/** Compressed data of each format: in pieces of any size, the same comes out of them. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 3) return 0;
  const char* const formats[] = {"gzip", "zstd", "lz4"};
  const std::string format = formats[data[0] % 3];
  const size_t piece = data[1] % 64 + 1, room = data[2] % 64 + 1;
  data += 3;
  size -= 3;
  const auto whole = Decode(format, data, size, std::max<size_t>(size, 1), kMostOutput);
  const auto pieces = Decode(format, data, size, piece, room);
  const size_t both = std::min(whole.bytes.size(), pieces.bytes.size());
  if (!std::equal(whole.bytes.begin(), whole.bytes.begin() + both, pieces.bytes.begin()))
    __builtin_trap();
  if (both >= kMostOutput) return 0;
  if (whole.bytes.size() != pieces.bytes.size()) __builtin_trap();
  if (whole.problem.empty() != pieces.problem.empty()) __builtin_trap();
  if (whole.problem.empty() && whole.may_end != pieces.may_end) __builtin_trap();
  return 0;
}
