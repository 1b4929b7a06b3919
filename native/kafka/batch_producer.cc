#include "kafka/batch_producer.h"

#include <endian.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "batch/batch.h"
#include "kafka/properties.h"
#include "kafka/refusal.h"
#include "kafka/topic_partitions.h"
#include "kafka/topic_rights.h"
#include "kafka/topic_settings.h"

namespace kcap {
namespace {

constexpr int32_t kEthernet = 1;
// How long a produce waits for room before JavaScript is asked again what to do.
constexpr int kMaxWaitForRoomMs = 100;
constexpr int kIdlePollMs = 1000;  // a job ends the wait at once
// As many messages keep several partitions busy over the time that a batch lingers. More of them
// only cost memory and the processor's cache, where the packets can wait elsewhere.
constexpr int kShortQueue = 50'000;
constexpr int kRecordsBetweenLooks = 256;
constexpr int kStepMs = 10;
// Without a delivery, while there is no room. Longer than the way to a distant broker and back:
// librdkafka polls without a pause while what is to be pushed waits for an answer.
constexpr int kStepsBeforePush = 30;
// Of a message: its parts, and the headers that say what is not plain about the packet.
constexpr size_t kPlainArguments = 13;

/** For a counter that one thread alone writes: cheaper than an atomic addition. */
void Add(std::atomic<uint64_t>& counter, uint64_t number) {
  counter.store(counter.load(std::memory_order_relaxed) + number, std::memory_order_relaxed);
}

void PutHeader(rd_kafka_vu_t& argument, const char* name, std::string_view value) {
  argument.vtype = RD_KAFKA_VTYPE_HEADER;
  argument.u.header.name = name;
  argument.u.header.val = value.data();
  argument.u.header.size = static_cast<ssize_t>(value.size());
}

/** A header of a message: a constant name and a decimal number. */
class DecimalHeader {
 public:
  DecimalHeader(const char* name, uint64_t value)
      : name_(name), length_(std::to_chars(text_, text_ + sizeof text_, value).ptr - text_) {}

  void PutInto(rd_kafka_vu_t& argument) const { PutHeader(argument, name_, {text_, length_}); }

 private:
  const char* name_;
  char text_[20];
  size_t length_;
};

}  // namespace

void BatchProducer::Init(Napi::Env env, Napi::Object exports) {
  exports["BatchProducer"] =
      DefineClass(env, "BatchProducer",
                  {
                      InstanceMethod<&BatchProducer::Produce>("produce"),
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
      js_(info.Env(), "kcap producer"),
      events_(js_, info[0].As<Napi::Object>().Get("onEvent").As<Napi::Function>()),
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
  for (uint32_t i = 0; i < headers.Length(); i++) {
    const auto header = headers.Get(i).As<Napi::Array>();
    headers_.emplace_back(header.Get(0u).As<Napi::String>(), header.Get(1u).As<Napi::String>());
  }
  arguments_.resize(kPlainArguments + headers_.size());
  try {
    conf_ = ConfOf(info.Env(), options.Get("properties"));
    events_.Register(conf_.get(), this);
    rd_kafka_conf_set_dr_msg_cb(conf_.get(), OnDelivery);
    rd_kafka_conf_set_background_event_cb(conf_.get(), OnBackgroundEvent);
    bounds_ = wanted_bounds_ = BoundsOf(conf_.get());
    client_ = std::make_unique<ProducerClient>(conf_.get(), bounds_, topic_,
                                               HasTurns() ? &turns_ : nullptr);
    AskForTopicRights(client(), topic_);
    // Last: what comes before may fail, and must not leave anything behind that refers to this.
    thread_ = std::thread([this] { Run(); });
  } catch (const std::exception& error) {
    events_.Silence();
    client_.reset();
    js_.Release();
    throw Napi::Error::New(info.Env(), error.what());
  }
  napi_add_env_cleanup_hook(info.Env(), OnTeardown, this);
  Ref();
}

BatchProducer::~BatchProducer() { StopThread(); }

void BatchProducer::OnTeardown(void* self) { static_cast<BatchProducer*>(self)->StopThread(); }

void BatchProducer::StopThread() {
  if (!thread_.joinable()) return;
  events_.Silence();
  cancelled_ = true;
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
    if (client_) rd_kafka_queue_yield(client_->reports());
  }
  thread_.join();
}

Napi::Value BatchProducer::Submit(Napi::Env env, std::function<double()> work) {
  auto promise = std::make_shared<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(env));
  std::lock_guard lock(mutex_);
  if (closing_ || job_) {
    promise->Reject(
        Napi::Error::New(env, closing_ ? "producer is closed" : "producer is busy").Value());
    return promise->Promise();
  }
  job_ = Job{[this, promise, work = std::move(work)] {
               const double result = work();
               js_.Post([promise, result](Napi::Env env) {
                 promise->Resolve(Napi::Number::New(env, result));
               });
             },
             [this, promise] {
               js_.Post([promise](Napi::Env env) {
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
    auto settings = SettingsOfTopic(client(), topic_, timeout_ms);
    std::lock_guard lock(details_mutex_);
    topic_settings_ = std::move(settings);
    return static_cast<double>(topic_settings_.size());
  });
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
  return Submit(info.Env(), [this, bounds] {
    wanted_bounds_ = bounds;
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

Napi::Value BatchProducer::Close(const Napi::CallbackInfo& info) {
  auto promise =
      std::make_shared<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(info.Env()));
  std::lock_guard lock(mutex_);
  if (closing_) {
    promise->Resolve(info.Env().Undefined());
    return promise->Promise();
  }
  closing_ = true;
  on_closed_ = [this, promise] {
    js_.Post([this, promise](Napi::Env env) {
      thread_.join();
      events_.Silence();
      napi_remove_env_cleanup_hook(env, OnTeardown, this);
      js_.Release();
      promise->Resolve(env.Undefined());
      Unref();
    });
  };
  rd_kafka_queue_yield(client_->reports());
  return promise->Promise();
}

void BatchProducer::Run() {
  for (;;) {
    std::optional<Job> job;
    {
      std::lock_guard lock(mutex_);
      job.swap(job_);
      if (closing_) {
        if (job) job->abandon();
        break;
      }
    }
    const bool may_idle = SendRefusedAgain();
    if (job)
      job->run();
    else
      rd_kafka_queue_poll_callback(client_->reports(),
                                   may_idle ? push_timer_.IdleMs(kIdlePollMs) : kStepMs);
    PushIfDue();
  }
  std::unique_ptr<ProducerClient> client;
  {
    std::lock_guard lock(mutex_);
    client.swap(client_);
  }
  client.reset();
  if (on_closed_) on_closed_();
}

size_t BatchProducer::ProduceRecords(const Records& records) {
  size_t at = 0;
  int waited_ms = 0;
  for (int count = 0; at < records.length && !cancelled_; count++) {
    if (count % kRecordsBetweenLooks == 0 && !HasRoom()) break;
    RecordHeader header;
    memcpy(&header, records.bytes + at, sizeof header);
    const auto outcome = ProduceRecord(records, records.bytes + at);
    if (outcome == Outcome::kTaken) {
      at += sizeof header + header.captured;
    } else if (outcome == Outcome::kRefused) {
      break;
    } else if (waited_ms < kMaxWaitForRoomMs) {
      // A queue that is full has nothing to linger for, also where a request would hold more.
      rd_kafka_flush(client(), kStepMs);
      waited_ms += kStepMs;
    } else {
      break;
    }
  }
  rd_kafka_poll(client(), 0);
  push_timer_.Produced(at);
  return at;
}

/** Waits a moment where the queue is longer than it need be, or older packets are to be sent again;
 * true where records may be added. */
bool BatchProducer::HasRoom() {
  for (int waited_ms = 0; waited_ms < kMaxWaitForRoomMs; waited_ms += kStepMs) {
    const bool may_follow = SendRefusedAgain();
    const int queued = rd_kafka_outq_len(client());
    if (may_follow && (may_fill_queue_ || queued <= kShortQueue)) return true;
    // Where messages are spread over many partitions, none may have enough for a full request.
    if (!HasTurns() || steps_without_progress_ >= kStepsBeforePush)
      rd_kafka_flush(client(), kStepMs);
    else
      rd_kafka_poll(client(), kStepMs);
    const bool progresses = rd_kafka_outq_len(client()) < queued;
    steps_without_progress_ = progresses ? 0 : steps_without_progress_ + 1;
  }
  return false;
}

BatchProducer::Outcome BatchProducer::ProduceRecord(const Records& records, const uint8_t* record) {
  RecordHeader header;
  memcpy(&header, record, sizeof header);
  const uint32_t fraction_us = records.nanoseconds ? header.fraction / 1000 : header.fraction;
  const uint64_t time_us = header.seconds * UINT64_C(1'000'000) + fraction_us;
  uint64_t key = htobe64(time_us);

  auto& arguments = arguments_;
  size_t count = 0;
  const auto next = [&](rd_kafka_vtype_t type) -> decltype(arguments[0].u)& {
    arguments[count].vtype = type;
    return arguments[count++].u;
  };
  next(RD_KAFKA_VTYPE_RKT).rkt = client_->topic();
  next(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
  next(RD_KAFKA_VTYPE_KEY).mem = {&key, sizeof key};
  next(RD_KAFKA_VTYPE_VALUE).mem = {const_cast<uint8_t*>(record + sizeof header), header.captured};
  // 0 is librdkafka's "now".
  next(RD_KAFKA_VTYPE_TIMESTAMP).i64 =
      stamp_packet_time_ ? static_cast<int64_t>(time_us / 1000) : 0;
  const uint64_t number = accepted_.load(std::memory_order_relaxed) + 1;
  next(RD_KAFKA_VTYPE_OPAQUE).ptr = reinterpret_cast<void*>(number);
  if (flow_partitions_ > 1)
    next(RD_KAFKA_VTYPE_PARTITION).i32 = static_cast<int32_t>(
        flow_hash_.Of(records.link_type, {record + sizeof header, header.captured}) %
        flow_partitions_);

  std::optional<DecimalHeader> link_type, original_length, nanoseconds;
  if (records.link_type != kEthernet)
    link_type.emplace("pcap-linktype", records.link_type).PutInto(arguments[count++]);
  // A length shorter than what was captured is damage in a file; readers would have to ignore it.
  if (header.original > header.captured)
    original_length.emplace("pcap-origlen", header.original).PutInto(arguments[count++]);
  if (records.nanoseconds)
    nanoseconds.emplace("pcap-nanos", header.fraction % 1000).PutInto(arguments[count++]);

  if (!records.interface.empty())
    PutHeader(arguments[count++], "pcap-interface", records.interface);
  for (const auto& [name, value] : headers_) PutHeader(arguments[count++], name.c_str(), value);

  rd_kafka_error_t* error = rd_kafka_produceva(client(), arguments.data(), count);
  if (!error) {
    Add(accepted_, 1);
    settled_mark_.Begin(number);
    turns_.Produced(sizeof key + header.captured);
    return Outcome::kTaken;
  }
  const auto code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return Outcome::kQueueFull;
  if (code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE) {
    MessagePacket packet{};
    packet.link = {records.link_type, records.nanoseconds, records.interface, {}};
    packet.header = header;
    KeepRefused(number, packet, {record + sizeof header, header.captured});
    CountFailure(kLargerThanClientTakes);
  } else if (keeps_undelivered_ && !IsOwnFault(code)) {
    SayRefusal(code);
    return Outcome::kRefused;
  } else {
    CountFailure(code);
  }
  return Outcome::kTaken;
}

double BatchProducer::FlushFor(int timeout_ms) {
  constexpr int kFlushStepMs = 50;
  for (int left = timeout_ms; left > 0 && !cancelled_ && UnderWay() > 0; left -= kFlushStepMs) {
    rd_kafka_flush(client(), std::min(left, kFlushStepMs));
    SendRefusedAgain();
  }
  return static_cast<double>(UnderWay());
}

/** Sends what waits for a fuller request, and waits a moment for its delivery. */
void BatchProducer::PushIfDue() {
  constexpr int kMaxWaitMs = 20;
  if (!push_timer_.IsDue()) return;
  if (rd_kafka_flush(client(), kMaxWaitMs) == RD_KAFKA_RESP_ERR_NO_ERROR) push_timer_.Pushed();
  turns_.Pushed();
}

/** Takes back what no broker has seen, and waits a moment for what becomes of the rest. */
void BatchProducer::WithdrawQueue(int wait_ms) {
  constexpr int kStepMs = 50;
  if (wait_ms > 0) rd_kafka_purge(client(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_NON_BLOCKING);
  for (int left = wait_ms; left > 0 && rd_kafka_outq_len(client()) > 0 && !cancelled_;
       left -= kStepMs)
    rd_kafka_poll(client(), kStepMs);
}

void BatchProducer::PurgeAll() {
  auto bounds = bounds_;
  refused_.Judge([this](const RefusedMessage& message) { FailForItsOwnSake(message); }, bounds);
  for (const auto& [number, message] : refused_.again()) GiveUp(message);
  refused_.again().clear();
  // The brokers' threads purge some time later: also what comes after, where nothing is left now.
  if (rd_kafka_outq_len(client()) == 0) return;
  // A broker's thread may be waiting for a name server: it is waited for no longer than below.
  rd_kafka_purge(
      client(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
  // Each purged message has a delivery report of its own, in which it is counted.
  for (int tries = 0; rd_kafka_outq_len(client()) > 0 && tries < 5 && !cancelled_; tries++)
    rd_kafka_poll(client(), 100);
}

bool BatchProducer::SendRefusedAgain() {
  if (refused_.empty() && bounds_ == wanted_bounds_) return true;
  auto lowered = bounds_;
  refused_.Judge([this](const RefusedMessage& message) { FailForItsOwnSake(message); }, lowered);
  wanted_bounds_.bytes = std::min(wanted_bounds_.bytes, lowered.bytes);
  auto bounds = wanted_bounds_;
  if (refused_.one_by_one()) bounds.messages = 1;
  if (!HasClientOf(bounds)) return false;
  auto& again = refused_.again();
  if (!again.empty()) push_timer_.Produced(0);
  while (!again.empty() && ProduceAgain(again.begin()->second) == Outcome::kTaken)
    again.erase(again.begin());
  if (!again.empty()) return false;
  if (!refused_.one_by_one()) return true;
  // No newer packet follows before the requests are as usual again.
  if (UnderWay() == 0) refused_.Settled();
  return false;
}

/** Whether requests have these bounds; if not, all is sent, and then another client takes over. */
bool BatchProducer::HasClientOf(const RequestBounds& bounds) {
  if (bounds == bounds_) return true;
  if (rd_kafka_outq_len(client()) > 0) {
    rd_kafka_flush(client(), kStepMs);
    return false;
  }
  try {
    auto next = std::make_unique<ProducerClient>(conf_.get(), bounds, topic_,
                                                 HasTurns() ? &turns_ : nullptr);
    std::lock_guard lock(mutex_);
    client_.swap(next);
    bounds_ = bounds;
    return true;
  } catch (const std::exception& error) {
    events_.Report(RD_KAFKA_RESP_ERR__FAIL, error.what(), true);
    wanted_bounds_ = bounds_;
    return false;
  }
}

BatchProducer::Outcome BatchProducer::ProduceAgain(RefusedMessage& message) {
  rd_kafka_vu_t arguments[8];
  size_t count = 0;
  const auto next = [&](rd_kafka_vtype_t type) -> decltype(arguments[0].u)& {
    arguments[count].vtype = type;
    return arguments[count++].u;
  };
  next(RD_KAFKA_VTYPE_RKT).rkt = client_->topic();
  next(RD_KAFKA_VTYPE_PARTITION).i32 = message.partition;
  next(RD_KAFKA_VTYPE_MSGFLAGS).i = RD_KAFKA_MSG_F_COPY;
  next(RD_KAFKA_VTYPE_KEY).mem = {message.key.data(), message.key.size()};
  // A value that is empty is no null.
  static uint8_t empty;
  next(RD_KAFKA_VTYPE_VALUE).mem = {message.frame.empty() ? &empty : message.frame.data(),
                                    message.frame.size()};
  // librdkafka has forgotten it in the meantime; 0 is its "now".
  next(RD_KAFKA_VTYPE_TIMESTAMP).i64 = stamp_packet_time_ ? message.timestamp_ms : 0;
  next(RD_KAFKA_VTYPE_OPAQUE).ptr = reinterpret_cast<void*>(message.number);
  if (message.headers) next(RD_KAFKA_VTYPE_HEADERS).headers = message.headers.get();
  rd_kafka_error_t* error = rd_kafka_produceva(client(), arguments, count);
  if (!error) {
    message.headers.release();  // librdkafka has taken them over
    return Outcome::kTaken;
  }
  const auto code = rd_kafka_error_code(error);
  rd_kafka_error_destroy(error);
  if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL) return Outcome::kQueueFull;
  Settle(message.number);
  if (keeps_undelivered_) {
    withdrawn_.Add(message.number, message.packet, message.frame);
    SayRefusal(code);
  } else {
    CountFailure(code);
  }
  return Outcome::kTaken;
}

void BatchProducer::FailForItsOwnSake(const RefusedMessage& message) {
  Settle(message.number);
  KeepRefused(message.number, message.packet, message.frame);
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  CountFailure(CauseOf(message),
               stamp_packet_time_
                   ? message.timestamp_ms
                   : std::chrono::duration_cast<std::chrono::milliseconds>(now).count());
}

void BatchProducer::KeepRefused(uint64_t number, const MessagePacket& packet,
                                std::span<const uint8_t> frame) {
  if (keeps_undelivered_) refused_packets_.Add(number, packet, frame);
}

/** For a message that is not to be sent again, since everything ends. */
void BatchProducer::GiveUp(const RefusedMessage& message) {
  Settle(message.number);
  if (ending_ == Ending::kWithdraw)
    withdrawn_.Add(message.number, message.packet, message.frame);
  else
    CountFailure(kNotDeliveredInTime);
}

void BatchProducer::Settle(uint64_t number) {
  Add(reported_, 1);
  settled_mark_.Settle(number);
  settled_.store(settled_mark_.value(), std::memory_order_relaxed);
}

void BatchProducer::OnDelivery(rd_kafka_t*, const rd_kafka_message_t* message, void* opaque) {
  auto* self = ClientEvents::OpaqueOf<BatchProducer>(opaque);
  const auto message_number = reinterpret_cast<uint64_t>(message->_private);
  if (message->err && self->ending_ == Ending::kNone &&
      self->refused_.Take(message_number, message))
    return;
  self->Settle(message_number);
  if (message->err) {
    self->OnUndelivered(message_number, message);
    return;
  }
  Add(self->delivered_, 1);
  Add(self->delivered_bytes_, message->len);
  const uint64_t number = self->delivered_.load(std::memory_order_relaxed);
  if (self->report_every_ == 0 || number % self->report_every_ != 0) return;

  uint64_t key;
  memcpy(&key, message->key, sizeof key);
  bool first;
  {
    std::lock_guard lock(self->details_mutex_);
    first = self->reports_.empty();
    self->reports_.push_back({number, static_cast<int64_t>(be64toh(key)), message->partition,
                              message->offset, message->len});
  }
  if (first) self->events_.Notify("reports");
}

void BatchProducer::OnBackgroundEvent(rd_kafka_t*, rd_kafka_event_t* event, void* opaque) {
  constexpr auto kDenied = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;
  if (DeniesWriting(event))
    static_cast<ClientEvents*>(opaque)->Report(kDenied, rd_kafka_err2str(kDenied));
  rd_kafka_event_destroy(event);
}

/** What was refused for its own sake has failed; the rest comes back, if anybody keeps it. */
void BatchProducer::OnUndelivered(uint64_t number, const rd_kafka_message_t* message) {
  const auto error = message->err;
  if (ending_ == Ending::kWithdraw || (keeps_undelivered_ && !IsOwnFault(error))) {
    withdrawn_.Add(number, message);
    if (ending_ == Ending::kNone) SayRefusal(error);
    return;
  }
  if (keeps_undelivered_) refused_packets_.Add(number, message);
  const bool is_purged =
      error == RD_KAFKA_RESP_ERR__PURGE_QUEUE || error == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT;
  if (is_purged)
    CountFailure(kNotDeliveredInTime);
  else
    CountFailure(error);
}

/** Says once that nothing more can be sent: what else is refused has the same cause. */
void BatchProducer::SayRefusal(rd_kafka_resp_err_t error) {
  if (!said_refusal_) events_.Report(error, rd_kafka_err2str(error), true);
  said_refusal_ = true;
}

void BatchProducer::CountFailure(const char* id, std::optional<int64_t> timestamp_ms) {
  Add(failed_, 1);
  if (failures_.Count(id, timestamp_ms)) events_.Notify("failure");
}

void BatchProducer::CountFailure(rd_kafka_resp_err_t error) {
  Add(failed_, 1);
  if (failures_.Count(error)) events_.Notify("failure");
}

}  // namespace kcap
