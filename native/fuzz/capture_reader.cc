#include "pcap/capture_reader.h"

#include <cstring>
#include <memory>

namespace {

void Require(bool condition) {
  if (!condition) __builtin_trap();
}

}  // namespace

/** The value of a message, as anybody may have sent it. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Memory of its own, and no more of it: a byte too far is found.
  const std::unique_ptr<uint8_t[]> file(new uint8_t[size]);
  if (size > 0) memcpy(file.get(), data, size);
  kcap::CaptureReader reader({file.get(), size});
  const auto rest = reader.PlainRest();
  size_t bytes = 0, records = 0;
  while (const auto* packet = reader.Next()) {
    Require(packet->frame >= file.get());
    Require(packet->frame + packet->header.captured <= file.get() + size);
    Require(packet->link_type >= 0 && packet->link_type <= 0xffff);
    Require(packet->interface.size() <= 255);
    if (!rest.empty()) {
      // What is said to be records of a batch has them where they lie.
      Require(memcmp(rest.data() + bytes, &packet->header, sizeof packet->header) == 0);
      Require(packet->frame == rest.data() + bytes + sizeof packet->header);
    }
    bytes += sizeof packet->header + packet->header.captured;
    records++;
  }
  // A packet takes at least 16 bytes: however long it claims to be, reading it costs no more.
  Require(records <= size / 16);
  Require(reader.Next() == nullptr);
  if (!rest.empty() && !reader.broken()) Require(bytes == rest.size());
  return 0;
}
