#include "kafka/consumer_options.h"

namespace kcap {
namespace {

std::optional<int64_t> NumberIn(Napi::Object object, const char* name) {
  const auto value = object.Get(name);
  if (value.IsUndefined()) return std::nullopt;
  return value.As<Napi::Number>().Int64Value();
}

KeyUnit KeyUnitIn(Napi::Object options) {
  const std::string name = TextIn(options, "keyUnit");
  if (name == "ms") return KeyUnit::kMilliseconds;
  return name == "ns" ? KeyUnit::kNanoseconds : KeyUnit::kMicroseconds;
}

ValueKind ValuesIn(Napi::Object options) {
  const std::string name = TextIn(options, "values");
  if (name == "pcap") return ValueKind::kCaptureFile;
  return name == "anything" ? ValueKind::kAnything : ValueKind::kFrame;
}

}  // namespace

std::string TextIn(Napi::Object object, const char* name) {
  const auto value = object.Get(name);
  return value.IsUndefined() ? "" : value.As<Napi::String>().Utf8Value();
}

MessageReading ReadingIn(Napi::Object options) {
  return {options.Get("linkType").As<Napi::Number>(), KeyUnitIn(options), ValuesIn(options),
          options.Get("tellsNames").As<Napi::Boolean>()};
}

std::map<int32_t, PartitionReads::Read> ReadsIn(Napi::Object options) {
  std::map<int32_t, PartitionReads::Read> reads;
  const auto listed = options.Get("partitions").As<Napi::Array>();
  for (uint32_t i = 0; i < listed.Length(); i++) {
    const auto entry = listed.Get(i).As<Napi::Object>();
    reads[entry.Get("partition").As<Napi::Number>()] = {
        .start = entry.Get("start").As<Napi::Number>(),
        .end = NumberIn(entry, "end").value_or(-1),
    };
  }
  return reads;
}

std::optional<TimeWindow> WindowIn(Napi::Object options) {
  if (options.Get("window").IsUndefined()) return std::nullopt;
  const auto given = options.Get("window").As<Napi::Object>();
  TimeWindow window(
      {NumberIn(given, "fromUs"), NumberIn(given, "toUs"), NumberIn(given, "slackUs")},
      NumberIn(given, "nowUs").value_or(0));
  const auto listed = options.Get("partitions").As<Napi::Array>();
  for (uint32_t i = 0; i < listed.Length(); i++) {
    const auto entry = listed.Get(i).As<Napi::Object>();
    if (const auto start = NumberIn(entry, "timeStart"))
      window.BeginsAt(entry.Get("partition").As<Napi::Number>(), *start);
  }
  return window;
}

}  // namespace kcap
