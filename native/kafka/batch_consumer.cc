#include "kafka/batch_consumer.h"

#include <memory>
#include <system_error>
#include <utility>

#include "kafka/consumer_options.h"
#include "kafka/properties.h"

// What JavaScript sees of a consumer. Its thread: consumer_reading.cc.
namespace kcap {
namespace {

constexpr size_t kMaxRecordsPerBatch = 16'384;

}  // namespace

void BatchConsumer::Init(Napi::Env env, Napi::Object exports) {
  exports["BatchConsumer"] =
      DefineClass(env, "BatchConsumer",
                  {
                      InstanceMethod<&BatchConsumer::Next>("next"),
                      InstanceMethod<&BatchConsumer::Acknowledge>("acknowledge"),
                      InstanceMethod<&BatchConsumer::HighWatermarks>("highWatermarks"),
                      InstanceMethod<&BatchConsumer::Stop>("stop"),
                      InstanceMethod<&BatchConsumer::EndHere>("endHere"),
                      InstanceMethod<&BatchConsumer::Close>("close"),
                  });
}

BatchConsumer::BatchConsumer(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      ThreadedObject(*this, "kcap consumer"),
      events_(js(), info[0].As<Napi::Object>().Get("onEvent").As<Napi::Function>()),
      exchange_(js(), info[0].As<Napi::Object>().Get("batchBytes").As<Napi::Number>().Uint32Value(),
                kMaxRecordsPerBatch),
      filler_(exchange_,
              std::chrono::milliseconds(
                  info[0].As<Napi::Object>().Get("maxBatchAgeMs").As<Napi::Number>().Int64Value()),
              [this] { return AwaitRoom(); }),
      topic_(info[0].As<Napi::Object>().Get("topic").As<Napi::String>()),
      in_time_order_(info[0].As<Napi::Object>().Get("inTimeOrder").As<Napi::Boolean>()),
      overrides_committed_(
          info[0].As<Napi::Object>().Get("overridesCommitted").As<Napi::Boolean>()),
      reads_(topic_, ReadsIn(info[0].As<Napi::Object>()),
             info[0].As<Napi::Object>().Get("otherStart").As<Napi::Number>()),
      watch_(topic_),
      standstill_(topic_, reads_, watch_,
                  [this](rd_kafka_resp_err_t error, const std::string& what) {
                    events_.Report(error, what.c_str());
                  }),
      intake_(ReadingIn(info[0].As<Napi::Object>()), WindowIn(info[0].As<Napi::Object>()), reads_,
              filler_, standstill_, events_) {
  const auto options = info[0].As<Napi::Object>();
  auto conf = ConfOf(info.Env(), options.Get("properties"));
  events_.Register(conf.get(), this);
  rd_kafka_conf_set_rebalance_cb(conf.get(), OnRebalance);
  client_ = std::make_unique<ConsumerClient>(std::move(conf));
  if (const auto group = TextIn(options, "group"); !group.empty())
    group_.emplace(client(), topic_, group, TextIn(options, "groupInstance"),
                   GroupMembership::Reading{reads_, exchange_, standstill_, stopping_});
  exchange_.OnWanted([this] { Wake(); });
  try {
    StartThread([this] { Run(); });
  } catch (const std::system_error& error) {
    throw Napi::Error::New(info.Env(), std::string("no thread for it: ") + error.what());
  }
  Begin();
}

void BatchConsumer::EndThread(bool at_once) {
  if (at_once) events_.Silence();
  stopping_ = true;
  exchange_.Close();
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    close_allowed_.notify_all();
  }
  Wake();
}

void BatchConsumer::OnClosed() {
  exchange_.LetGo();
  events_.Release();
}

void BatchConsumer::Wake() {
  std::lock_guard lock(mutex_);
  if (client_) client_->Wake();
}

Napi::Value BatchConsumer::Next(const Napi::CallbackInfo& info) {
  return exchange_.Next(info.Env());
}

void BatchConsumer::Acknowledge(const Napi::CallbackInfo& info) {
  // The client may be gone already, or the batch another member's matter.
  if (closing_ || exchange_.HeldWasTakenBack()) return;
  const auto list = info[0].As<Napi::Array>();
  const PartitionList offsets = NewPartitionList(list.Length());
  for (uint32_t i = 0; i < list.Length(); i++) {
    const auto entry = list.Get(i).As<Napi::Object>();
    GroupOffsets::Put(offsets.get(), topic_.c_str(), entry.Get("partition").As<Napi::Number>(),
                      {entry.Get("offset").As<Napi::Number>().Int64Value(),
                       entry.Get("skip").As<Napi::Number>().Uint32Value()});
  }
  // A partition that has gone to another member meanwhile is refused.
  rd_kafka_offsets_store(client(), offsets.get());
}

Napi::Value BatchConsumer::HighWatermarks(const Napi::CallbackInfo& info) {
  const auto asked = info[0].As<Napi::Array>();
  auto highs = Napi::Array::New(info.Env(), asked.Length());
  std::lock_guard lock(mutex_);
  for (uint32_t i = 0; i < asked.Length(); i++) {
    int64_t low = -1, high = -1;
    const int32_t partition = asked.Get(i).As<Napi::Number>();
    if (client_) rd_kafka_get_watermark_offsets(client(), topic_.c_str(), partition, &low, &high);
    highs.Set(i, Napi::Number::New(info.Env(), std::max<int64_t>(high, -1)));
  }
  return highs;
}

void BatchConsumer::Stop(const Napi::CallbackInfo&) {
  stopping_ = true;
  Wake();
}

void BatchConsumer::EndHere(const Napi::CallbackInfo&) {
  ends_here_ = true;
  Wake();
}

void BatchConsumer::OnRebalance(rd_kafka_t*, rd_kafka_resp_err_t error,
                                rd_kafka_topic_partition_list_t* partitions, void* opaque) {
  ClientEvents::OpaqueOf<BatchConsumer>(opaque)->group_->OnRebalance(error, partitions);
}

}  // namespace kcap
