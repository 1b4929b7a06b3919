#include "kafka/batch_producer.h"

#include "kafka/properties.h"
#include "kafka/topic_partitions.h"
#include "kafka/topic_rights.h"
#include "kafka/topic_settings.h"

// What JavaScript sees of a producer. Its thread: producer_sending.cc, producer_packing.cc and
// producer_outcomes.cc.
namespace kcap {

void BatchProducer::Init(Napi::Env env, Napi::Object exports) {
  exports["BatchProducer"] =
      DefineClass(env, "BatchProducer",
                  {
                      InstanceMethod<&BatchProducer::Produce>("produce"),
                      InstanceMethod<&BatchProducer::ProduceMessages>("produceMessages"),
                      InstanceMethod<&BatchProducer::Flush>("flush"),
                      InstanceMethod<&BatchProducer::Purge>("purge"),
                      InstanceMethod<&BatchProducer::Withdraw>("withdraw"),
                      InstanceMethod<&BatchProducer::TakeWithdrawn>("takeWithdrawn"),
                      InstanceMethod<&BatchProducer::TakeRefused>("takeRefused"),
                      InstanceMethod<&BatchProducer::Partitions>("partitions"),
                      InstanceMethod<&BatchProducer::AskForTopicSettings>("askForTopicSettings"),
                      InstanceMethod<&BatchProducer::TopicSettings>("topicSettings"),
                      InstanceMethod<&BatchProducer::Bounds>("requestBounds"),
                      InstanceMethod<&BatchProducer::BoundRequests>("boundRequests"),
                      InstanceMethod<&BatchProducer::Counters>("counters"),
                      InstanceMethod<&BatchProducer::TakeReports>("takeReports"),
                      InstanceMethod<&BatchProducer::Close>("close"),
                  });
}

BatchProducer::BatchProducer(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      ThreadedObject(*this, "kcap producer"),
      events_(js(), info[0].As<Napi::Object>().Get("onEvent").As<Napi::Function>()),
      topic_(info[0].As<Napi::Object>().Get("topic").As<Napi::String>()),
      may_fill_queue_(info[0].As<Napi::Object>().Get("mayFillQueue").As<Napi::Boolean>()),
      stamp_packet_time_(
          info[0].As<Napi::Object>().Get("timestamp").As<Napi::String>().Utf8Value() == "packet"),
      flow_partitions_(
          info[0].As<Napi::Object>().Get("flowPartitions").As<Napi::Number>().Int32Value()),
      keys_choose_(info[0].As<Napi::Object>().Get("keysChoose").As<Napi::Boolean>()),
      report_every_(static_cast<uint64_t>(
          info[0].As<Napi::Object>().Get("reportEvery").As<Napi::Number>().Int64Value())),
      keeps_undelivered_(info[0].As<Napi::Object>().Get("keepsUndelivered").ToBoolean()),
      push_timer_(
          std::chrono::milliseconds(
              info[0].As<Napi::Object>().Get("pushIntervalMs").As<Napi::Number>().Int64Value()),
          info[0].As<Napi::Object>().Get("fullBytes").As<Napi::Number>().Int64Value()) {
  const auto options = info[0].As<Napi::Object>();
  const auto headers = options.Get("headers").As<Napi::Array>();
  size_t header_bytes = 0;
  for (uint32_t i = 0; i < headers.Length(); i++) {
    const auto header = headers.Get(i).As<Napi::Array>();
    const auto& [name, value] =
        headers_.emplace_back(header.Get(0u).As<Napi::String>(), header.Get(1u).As<Napi::String>());
    header_bytes += name.size() + value.size();
  }
  refused_.SetHeaderBytes(header_bytes);
  if (const int64_t pack_bytes = options.Get("packBytes").As<Napi::Number>(); pack_bytes > 0)
    packs_.emplace(
        static_cast<size_t>(pack_bytes),
        std::chrono::milliseconds(options.Get("packAgeMs").As<Napi::Number>().Int64Value()));
  try {
    conf_ = ConfOf(info.Env(), options.Get("properties"));
    events_.Register(conf_.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf_.get(), OnDelivery);
    rd_kafka_conf_set_background_event_cb(conf_.get(), OnBackgroundEvent);
    bounds_ = wanted_bounds_ = BoundsOf(conf_.get());
    client_ = std::make_unique<ProducerClient>(conf_.get(), bounds_, topic_,
                                               HasTurns() ? &turns_ : nullptr);
    AskForTopicRights(client(), topic_);
    StartThread([this] { Run(); });
  } catch (...) {
    // A client that could not be opened reports nothing more.
    events_.Silence();
    client_.reset();
    throw;
  }
  Begin();
}

void BatchProducer::EndThread(bool at_once) {
  if (at_once) {
    events_.Silence();
    cancelled_ = true;
  }
  std::lock_guard lock(mutex_);
  closing_ = true;
  if (client_) rd_kafka_queue_yield(client_->reports());
}

Napi::Value BatchProducer::Submit(Napi::Env env, std::function<double()> work) {
  auto promise = std::make_shared<Deferred>(env);
  std::lock_guard lock(mutex_);
  if (closing_ || job_) {
    promise->Reject(
        Napi::Error::New(env, closing_ ? "producer is closed" : "producer is busy").Value());
    return promise->Promise();
  }
  job_ = Job{[this, promise, work = std::move(work)] {
               const double result = work();
               js().Post([promise, result](Napi::Env env) {
                 promise->Resolve(Napi::Number::New(env, result));
               });
             },
             [this, promise] {
               js().Post([promise](Napi::Env env) {
                 promise->Reject(Napi::Error::New(env, "producer is closed").Value());
               });
             }};
  rd_kafka_queue_yield(client_->reports());
  return promise->Promise();
}

Napi::Value BatchProducer::Produce(const Napi::CallbackInfo& info) {
  const auto buffer = info[0].As<Napi::Buffer<uint8_t>>();
  const Records records{
      buffer.Data(), buffer.Length(), info[1].As<Napi::Number>(), info[2].As<Napi::Boolean>(),
      info[3].IsString() ? info[3].As<Napi::String>().Utf8Value() : std::string()};
  const auto promise =
      Submit(info.Env(), [this, records] { return static_cast<double>(ProduceRecords(records)); });
  // The thread reads the Buffer until then, and perhaps nobody else holds it any more.
  promise.As<Napi::Object>().Set("records", buffer);
  return promise;
}

Napi::Value BatchProducer::ProduceMessages(const Napi::CallbackInfo& info) {
  const auto buffer = info[0].As<Napi::Buffer<uint8_t>>();
  const std::span<const uint8_t> frames(buffer.Data(), buffer.Length());
  const auto promise = Submit(info.Env(), [this, frames] { return ProduceFrames(frames); });
  // As above.
  promise.As<Napi::Object>().Set("frames", buffer);
  return promise;
}

Napi::Value BatchProducer::Flush(const Napi::CallbackInfo& info) {
  const int timeout_ms = info[0].As<Napi::Number>();
  return Submit(info.Env(), [this, timeout_ms] { return FlushFor(timeout_ms); });
}

Napi::Value BatchProducer::Purge(const Napi::CallbackInfo& info) {
  return Submit(info.Env(), [this] {
    ending_ = Ending::kPurge;
    PurgeAll();
    ending_ = Ending::kNone;
    return 0;
  });
}

Napi::Value BatchProducer::Withdraw(const Napi::CallbackInfo& info) {
  const int wait_ms = info[0].As<Napi::Number>();
  return Submit(info.Env(), [this, wait_ms] {
    ending_ = Ending::kWithdraw;
    WithdrawQueue(wait_ms);
    PurgeAll();
    ending_ = Ending::kNone;
    return static_cast<double>(UnderWay());
  });
}

Napi::Value BatchProducer::TakeWithdrawn(const Napi::CallbackInfo& info) {
  return withdrawn_.Take(info.Env());
}

Napi::Value BatchProducer::TakeRefused(const Napi::CallbackInfo& info) {
  return refused_packets_.Take(info.Env());
}

Napi::Value BatchProducer::Partitions(const Napi::CallbackInfo& info) {
  const int timeout_ms = info[0].As<Napi::Number>();
  return Submit(info.Env(), [this, timeout_ms]() -> double {
    const auto [error, count] = AskForPartitions(client(), client_->topic(), timeout_ms);
    if (!error || error == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return count;
    events_.Report(error, rd_kafka_err2str(error));
    return -1;
  });
}

Napi::Value BatchProducer::AskForTopicSettings(const Napi::CallbackInfo& info) {
  const int timeout_ms = info[0].As<Napi::Number>();
  return Submit(info.Env(), [this, timeout_ms] {
    LookUpTopicSettings(timeout_ms);
    std::lock_guard lock(details_mutex_);
    return static_cast<double>(topic_settings_.size());
  });
}

void BatchProducer::LookUpTopicSettings(int timeout_ms) {
  auto settings = SettingsOfTopic(client(), topic_, timeout_ms);
  std::lock_guard lock(details_mutex_);
  // Where nobody answers in time, nothing is known: what was said before may have changed.
  topic_settings_ = std::move(settings.values);
  may_see_settings_ = !topic_settings_.empty() || settings.error == RD_KAFKA_RESP_ERR__TIMED_OUT;
}

Napi::Value BatchProducer::TopicSettings(const Napi::CallbackInfo& info) {
  auto settings = Napi::Object::New(info.Env());
  std::lock_guard lock(details_mutex_);
  for (const auto& [name, value] : topic_settings_) settings[name] = value;
  return settings;
}

Napi::Value BatchProducer::Bounds(const Napi::CallbackInfo& info) {
  auto bounds = Napi::Object::New(info.Env());
  std::lock_guard lock(mutex_);
  bounds["bytes"] = Napi::Number::New(info.Env(), static_cast<double>(bounds_.bytes));
  bounds["messageBytes"] =
      Napi::Number::New(info.Env(), static_cast<double>(bounds_.message_bytes));
  bounds["messages"] = Napi::Number::New(info.Env(), bounds_.messages);
  return bounds;
}

Napi::Value BatchProducer::BoundRequests(const Napi::CallbackInfo& info) {
  const RequestBounds bounds{static_cast<size_t>(info[0].As<Napi::Number>().Int64Value()),
                             static_cast<size_t>(info[1].As<Napi::Number>().Int64Value()),
                             info[2].As<Napi::Number>()};
  const auto pack_bytes = static_cast<size_t>(info[3].As<Napi::Number>().Int64Value());
  return Submit(info.Env(), [this, bounds, pack_bytes] {
    wanted_bounds_ = bounds;
    if (packs_) packs_->SetLimit(pack_bytes);
    return SendRefusedAgain() ? 1 : 0;
  });
}

Napi::Value BatchProducer::Counters(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto number = [env](uint64_t value) {
    return Napi::Number::New(env, static_cast<double>(value));
  };
  auto counters = Napi::Object::New(env);
  // In this order: no message is reported, nor settled, that is not accepted.
  const uint64_t settled = settled_;
  const uint64_t reported = reported_;
  const uint64_t accepted = accepted_;
  counters["accepted"] = number(accepted);
  counters["delivered"] = number(delivered_);
  counters["deliveredBytes"] = number(delivered_bytes_);
  counters["failed"] = number(failed_);
  counters["underWay"] = number(accepted - reported);
  counters["settled"] = number(settled);
  counters["failures"] = failures_.ToObject(env);
  return counters;
}

Napi::Value BatchProducer::TakeReports(const Napi::CallbackInfo& info) {
  std::vector<Report> reports;
  {
    std::lock_guard lock(details_mutex_);
    reports.swap(reports_);
  }
  const auto env = info.Env();
  auto list = Napi::Array::New(env, reports.size());
  for (uint32_t i = 0; i < reports.size(); i++) {
    auto entry = Napi::Object::New(env);
    entry["number"] = Napi::Number::New(env, static_cast<double>(reports[i].number));
    entry["timeUs"] = Napi::Number::New(env, static_cast<double>(reports[i].time_us));
    entry["partition"] = Napi::Number::New(env, reports[i].partition);
    entry["offset"] = Napi::Number::New(env, static_cast<double>(reports[i].offset));
    entry["length"] = Napi::Number::New(env, static_cast<double>(reports[i].length));
    list[i] = entry;
  }
  return list;
}

}  // namespace kcap
