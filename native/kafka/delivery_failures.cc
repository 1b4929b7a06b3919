#include "kafka/delivery_failures.h"

#include <algorithm>
#include <cctype>

namespace kcap {
namespace {

// How often JavaScript hears of failures whose cause it knows.
constexpr std::chrono::seconds kRepeat{10};

/** _MSG_TIMED_OUT → msg-timed-out. No two of librdkafka's names differ in the underscore alone. */
std::string IdOf(rd_kafka_resp_err_t error) {
  std::string id = rd_kafka_err2name(error);
  // A number that librdkafka does not know: brokers may say any.
  if (id.ends_with('?')) return "unknown";
  if (id.starts_with('_')) id.erase(0, 1);
  std::ranges::transform(id, id.begin(), [](unsigned char c) {
    return c == '_' ? '-' : static_cast<char>(std::tolower(c));
  });
  return id;
}

}  // namespace

bool DeliveryFailures::Count(const char* id, uint64_t packets,
                             std::optional<int64_t> timestamp_ms) {
  return Count(id, "", packets, timestamp_ms);
}

bool DeliveryFailures::Count(rd_kafka_resp_err_t error, uint64_t packets) {
  return Count(IdOf(error), rd_kafka_err2str(error), packets, {});
}

bool DeliveryFailures::Count(const std::string& id, const char* text, uint64_t packets,
                             std::optional<int64_t> timestamp_ms) {
  std::lock_guard lock(mutex_);
  auto& failure = failures_[id];
  const auto now = std::chrono::steady_clock::now();
  const bool is_due = failure.packets == 0 || now - failure.told >= kRepeat;
  failure.packets += packets;
  if (is_due) failure.told = now;
  failure.text = text;
  if (timestamp_ms) failure.timestamp_ms = timestamp_ms;
  return is_due;
}

Napi::Object DeliveryFailures::ToObject(Napi::Env env) const {
  auto object = Napi::Object::New(env);
  std::lock_guard lock(mutex_);
  for (const auto& [id, failure] : failures_) {
    auto entry = Napi::Object::New(env);
    entry["packets"] = Napi::Number::New(env, static_cast<double>(failure.packets));
    entry["text"] = failure.text;
    if (failure.timestamp_ms)
      entry["timeMs"] = Napi::Number::New(env, static_cast<double>(*failure.timestamp_ms));
    object[id] = entry;
  }
  return object;
}

}  // namespace kcap
