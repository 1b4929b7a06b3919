#include "net/datagram_listener.h"

#include <linux/filter.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <system_error>

#include "system/socket_address.h"

namespace kcap {
namespace {

/** As large as it may be. */
void SetBuffer(int socket, int bytes) {
  // Beyond net.core.rmem_max where this process may.
  if (setsockopt(socket, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
    setsockopt(socket, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
}

/** Has the kernel take no more datagrams; what waits stays. */
void CloseBuffer(int socket) {
  sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
  const sock_fprog program = {1, &nothing};
  setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

timespec TimeOf(msghdr* message) {
  for (cmsghdr* about = CMSG_FIRSTHDR(message); about; about = CMSG_NXTHDR(message, about))
    if (about->cmsg_level == SOL_SOCKET && about->cmsg_type == SO_TIMESTAMPNS) {
      timespec time;
      memcpy(&time, CMSG_DATA(about), sizeof time);
      return time;
    }
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  return now;
}

void Add(std::atomic<uint64_t>& counter, uint64_t number) {
  counter.store(counter.load(std::memory_order_relaxed) + number, std::memory_order_relaxed);
}

}  // namespace

DatagramListener::Socket::~Socket() {
  if (fd_ >= 0) close(fd_);
}

void DatagramListener::Init(Napi::Env env, Napi::Object exports) {
  exports["DatagramListener"] =
      DefineClass(env, "DatagramListener",
                  {
                      InstanceMethod<&DatagramListener::Next>("next"),
                      InstanceMethod<&DatagramListener::Port>("port"),
                      InstanceMethod<&DatagramListener::Stop>("stop"),
                      InstanceMethod<&DatagramListener::Abandon>("abandon"),
                      InstanceMethod<&DatagramListener::Counters>("counters"),
                      InstanceMethod<&DatagramListener::Close>("close"),
                  });
}

DatagramListener::DatagramListener(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      ThreadedObject(*this, "kcap datagrams"),
      exchange_(js(), info[0].As<Napi::Object>().Get("batchBytes").As<Napi::Number>().Uint32Value(),
                0),
      datagrams_(std::make_unique<decltype(datagrams_)::element_type>()) {
  const auto options = info[0].As<Napi::Object>();
  const auto env = info.Env();
  wake_.emplace();
  const uint32_t port = options.Get("port").As<Napi::Number>();
  const SocketAddress address(options.Get("address").As<Napi::String>(),
                              static_cast<uint16_t>(port));
  if (address.length() == 0) ThrowErrno(env, EADDRNOTAVAIL);
  socket_.emplace(socket(address.family(), SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket_->fd() < 0) ThrowErrno(env, errno);
  const int on = 1;
  setsockopt(socket_->fd(), SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on);
  SetBuffer(socket_->fd(), options.Get("bufferBytes").As<Napi::Number>());
  if (bind(socket_->fd(), address.get(), address.length()) != 0) ThrowErrno(env, errno);
  exchange_.OnWanted([this] { Wake(); });
  Begin();
}

void DatagramListener::EndThread(bool) {
  closing_ = true;
  exchange_.Close();
  Wake();
}

void DatagramListener::Wake() {
  if (wake_) wake_->Set();
}

void DatagramListener::OnClosed() {
  exchange_.LetGo();
  wake_.reset();
  datagrams_.reset();
  std::lock_guard lock(drops_mutex_);
  socket_.reset();
}

Napi::Value DatagramListener::Next(const Napi::CallbackInfo& info) {
  if (!HasThread() && socket_ && !closing_) {
    try {
      StartThread([this] { Run(); });
    } catch (const std::system_error& error) {
      exchange_.End(std::string("there can't be a thread for it: ") + error.what());
    }
  }
  return exchange_.Next(info.Env());
}

Napi::Value DatagramListener::Port(const Napi::CallbackInfo& info) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (socket_) getsockname(socket_->fd(), reinterpret_cast<sockaddr*>(&address), &length);
  // Both families have it at the same place.
  return Napi::Number::New(info.Env(),
                           ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port));
}

void DatagramListener::Stop(const Napi::CallbackInfo&) {
  if (stopping_) return;
  ReadDrops();
  {
    std::lock_guard lock(drops_mutex_);
    drops_are_final_ = true;  // the kernel counts those that come later as dropped
    if (socket_) CloseBuffer(socket_->fd());
    stopping_ = true;
  }
  Wake();
}

void DatagramListener::Abandon(const Napi::CallbackInfo&) {
  abandoning_ = true;
  Wake();
}

Napi::Value DatagramListener::Counters(const Napi::CallbackInfo& info) {
  ReadDrops();
  const auto env = info.Env();
  auto counters = Napi::Object::New(env);
  const auto set = [&](const char* name, uint64_t count) {
    counters[name] = Napi::Number::New(env, static_cast<double>(count));
  };
  set("droppedKernel", dropped_);
  set("abandoned", abandoned_);
  set("abandonedBytes", abandoned_bytes_);
  return counters;
}

void DatagramListener::ReadDrops() {
  std::lock_guard lock(drops_mutex_);
  if (drops_are_final_ || !socket_) return;
  uint32_t memory[SK_MEMINFO_VARS] = {};
  socklen_t length = sizeof memory;
  if (getsockopt(socket_->fd(), SOL_SOCKET, SO_MEMINFO, memory, &length) == 0 &&
      length > SK_MEMINFO_DROPS * sizeof(uint32_t))
    dropped_ = memory[SK_MEMINFO_DROPS];
}

Napi::Value DatagramListener::Close(const Napi::CallbackInfo&) { return ThreadedObject::Close(); }

void DatagramListener::Run() {
  const std::string error = TakeAll();
  exchange_.End(error.empty() ? std::nullopt : std::optional(error));
}

/** Takes datagrams until stop() or close(); what went wrong otherwise. */
std::string DatagramListener::TakeAll() {
  while (!closing_) {
    const bool was_stopping = stopping_;
    const int taken = TakeSome();
    if (taken < 0) return strerror(errno);
    if (taken > 0) continue;
    if (was_stopping) break;
    // Where it is not taken, JavaScript wakes this thread when it wants one.
    if (!exchange_.Empty()) exchange_.TryHandOver();
    pollfd waited[] = {{socket_->fd(), POLLIN, 0}, {wake_->fd(), POLLIN, 0}};
    if (poll(waited, 2, -1) > 0 && waited[1].revents) wake_->Clear();
  }
  return "";
}

int DatagramListener::TakeSome() {
  mmsghdr messages[kAtOnce] = {};
  iovec parts[kAtOnce];
  alignas(cmsghdr) char about[kAtOnce][CMSG_SPACE(sizeof(timespec))];
  for (size_t i = 0; i < kAtOnce; i++) {
    parts[i] = {(*datagrams_)[i].data(), kLongest};
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
    messages[i].msg_hdr.msg_control = about[i];
    messages[i].msg_hdr.msg_controllen = sizeof about[i];
  }
  const int count = recvmmsg(socket_->fd(), messages, kAtOnce, 0, nullptr);
  if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -1;
  for (int i = 0; i < count; i++)
    if (!Append((*datagrams_)[i].data(), messages[i].msg_len, TimeOf(&messages[i].msg_hdr)))
      return 0;
  return count;
}

bool DatagramListener::Append(const uint8_t* payload, size_t length, const timespec& time) {
  if (abandoning_.load(std::memory_order_relaxed)) {
    Add(abandoned_, 1);
    Add(abandoned_bytes_, length);
    return true;
  }
  if (!exchange_.filling().Fits(length) && !exchange_.HandOver()) return false;
  Batch& batch = exchange_.filling();
  batch.snap_length = kLongest;
  batch.MakeRoomFor(length);
  batch.Append({.seconds = static_cast<uint32_t>(time.tv_sec),
                .fraction = static_cast<uint32_t>(time.tv_nsec / 1000),
                .captured = static_cast<uint32_t>(length),
                .original = static_cast<uint32_t>(length)},
               payload);
  return true;
}

}  // namespace kcap
