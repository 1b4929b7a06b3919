#include "capture/live_capture.h"

#include <system_error>
#include <utility>

#include "capture/fanout.h"
#include "capture/kernel_filter.h"
#include "capture/link_type.h"
#include "capture/open_capture.h"
#include "capture/own/own_connections.h"
#include "system/deferred.h"

namespace kcap {

/** Compiles a filter on a thread of its own: a long one takes seconds. */
class LiveCapture::FilterChange : public Napi::AsyncWorker {
 public:
  FilterChange(LiveCapture* capture, std::shared_ptr<pcap_t> pcap, std::string expression)
      : AsyncWorker(capture->Env(), "kcap filter"),
        self_(Napi::Persistent(capture->Value())),
        capture_(capture),
        pcap_(std::move(pcap)),
        expression_(std::move(expression)),
        promise_(capture->Env()) {}

  Napi::Promise Promise() const { return promise_.Promise(); }

  void Execute() override {
    if (expression_.empty()) return;
    program_ = std::make_unique<FilterProgram>(pcap_.get(), expression_);
    here_ = FilterProgram::ForLinkType(expression_, capture_->link_type_,
                                       static_cast<int>(capture_->snap_length_));
  }

  void OnOK() override {
    capture_->UseFilter(std::move(program_), std::move(here_));
    promise_.Resolve(Env().Undefined());
  }

  void OnError(const Napi::Error& error) override {
    error.Value().Set("code", Napi::String::New(Env(), "FILTER"));
    promise_.Reject(error.Value());
  }

 private:
  const Napi::ObjectReference self_;  // nobody may collect the capture meanwhile
  LiveCapture* const capture_;
  const std::shared_ptr<pcap_t> pcap_;
  const std::string expression_;
  Deferred promise_;
  std::unique_ptr<FilterProgram> program_;
  std::unique_ptr<FilterProgram> here_;
};

void LiveCapture::Init(Napi::Env env, Napi::Object exports) {
  exports["LiveCapture"] = DefineClass(env, "LiveCapture",
                                       {
                                           InstanceMethod<&LiveCapture::Next>("next"),
                                           InstanceMethod<&LiveCapture::BeginSharing>("begin"),
                                           InstanceMethod<&LiveCapture::SetFilter>("setFilter"),
                                           InstanceMethod<&LiveCapture::Stop>("stop"),
                                           InstanceMethod<&LiveCapture::Abandon>("abandon"),
                                           InstanceMethod<&LiveCapture::Facts>("facts"),
                                           InstanceMethod<&LiveCapture::Counters>("counters"),
                                           InstanceMethod<&LiveCapture::Close>("close"),
                                       });
}

LiveCapture::LiveCapture(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      ThreadedObject(*this, "kcap capture"),
      exchange_(js(), info[0].As<Napi::Object>().Get("batchBytes").As<Napi::Number>().Uint32Value(),
                0),
      max_batch_age_(
          info[0].As<Napi::Object>().Get("maxBatchAgeMs").As<Napi::Number>().Int64Value()) {
  const auto js_options = info[0].As<Napi::Object>();
  wake_.emplace();
  const CaptureOptions options(js_options);
  auto handle = OpenCapture(info.Env(), options);
  pcap_ = std::move(handle.pcap);
  warning_ = std::move(handle.warning);
  filter_ = std::move(handle.filter);
  filter_here_ = std::move(handle.filter_here);
  filters_here_ = filter_here_ != nullptr;
  fanout_group_ = handle.fanout_group;
  nanoseconds_ = options.nanoseconds;
  if (IsOfPacketSocket(pcap_.get())) ring_bytes_ = static_cast<size_t>(options.buffer_bytes);
  link_type_ = LinkTypeOfDlt(pcap_datalink(pcap_.get()));
  snap_length_ = pcap_snapshot(pcap_.get());
  if (js_options.Get("leavesOutKcap").As<Napi::Boolean>()) own_packets_.emplace(link_type_);
  exchange_.OnWanted([this] { Wake(); });
  Begin();
}

void LiveCapture::EndThread(bool) {
  closing_ = true;
  exchange_.Close();
  Wake();
}

void LiveCapture::Wake() {
  if (wake_) wake_->Set();
}

void LiveCapture::OnClosed() {
  exchange_.LetGo();
  wake_.reset();
}

Napi::Value LiveCapture::Next(const Napi::CallbackInfo& info) {
  if (!HasThread() && pcap_ && !closing_) {
    try {
      StartThread([this] { Run(); });
    } catch (const std::system_error& error) {
      exchange_.End(std::string("there can't be a thread for it: ") + error.what());
    }
  }
  return exchange_.Next(info.Env());
}

void LiveCapture::BeginSharing(const Napi::CallbackInfo& info) {
  if (!pcap_ || !fanout_group_) return;
  try {
    Fanout::Begin(pcap_.get(), filter_ ? filter_->get() : nullptr);
  } catch (const std::system_error& error) {
    throw Napi::Error::New(info.Env(), error.what());
  }
}

Napi::Value LiveCapture::SetFilter(const Napi::CallbackInfo& info) {
  std::shared_ptr<pcap_t> pcap;
  {
    std::lock_guard lock(pcap_mutex_);
    pcap = pcap_;
  }
  if (!pcap) throw Napi::Error::New(info.Env(), "the capture has ended");
  auto* const change = new FilterChange(this, std::move(pcap), info[0].As<Napi::String>());
  const auto promise = change->Promise();
  change->Queue();  // deletes itself when it is done
  return promise;
}

void LiveCapture::UseFilter(std::unique_ptr<FilterProgram> program,
                            std::unique_ptr<FilterProgram> here) {
  {
    std::lock_guard lock(pcap_mutex_);
    if (!pcap_ || stopping_) return;
    if (!filters_here_ && LetPass(pcap_.get(), program ? program->get() : nullptr)) {
      filter_ = std::move(program);
    } else {
      // The kernel goes on with what it has until this filter is there to look at what it lets
      // pass.
      filters_here_ = true;
      next_filter_here_ = std::move(here);
    }
    filter_changed_ = true;
  }
  Wake();
}

void LiveCapture::Stop(const Napi::CallbackInfo&) {
  if (stopping_) return;
  ReadDrops();
  {
    std::lock_guard lock(pcap_mutex_);
    drops_are_final_ = true;
    // What is in the ring now is what the kernel has seen until now, whatever clocks say.
    if (pcap_) CloseRing(pcap_.get());
    stopping_ = true;
  }
  Wake();
}

void LiveCapture::Abandon(const Napi::CallbackInfo&) {
  abandoning_ = true;
  Wake();
}

Napi::Value LiveCapture::Facts(const Napi::CallbackInfo& info) {
  auto facts = Napi::Object::New(info.Env());
  facts["linkType"] = Napi::Number::New(info.Env(), link_type_);
  facts["nanoseconds"] = Napi::Boolean::New(info.Env(), nanoseconds_);
  facts["snapLength"] = Napi::Number::New(info.Env(), snap_length_);
  facts["warning"] = Napi::String::New(info.Env(), warning_);
  facts["unknownToOthers"] =
      Napi::String::New(info.Env(), own_packets_ ? OwnConnections::Get().problem() : "");
  if (fanout_group_) facts["fanoutGroup"] = Napi::Number::New(info.Env(), *fanout_group_);
  return facts;
}

Napi::Value LiveCapture::Counters(const Napi::CallbackInfo& info) {
  ReadDrops();
  const auto env = info.Env();
  auto counters = Napi::Object::New(env);
  const auto set = [&](const char* name, uint64_t count) {
    counters[name] = Napi::Number::New(env, static_cast<double>(count));
  };
  set("droppedKernel", dropped_kernel_);
  set("droppedInterface", dropped_interface_);
  set("cut", cut_);
  set("abandoned", abandoned_);
  set("abandonedBytes", abandoned_bytes_);
  return counters;
}

void LiveCapture::ReadDrops() {
  std::lock_guard lock(pcap_mutex_);
  pcap_stat stat;
  if (drops_are_final_ || !pcap_ || pcap_stats(pcap_.get(), &stat) != 0) return;
  dropped_kernel_ = stat.ps_drop;
  dropped_interface_ = stat.ps_ifdrop;
}

Napi::Value LiveCapture::Close(const Napi::CallbackInfo&) {
  if (!HasThread() && pcap_) {
    try {
      StartThread([this] { CloseCapture(); });
    } catch (const std::system_error&) {
      CloseCapture();
    }
  }
  return ThreadedObject::Close();
}

}  // namespace kcap
