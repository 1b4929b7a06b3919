#include "codec/codec.h"

#if !__has_include(<lz4frame.h>) || !__has_include(<zlib.h>) || !__has_include(<zstd.h>)
#error "kcap needs headers: on Debian and Ubuntu, apt-get install zlib1g-dev libzstd-dev liblz4-dev"
#endif
#include <lz4frame.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <limits>
#include <new>
#include <stdexcept>
#include <string>

namespace kcap {
namespace {

/** RFC 1952, with the checksums of zlib. What follows the last member is no error, as for gzip. */
class GzipCodec : public Codec {
 public:
  GzipCodec() {
    constexpr int kGzipOnly = 16 + MAX_WBITS;
    if (inflateInit2(&stream_, kGzipOnly) != Z_OK) throw std::bad_alloc();
  }
  ~GzipCodec() override { inflateEnd(&stream_); }

  Step Decode(const uint8_t* from, size_t length, uint8_t* into, size_t room) override {
    constexpr uint8_t kFirstByte = 0x1f;
    if (between_members_ && any_member_ && length > 0 && from[0] != kFirstByte) ended_ = true;
    if (ended_) return {length, 0};
    if (between_members_ && length == 0) return {0, 0};
    between_members_ = false;
    constexpr size_t kMax = std::numeric_limits<uInt>::max();
    stream_.next_in = const_cast<uint8_t*>(from);
    stream_.avail_in = static_cast<uInt>(std::min(length, kMax));
    stream_.next_out = into;
    stream_.avail_out = static_cast<uInt>(std::min(room, kMax));
    const int result = inflate(&stream_, Z_NO_FLUSH);
    if (result == Z_STREAM_END) {
      inflateReset(&stream_);
      between_members_ = any_member_ = true;
    } else if (result != Z_OK && result != Z_BUF_ERROR && stream_.next_out == into) {
      // What was decompressed before the damage goes first; inflate says the same again.
      throw std::runtime_error(stream_.msg ? stream_.msg : "it needs a dictionary or more memory");
    }
    return {static_cast<size_t>(stream_.next_in - from),
            static_cast<size_t>(stream_.next_out - into)};
  }
  bool IsBetweenFrames() const override { return between_members_; }

 private:
  z_stream stream_{};
  bool between_members_ = true;
  bool any_member_ = false;
  bool ended_ = false;
};

/**
 * How a library that forgets, with an error, what it has decompressed in the same call is given its
 * input: so that a call either decompresses or finds damage. Of a block that is damaged nothing is
 * given then, and of those before it, all.
 */
class Steps {
 public:
  /**
   * @param first_bytes with which a frame begins
   * @param block_header_bytes which the library asks for together with the block before
   */
  Steps(size_t first_bytes, size_t block_header_bytes)
      : first_bytes_(first_bytes), block_header_bytes_(block_header_bytes) {}

  bool IsBetweenFrames() const { return between_frames_; }
  /** The last call has filled its room, and perhaps kept some output for the next one. */
  bool MayHaveKept() const { return room_filled_; }
  /** How much of the input the next call gets. */
  size_t Input(size_t length) const { return room_filled_ ? 0 : std::min(length, next_bytes_); }
  /** @param wanted bytes that the library asks for now, 0 at the end of a frame */
  void Done(size_t wanted, bool room_filled) {
    between_frames_ = wanted == 0;
    room_filled_ = room_filled && !between_frames_;
    next_bytes_ = wanted > block_header_bytes_ ? wanted - block_header_bytes_
                  : between_frames_            ? first_bytes_
                                               : wanted;
  }

 private:
  const size_t first_bytes_;
  const size_t block_header_bytes_;
  size_t next_bytes_ = first_bytes_;
  bool between_frames_ = true;
  bool room_filled_ = false;
};

/** RFC 8878; a window is at most what libzstd allows by itself, 128 MiB. */
class ZstdCodec : public Codec {
 public:
  ZstdCodec() : context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {
    if (!context_) throw std::bad_alloc();
  }

  Step Decode(const uint8_t* from, size_t length, uint8_t* into, size_t room) override {
    // At the end of a frame without input, libzstd would begin another one.
    if (steps_.IsBetweenFrames() && length == 0) return {0, 0};
    const bool may_have_kept = steps_.MayHaveKept();
    ZSTD_inBuffer input{from, steps_.Input(length), 0};
    ZSTD_outBuffer output{into, room, 0};
    const size_t result = ZSTD_decompressStream(context_.get(), &output, &input);
    if (ZSTD_isError(result)) throw std::runtime_error(ZSTD_getErrorName(result));
    steps_.Done(result, output.pos == room);
    if (may_have_kept && output.pos == 0) return Decode(from, length, into, room);
    return {input.pos, output.pos};
  }
  bool IsBetweenFrames() const override { return steps_.IsBetweenFrames(); }

 private:
  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_;
  Steps steps_{5, 3};
};

/** The LZ4 frame format 1.6. */
class Lz4Codec : public Codec {
 public:
  Lz4Codec() : context_(Create(), LZ4F_freeDecompressionContext) {}

  Step Decode(const uint8_t* from, size_t length, uint8_t* into, size_t room) override {
    if (steps_.IsBetweenFrames() && length == 0) return {0, 0};
    const bool may_have_kept = steps_.MayHaveKept();
    size_t consumed = steps_.Input(length);
    size_t produced = room;
    const size_t result =
        LZ4F_decompress(context_.get(), into, &produced, from, &consumed, nullptr);
    if (LZ4F_isError(result)) throw std::runtime_error(LZ4F_getErrorName(result));
    steps_.Done(result, produced == room);
    if (may_have_kept && produced == 0) return Decode(from, length, into, room);
    return {consumed, produced};
  }
  bool IsBetweenFrames() const override { return steps_.IsBetweenFrames(); }

 private:
  static LZ4F_dctx* Create() {
    LZ4F_dctx* context;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
      throw std::bad_alloc();
    return context;
  }

  std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context_;
  Steps steps_{7, 4};
};

}  // namespace

std::unique_ptr<Codec> CodecOf(const std::string& format) {
  if (format == "gzip") return std::make_unique<GzipCodec>();
  if (format == "zstd") return std::make_unique<ZstdCodec>();
  if (format == "lz4") return std::make_unique<Lz4Codec>();
  throw std::invalid_argument("no such compression: " + format);
}

}  // namespace kcap
