#include "kafka/time_window.h"

#include <algorithm>
#include <utility>

namespace kcap {
namespace {

// A host with a wrong clock sends this many in a row only if it sends alone.
constexpr uint32_t kRunBeyond = 10'000;

}  // namespace

bool TimeWindow::IsOverWith(int32_t partition, int64_t offset, const MessagePacket& packet) {
  if (!bounds_.slack_us || packet.kind != MessagePacket::Kind::kPacket) return false;
  const auto time_us = static_cast<int64_t>(packet.time_ns / 1000);
  const bool is_in = Contains(time_us);
  const auto begins = begins_.find(partition);
  if (is_in && begins != begins_.end() && offset < begins->second) outside_++;
  if (!bounds_.to_us) return false;

  Tail& tail = tails_[partition];
  // When the broker took a message is certain; of a sender's two times the earlier one counts.
  const int64_t kafka_us = packet.timestamp_ms * 1000 + 999;
  const int64_t latest_us = packet.appended ? kafka_us : std::min(kafka_us, time_us);
  const bool is_beyond = latest_us > *bounds_.to_us + *bounds_.slack_us;
  if (is_in && (is_beyond || tail.run > 0)) tail.late++;
  const bool is_plausible = packet.appended || latest_us <= now_us_ + *bounds_.slack_us;
  if (is_plausible) tail.run = is_beyond ? tail.run + 1 : 0;
  if (tail.run < kRunBeyond) return false;
  outside_ += std::exchange(tail.late, 0);
  return true;
}

uint32_t TimeWindow::TakeOutside() { return std::exchange(outside_, 0); }

bool TimeWindow::Contains(int64_t time_us) const {
  return (!bounds_.from_us || time_us >= *bounds_.from_us) &&
         (!bounds_.to_us || time_us < *bounds_.to_us);
}

}  // namespace kcap
