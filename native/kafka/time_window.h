#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "wire/plain_message.h"

namespace kcap {

/**
 * A span of packet times that is looked for in a topic, and how far beyond it. Packets are not in
 * order in a partition: they come late (from a spool), and clocks differ. So a partition is over
 * only once a long run of its messages lies beyond the span by more than the slack.
 */
class TimeWindow {
 public:
  struct Bounds {
    std::optional<int64_t> from_us;   // since 1970, the first in the span
    std::optional<int64_t> to_us;     // the first no longer in it
    std::optional<int64_t> slack_us;  // nothing: partitions are read whole
  };

  /** `now_us`: times later than that by more than the slack are a wrong clock's. */
  TimeWindow(Bounds bounds, int64_t now_us) : bounds_(bounds), now_us_(now_us) {}

  /** The partition is read from before `offset`, where Kafka's times would have it begin. */
  void BeginsAt(int32_t partition, int64_t offset) { begins_[partition] = offset; }

  /** To be told of each packet, in order. True where what follows in the partition can be left
   * unread. */
  bool IsOverWith(int32_t partition, int64_t offset, const MessagePacket& packet);
  /** Packets of the span that lay outside the slack, since this was last asked: there may be
   * others. */
  uint32_t TakeOutside();

 private:
  struct Tail {
    uint32_t run = 0;   // messages in a row that lie beyond
    uint32_t late = 0;  // packets of the span that came after such
  };

  bool Contains(int64_t time_us) const;

  const Bounds bounds_;
  const int64_t now_us_;
  std::map<int32_t, int64_t> begins_;
  std::map<int32_t, Tail> tails_;
  uint32_t outside_ = 0;
};

}  // namespace kcap
