#include "capture/live_capture.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <ctime>
#include <map>
#include <optional>
#include <stdexcept>

#include "capture/capture_filter.h"
#include "capture/kernel_filter.h"
#include "capture/link_type.h"

namespace kcap {
namespace {

// How long the kernel keeps a block of its ring open for more packets: a part of the latency on
// quiet links.
constexpr int kBlockTimeoutMs = 10;

int64_t PacketClockNs() {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now.tv_sec * INT64_C(1'000'000'000) + now.tv_nsec;
}

std::string CodeOf(int status) {
  static const std::map<int, const char*> kNames = {
      {PCAP_ERROR_NO_SUCH_DEVICE, "NO_SUCH_DEVICE"},     {PCAP_ERROR_PERM_DENIED, "PERM_DENIED"},
      {PCAP_ERROR_PROMISC_PERM_DENIED, "PERM_DENIED"},   {PCAP_ERROR_IFACE_NOT_UP, "IFACE_NOT_UP"},
      {PCAP_ERROR_TSTAMP_PRECISION_NOTSUP, "PRECISION"},
  };
  const auto found = kNames.find(status);
  return found == kNames.end() ? "CAPTURE" : found->second;
}

[[noreturn]] void Throw(Napi::Env env, const std::string& code, const std::string& message) {
  auto error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  throw error;
}

std::string SupportedLinkTypes(pcap_t* capture) {
  std::string names;
  int* dlts = nullptr;
  const int count = pcap_list_datalinks(capture, &dlts);
  for (int i = 0; i < count; i++) {
    const char* name = pcap_datalink_val_to_name(dlts[i]);
    names += (names.empty() ? "" : ", ") + (name ? std::string(name) : std::to_string(dlts[i]));
  }
  if (count > 0) pcap_free_datalinks(dlts);
  return names;
}

/** Has the interface stamp packets with its clock of this name; false where it has none. */
bool SetTimestampType(pcap_t* capture, const std::string& name) {
  const int type = pcap_tstamp_type_name_to_val(name.c_str());
  return type >= 0 && pcap_set_tstamp_type(capture, type) == 0;
}

std::string SupportedTimestampTypes(pcap_t* capture, const std::string& refused) {
  std::string names;
  int* types = nullptr;
  const int count = pcap_list_tstamp_types(capture, &types);
  for (int i = 0; i < count; i++) {
    // Some are offered and refused when the capture begins.
    const char* name = pcap_tstamp_type_val_to_name(types[i]);
    if (name && name != refused) names += (names.empty() ? "" : ", ") + std::string(name);
  }
  if (count > 0) pcap_free_tstamp_types(types);
  return names.empty() ? "host" : names;
}

/** Whether packets have the time of the host's own clock. */
bool IsHostClock(const std::string& timestamp_type) {
  const int type = pcap_tstamp_type_name_to_val(timestamp_type.c_str());
  return type == PCAP_TSTAMP_HOST || type == PCAP_TSTAMP_HOST_LOWPREC ||
         type == PCAP_TSTAMP_HOST_HIPREC;
}

}  // namespace

struct LiveCapture::Options {
  explicit Options(const Napi::Object& js)
      : snap_length(js.Get("snapLength").As<Napi::Number>()),
        buffer_bytes(js.Get("bufferBytes").As<Napi::Number>()),
        promiscuous(js.Get("promiscuous").As<Napi::Boolean>()),
        link_type(js.Get("linkType").IsUndefined()
                      ? -1
                      : js.Get("linkType").As<Napi::Number>().Int32Value()) {
    if (const auto name = js.Get("timestampType"); !name.IsUndefined())
      timestamp_type = name.As<Napi::String>();
  }

  int snap_length;
  int buffer_bytes;
  bool promiscuous;
  int link_type;
  std::optional<std::string> timestamp_type;
};

void LiveCapture::Init(Napi::Env env, Napi::Object exports) {
  exports["LiveCapture"] = DefineClass(env, "LiveCapture",
                                       {
                                           InstanceMethod<&LiveCapture::Next>("next"),
                                           InstanceMethod<&LiveCapture::Stop>("stop"),
                                           InstanceMethod<&LiveCapture::Facts>("facts"),
                                           InstanceMethod<&LiveCapture::Drops>("drops"),
                                           InstanceMethod<&LiveCapture::Close>("close"),
                                       });
}

LiveCapture::LiveCapture(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      js_(info.Env(), "kcap capture"),
      exchange_(js_, info[0].As<Napi::Object>().Get("batchBytes").As<Napi::Number>().Uint32Value(),
                0),
      max_batch_age_(
          info[0].As<Napi::Object>().Get("maxBatchAgeMs").As<Napi::Number>().Int64Value()) {
  const auto options = info[0].As<Napi::Object>();
  interface_ = options.Get("interface").As<Napi::String>();
  filter_ = options.Get("filter").As<Napi::String>();
  nanoseconds_ = options.Get("nanoseconds").As<Napi::Boolean>();
  if (const auto own = options.Get("ownConnections"); !own.IsUndefined())
    own_connections_ = OwnConnections::Unwrap(own.As<Napi::Object>())->list();
  try {
    Open(info.Env(), Options(options));
  } catch (...) {
    js_.Release();
    throw;
  }
  wake_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  exchange_.OnWanted([this] { Wake(); });
  if (own_connections_) {
    // In this order, so that a connection that is made meanwhile is not missed.
    own_connections_->OnNew(this, [this] { ApplyFilter(); });
    ApplyFilter();
  }
  napi_add_env_cleanup_hook(info.Env(), OnTeardown, this);
  Ref();
}

LiveCapture::~LiveCapture() { StopThread(); }

void LiveCapture::Open(Napi::Env env, const Options& options) {
  char message[PCAP_ERRBUF_SIZE] = "";
  pcap_.reset(pcap_create(interface_.c_str(), message), [](pcap_t* p) {
    if (p) pcap_close(p);
  });
  if (!pcap_) Throw(env, "CAPTURE", message);
  pcap_t* const capture = pcap_.get();
  pcap_set_snaplen(capture, options.snap_length);
  pcap_set_buffer_size(capture, options.buffer_bytes);
  pcap_set_promisc(capture, options.promiscuous);
  pcap_set_timeout(capture, kBlockTimeoutMs);
  const auto& timestamp_type = options.timestamp_type;
  bool has_timestamp_type = !timestamp_type || SetTimestampType(capture, *timestamp_type);
  const bool has_precision =
      !nanoseconds_ || pcap_set_tstamp_precision(capture, PCAP_TSTAMP_PRECISION_NANO) == 0;

  const int status = pcap_activate(capture);
  const std::string details = pcap_geterr(capture);
  if (status < 0) Throw(env, CodeOf(status), details.empty() ? pcap_statustostr(status) : details);
  if (status == PCAP_WARNING_TSTAMP_TYPE_NOTSUP) has_timestamp_type = false;
  if (!has_timestamp_type)
    Throw(env, "TIMESTAMP_TYPE", SupportedTimestampTypes(capture, *timestamp_type));
  if (!has_precision) Throw(env, "PRECISION", "no nanoseconds");
  if (timestamp_type) host_clock_ = IsHostClock(*timestamp_type);
  if (status > 0) warning_ = details.empty() ? pcap_statustostr(status) : details;

  if (options.link_type >= 0 && pcap_set_datalink(capture, DltOfLinkType(options.link_type)) != 0)
    Throw(env, "LINKTYPE", SupportedLinkTypes(capture));
  if (!filter_.empty()) {
    try {
      FilterProgram program(capture, filter_);
      if (pcap_setfilter(capture, program.get()) != 0)
        throw std::runtime_error(pcap_geterr(capture));
    } catch (const std::runtime_error& error) {
      Throw(env, "FILTER", error.what());
    }
  }
  link_type_ = LinkTypeOfDlt(pcap_datalink(capture));
  snap_length_ = pcap_snapshot(capture);
  // The thread waits for packets and for JavaScript at the same time.
  pcap_setnonblock(capture, 1, message);
}

void LiveCapture::ApplyFilter() {
  const std::string own = own_connections_ ? own_connections_->Filter() : "";
  if (own.empty()) return;
  std::lock_guard lock(pcap_mutex_);
  try {
    // The own connections come first: a 'vlan' in the filter shifts what stands behind it.
    FilterProgram program(pcap_.get(),
                          "not (" + own + ")" + (filter_.empty() ? "" : " and (" + filter_ + ")"));
    ReplaceKernelFilter(pcap_.get(), *program.get());
  } catch (const std::runtime_error&) {
    // A link type without TCP has no packets of the own connections either.
  }
}

void LiveCapture::OnTeardown(void* self) { static_cast<LiveCapture*>(self)->StopThread(); }

void LiveCapture::StopThread() {
  if (closing_.exchange(true)) return;
  exchange_.Close();
  Wake();
  if (thread_.joinable()) thread_.join();
  if (own_connections_) own_connections_->Forget(this);
}

void LiveCapture::Wake() {
  const uint64_t one = 1;
  // Fails only where the counter is at its limit, and then the thread is awake anyway.
  (void)!write(wake_fd_, &one, sizeof one);
}

Napi::Value LiveCapture::Next(const Napi::CallbackInfo& info) {
  if (!thread_.joinable() && !closing_) thread_ = std::thread([this] { Run(); });
  return exchange_.Next(info.Env());
}

void LiveCapture::Stop(const Napi::CallbackInfo&) {
  if (stop_time_ns_ || close_requested_) return;
  ReadDrops();
  stop_time_ns_ = PacketClockNs();
  Wake();
}

Napi::Value LiveCapture::Facts(const Napi::CallbackInfo& info) {
  auto facts = Napi::Object::New(info.Env());
  facts["linkType"] = Napi::Number::New(info.Env(), link_type_);
  facts["nanoseconds"] = Napi::Boolean::New(info.Env(), nanoseconds_);
  facts["snapLength"] = Napi::Number::New(info.Env(), snap_length_);
  facts["warning"] = Napi::String::New(info.Env(), warning_);
  return facts;
}

Napi::Value LiveCapture::Drops(const Napi::CallbackInfo& info) {
  if (!stop_time_ns_ && !close_requested_) ReadDrops();
  auto drops = Napi::Object::New(info.Env());
  drops["kernel"] = Napi::Number::New(info.Env(), dropped_kernel_);
  drops["interface"] = Napi::Number::New(info.Env(), dropped_interface_);
  return drops;
}

void LiveCapture::ReadDrops() {
  std::lock_guard lock(pcap_mutex_);
  pcap_stat stat;
  if (pcap_stats(pcap_.get(), &stat) != 0) return;
  dropped_kernel_ = stat.ps_drop;
  dropped_interface_ = stat.ps_ifdrop;
}

Napi::Value LiveCapture::Close(const Napi::CallbackInfo& info) {
  auto promise =
      std::make_shared<Napi::Promise::Deferred>(Napi::Promise::Deferred::New(info.Env()));
  if (!std::exchange(close_requested_, true)) {
    if (!stop_time_ns_) ReadDrops();
    // The thread is never far from noticing: it waits for nothing that closing does not wake.
    StopThread();
    exchange_.LetGo();
    napi_remove_env_cleanup_hook(info.Env(), OnTeardown, this);
    close(wake_fd_);
    pcap_.reset();
    // Behind what the thread has posted, which needs this object.
    js_.Post([this](Napi::Env) { Unref(); });
    js_.Release();
  }
  promise->Resolve(info.Env().Undefined());
  return promise->Promise();
}

void LiveCapture::Run() {
  const std::string error = CaptureAll();
  exchange_.End(error.empty() ? std::nullopt : std::optional(error));
}

/** Captures until stop() or close(); what went wrong otherwise. */
std::string LiveCapture::CaptureAll() {
  while (!closing_) {
    const int packets = pcap_dispatch(pcap_.get(), -1, OnPacket, reinterpret_cast<u_char*>(this));
    if (packets == PCAP_ERROR) return pcap_geterr(pcap_.get());
    int due_in_ms = BatchDueInMs();
    if (due_in_ms == 0) {
      // Where it is not taken, JavaScript wakes this thread when it wants one.
      exchange_.TryHandOver();
      due_in_ms = -1;
    }
    if (stop_time_ns_ && DrainIsOver(packets)) break;
    WaitForPackets(due_in_ms);
  }
  return "";
}

/** On a busy link a batch waits for more packets, on a slow one nobody should wait for them. -1
 * where there is none. */
int LiveCapture::BatchDueInMs() {
  const Batch& batch = exchange_.filling();
  if (batch.Empty()) return -1;
  if (batch.size() < batch.capacity() / 8) return 0;
  const auto age = std::chrono::steady_clock::now() - batch_began_;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(max_batch_age_ - age);
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

/**
 * Until the packets that the kernel had at the time of the stop have come: a later one has, or the
 * kernel has closed the block that it was filling then.
 */
bool LiveCapture::DrainIsOver(int packets) const {
  constexpr int64_t kBlockClosedNs = 3 * kBlockTimeoutMs * INT64_C(1'000'000);
  constexpr int64_t kLongestNs = INT64_C(1'000'000'000);
  const int64_t since_stop_ns = PacketClockNs() - stop_time_ns_;
  // By another clock no packet can be told to be a later one.
  if (!host_clock_ && since_stop_ns > kLongestNs) return true;
  return passed_stop_time_ || (packets <= 0 && since_stop_ns > kBlockClosedNs);
}

/** @param timeout_ms how long at most; negative for as long as it takes */
void LiveCapture::WaitForPackets(int timeout_ms) {
  if (stop_time_ns_) timeout_ms = kBlockTimeoutMs;
  pollfd waited[] = {{pcap_get_selectable_fd(pcap_.get()), POLLIN, 0}, {wake_fd_, POLLIN, 0}};
  if (poll(waited, 2, timeout_ms) > 0 && waited[1].revents) {
    uint64_t wakes;
    (void)!read(wake_fd_, &wakes, sizeof wakes);
  }
}

void LiveCapture::OnPacket(u_char* self, const pcap_pkthdr* header, const u_char* frame) {
  reinterpret_cast<LiveCapture*>(self)->Take(header, frame);
}

void LiveCapture::Take(const pcap_pkthdr* header, const u_char* frame) {
  if (host_clock_ && stop_time_ns_.load(std::memory_order_relaxed)) {
    const int64_t fraction_ns = header->ts.tv_usec * INT64_C(1) * (nanoseconds_ ? 1 : 1000);
    if (header->ts.tv_sec * INT64_C(1'000'000'000) + fraction_ns > stop_time_ns_) {
      passed_stop_time_ = true;
      pcap_breakloop(pcap_.get());
      return;
    }
  }
  if (!exchange_.filling().Fits(header->caplen) && !exchange_.HandOver()) {
    pcap_breakloop(pcap_.get());
    return;
  }
  Batch& batch = exchange_.filling();
  if (batch.count() == 0) {
    batch_began_ = std::chrono::steady_clock::now();
    batch.link_type = link_type_;
    batch.nanoseconds = nanoseconds_;
    batch.snap_length = snap_length_;
    batch.MakeRoomFor(header->caplen);
  }
  batch.Append({.seconds = static_cast<uint32_t>(header->ts.tv_sec),
                .fraction = static_cast<uint32_t>(header->ts.tv_usec),
                .captured = header->caplen,
                .original = header->len},
               frame);
}

}  // namespace kcap
