#pragma once

#include <librdkafka/rdkafka.h>
#include <napi.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace kcap {

// Ids of causes that librdkafka has no name for. TypeScript has their words (delivery-cause.ts).
// Arrays: there is one of each, and its address tells it.

/** Larger than librdkafka lets a message be (message.max.bytes). */
inline constexpr char kLargerThanClientTakes[] = "larger-than-client-takes";
/** The broker refuses it even in a request of its own. */
inline constexpr char kLargerThanTopicTakes[] = "larger-than-topic-takes";
/** The broker's validation has refused it, which of a packet only looks at the time. */
inline constexpr char kTimeRefused[] = "time-refused";
/** Given up before it was delivered. */
inline constexpr char kNotDeliveredInTime[] = "not-delivered-in-time";

/** Packets that were not delivered, counted by the ids of their causes. Any thread may use it. */
class DeliveryFailures {
 public:
  /**
   * Counts a message's packets. Whether JavaScript should hear of it: the cause is new, or was last
   * told of a while ago.
   *
   * @param timestamp_ms Kafka's timestamp of a message that failed for its own sake
   */
  bool Count(const char* id, uint64_t packets, std::optional<int64_t> timestamp_ms = {});
  /** The same, for an error of librdkafka's: its id is the name, as in msg-timed-out. */
  bool Count(rd_kafka_resp_err_t error, uint64_t packets);

  /** {id: {packets, text, timeMs?}}; `text` is librdkafka's, where it has a name for the cause. */
  Napi::Object ToObject(Napi::Env env) const;

 private:
  struct Failure {
    uint64_t packets = 0;
    std::string text;
    std::chrono::steady_clock::time_point told;
    std::optional<int64_t> timestamp_ms;  // of the last one that failed for its own sake
  };

  bool Count(const std::string& id, const char* text, uint64_t packets,
             std::optional<int64_t> timestamp_ms);

  mutable std::mutex mutex_;
  std::map<std::string, Failure> failures_;  // by id
};

}  // namespace kcap
