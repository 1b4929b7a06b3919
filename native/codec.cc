#include "codec.h"

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

/** RFC 8878; a window is at most what libzstd allows by itself, 128 MiB. */
class ZstdCodec : public Codec {
 public:
  ZstdCodec() : context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {
    if (!context_) throw std::bad_alloc();
  }

  Step Decode(const uint8_t* from, size_t length, uint8_t* into, size_t room) override {
    // At the end of a frame without input, libzstd would begin another one.
    if (between_frames_ && length == 0) return {0, 0};
    ZSTD_inBuffer input{from, std::min(length, next_bytes_), 0};
    ZSTD_outBuffer output{into, room, 0};
    const size_t result = ZSTD_decompressStream(context_.get(), &output, &input);
    if (ZSTD_isError(result)) throw std::runtime_error(ZSTD_getErrorName(result));
    between_frames_ = result == 0;
    next_bytes_ = between_frames_ ? kFirstBytes : result;
    return {input.pos, output.pos};
  }
  bool IsBetweenFrames() const override { return between_frames_; }

 private:
  static constexpr size_t kFirstBytes = 5;

  std::unique_ptr<ZSTD_DCtx, decltype(&ZSTD_freeDCtx)> context_;
  // A block at a time: of one that is damaged, nothing is given, and of those before it, all.
  size_t next_bytes_ = kFirstBytes;
  bool between_frames_ = true;
};

/** The LZ4 frame format 1.6. */
class Lz4Codec : public Codec {
 public:
  Lz4Codec() : context_(Create(), LZ4F_freeDecompressionContext) {}

  Step Decode(const uint8_t* from, size_t length, uint8_t* into, size_t room) override {
    if (between_frames_ && length == 0) return {0, 0};
    size_t consumed = std::min(length, next_bytes_);
    size_t produced = room;
    const size_t result =
        LZ4F_decompress(context_.get(), into, &produced, from, &consumed, nullptr);
    if (LZ4F_isError(result)) throw std::runtime_error(LZ4F_getErrorName(result));
    between_frames_ = result == 0;
    next_bytes_ = between_frames_ ? kFirstBytes : result;
    return {consumed, produced};
  }
  bool IsBetweenFrames() const override { return between_frames_; }

 private:
  static constexpr size_t kFirstBytes = 7;

  static LZ4F_dctx* Create() {
    LZ4F_dctx* context;
    if (LZ4F_isError(LZ4F_createDecompressionContext(&context, LZ4F_VERSION)))
      throw std::bad_alloc();
    return context;
  }

  std::unique_ptr<LZ4F_dctx, decltype(&LZ4F_freeDecompressionContext)> context_;
  size_t next_bytes_ = kFirstBytes;  // a block at a time, as above
  bool between_frames_ = true;
};

}  // namespace

std::unique_ptr<Codec> CodecOf(const std::string& format) {
  if (format == "gzip") return std::make_unique<GzipCodec>();
  if (format == "zstd") return std::make_unique<ZstdCodec>();
  if (format == "lz4") return std::make_unique<Lz4Codec>();
  throw std::invalid_argument("no such compression: " + format);
}

}  // namespace kcap
