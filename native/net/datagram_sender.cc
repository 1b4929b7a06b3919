#include "net/datagram_sender.h"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <string>
#include <thread>
#include <utility>

#include "capture/own/own_connections.h"

namespace kcap {
namespace {

constexpr size_t kDatagramsACall = 64;
constexpr size_t kMostJobs = 16;
// A usual receive buffer holds some hundred datagrams: between calls, who receives has its turn.
// Where that takes longer than so much a datagram, it is not made longer by a pause: on a machine
// that is busy, each pause ends late.
constexpr std::chrono::nanoseconds kTurn{2500};
/** How long a full socket is waited for: a link that takes nothing for so long takes nothing. */
constexpr int kMaxWaitMs = 1000;
constexpr int kStepMs = 50;

Napi::Error ErrorOf(Napi::Env env, int error) {
  auto thrown = Napi::Error::New(env, strerror(error));
  thrown.Value()["errno"] = Napi::Number::New(env, error);
  return thrown;
}

}  // namespace

void DatagramSender::Init(Napi::Env env, Napi::Object exports) {
  exports["DatagramSender"] = DefineClass(env, "DatagramSender",
                                          {InstanceMethod<&DatagramSender::Send>("send"),
                                           InstanceMethod<&DatagramSender::Close>("close")});
}

DatagramSender::DatagramSender(const Napi::CallbackInfo& info)
    : ObjectWrap(info), ThreadedObject(*this, "kcap datagrams") {
  const auto options = info[0].As<Napi::Object>();
  const std::string text = options.Get("address").As<Napi::String>();
  const int buffer_bytes = options.Get("bufferBytes").As<Napi::Number>();
  const auto port = static_cast<uint16_t>(options.Get("port").As<Napi::Number>().Uint32Value());
  const SocketAddress peer(text, port);
  if (peer.length() == 0) throw ErrorOf(info.Env(), EINVAL);
  socket_ = socket(peer.family(), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) throw ErrorOf(info.Env(), errno);
  // Root may have more than net.core.wmem_max; others have as much.
  if (setsockopt(socket_, SOL_SOCKET, SO_SNDBUFFORCE, &buffer_bytes, sizeof buffer_bytes) != 0)
    setsockopt(socket_, SOL_SOCKET, SO_SNDBUF, &buffer_bytes, sizeof buffer_bytes);
  if (!Connect(peer)) {
    const int error = errno;
    CloseSocket();
    throw ErrorOf(info.Env(), error);
  }
  // What other hosts refuse is told by its cause also where a call has sent something before.
  const int on = 1;
  setsockopt(socket_, SOL_IP, IP_RECVERR, &on, sizeof on);
  if (peer.family() == AF_INET6) setsockopt(socket_, SOL_IPV6, IPV6_RECVERR, &on, sizeof on);
  try {
    StartThread([this] { Run(); });
  } catch (const std::exception& error) {
    CloseSocket();
    throw Napi::Error::New(info.Env(), error.what());
  }
  Begin();
}

DatagramSender::~DatagramSender() { CloseSocket(); }

/** Binds first: what captures leave out is put down before anything is sent. */
bool DatagramSender::Connect(const SocketAddress& peer) {
  sockaddr_storage local{};
  local.ss_family = peer.family();
  if (bind(socket_, reinterpret_cast<sockaddr*>(&local), peer.length()) != 0) return false;
  Connection connection;
  connection.transport = Transport::kUdp;
  connection.remote = Endpoint::Of(peer.get());
  connection.exclusive = connection.open = true;
  const auto enter = [&](bool knows_address) {
    socklen_t length = sizeof local;
    getsockname(socket_, reinterpret_cast<sockaddr*>(&local), &length);
    const auto own = Endpoint::Of(reinterpret_cast<const sockaddr*>(&local));
    local_port_ = own.port;
    connection.local.port = own.port;
    if (knows_address) connection.local = own;
    OwnConnections::Get().Enter(connection);
  };
  enter(false);
  if (connect(socket_, peer.get(), peer.length()) != 0) return false;
  enter(true);
  return true;
}

void DatagramSender::CloseSocket() {
  if (socket_ < 0) return;
  close(std::exchange(socket_, -1));
  if (local_port_ != 0) OwnConnections::Get().Leave(Transport::kUdp, local_port_);
}

Napi::Value DatagramSender::Send(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const auto buffer = info[0].As<Napi::Buffer<uint8_t>>();
  const auto ends = info[1].As<Napi::Int32Array>();
  Job job{buffer.Data(), {}, nullptr};
  job.ends.reserve(ends.ElementLength());
  int64_t before = 0;
  for (size_t i = 0; i < ends.ElementLength(); i++) {
    const int64_t end = ends[i];
    if (end < before || end > static_cast<int64_t>(buffer.Length()))
      throw Napi::RangeError::New(env, "a datagram ends where it can't");
    job.ends.push_back(static_cast<uint32_t>(end));
    before = end;
  }
  job.promise = std::make_shared<Deferred>(env);
  const auto promise = job.promise->Promise();
  // The thread reads the Buffer until then, and perhaps nobody else holds it any more.
  promise.As<Napi::Object>().Set("bytes", buffer);
  std::lock_guard lock(mutex_);
  if (closing_ || jobs_.size() == kMostJobs) {
    job.promise->Reject(
        Napi::Error::New(env, closing_ ? "the socket is closed" : "the socket is busy").Value());
    return promise;
  }
  jobs_.push_back(std::move(job));
  changed_.notify_one();
  return promise;
}

void DatagramSender::EndThread(bool at_once) {
  if (at_once) cancelled_ = true;
  std::lock_guard lock(mutex_);
  closing_ = true;
  changed_.notify_one();
}

void DatagramSender::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return closing_ || !jobs_.empty(); });
    // What was handed over before the end still goes out.
    if (jobs_.empty()) {
      CloseSocket();
      return;
    }
    const Job& job = jobs_.front();
    lock.unlock();
    auto outcome = std::make_shared<Outcome>(SendAll(job));
    lock.lock();
    js().Post([promise = job.promise, outcome](Napi::Env env) {
      const auto object_of = [env](const Count& count) {
        auto object = Napi::Object::New(env);
        object["datagrams"] = Napi::Number::New(env, count.datagrams);
        object["bytes"] = Napi::Number::New(env, count.bytes);
        return object;
      };
      auto failed = Napi::Object::New(env);
      for (const auto& [error, count] : outcome->failed)
        failed[std::to_string(error)] = object_of(count);
      auto result = Napi::Object::New(env);
      result["sent"] = object_of(outcome->sent);
      result["failed"] = failed;
      promise->Resolve(result);
    });
    jobs_.pop_front();
  }
}

DatagramSender::Outcome DatagramSender::SendAll(const Job& job) {
  Outcome outcome;
  std::array<mmsghdr, kDatagramsACall> messages{};
  std::array<iovec, kDatagramsACall> places{};
  auto due = std::chrono::steady_clock::now();
  const auto start_of = [&](size_t index) { return index == 0 ? 0 : job.ends[index - 1]; };
  for (size_t next = 0; next < job.ends.size();) {
    const size_t count = std::min(kDatagramsACall, job.ends.size() - next);
    for (size_t i = 0; i < count; i++) {
      const uint32_t start = start_of(next + i);
      places[i] = {const_cast<uint8_t*>(job.bytes) + start, job.ends[next + i] - start};
      messages[i].msg_hdr.msg_iov = &places[i];
      messages[i].msg_hdr.msg_iovlen = 1;
    }
    int error = ECANCELED;
    size_t sent = 0;
    if (!cancelled_) {
      const int result = sendmmsg(socket_, messages.data(), static_cast<unsigned>(count), 0);
      error = result < 0 ? errno : 0;
      sent = static_cast<size_t>(std::max(result, 0));
    }
    for (size_t i = 0; i < sent; i++) outcome.sent.Add(places[i].iov_len);
    next += sent;
    due += kTurn * sent;
    if (sent == count && next < job.ends.size()) GiveWay(due);
    if (sent == count || error == EINTR) continue;
    // The call says why it has sent nothing, but not why it has sent no more.
    const int refused = TakeErrors();
    if (error == 0) error = refused;
    if (error == 0 || (error == EAGAIN && WaitForRoom())) continue;
    // An error of this one, or one of earlier ones that others have refused and this one has met.
    outcome.failed[error].Add(places[sent].iov_len);
    next++;
  }
  return outcome;
}

/** Lets others run until then; where that is over, those that wait for this processor. */
void DatagramSender::GiveWay(std::chrono::steady_clock::time_point due) {
  if (std::chrono::steady_clock::now() < due)
    std::this_thread::sleep_until(due);
  else
    sched_yield();
}

/** The latest error that other hosts have sent; 0 where there is none. */
int DatagramSender::TakeErrors() {
  int latest = 0;
  for (;;) {
    alignas(cmsghdr) char control[512];
    msghdr message{};
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    if (recvmsg(socket_, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return latest;
    for (auto* entry = CMSG_FIRSTHDR(&message); entry; entry = CMSG_NXTHDR(&message, entry)) {
      const bool is_error = (entry->cmsg_level == SOL_IP && entry->cmsg_type == IP_RECVERR) ||
                            (entry->cmsg_level == SOL_IPV6 && entry->cmsg_type == IPV6_RECVERR);
      if (!is_error) continue;
      sock_extended_err error;
      memcpy(&error, CMSG_DATA(entry), sizeof error);
      latest = static_cast<int>(error.ee_errno);
    }
  }
}

/** False where there was none for a long time. */
bool DatagramSender::WaitForRoom() {
  pollfd output = {socket_, POLLOUT, 0};
  for (int waited_ms = 0; waited_ms < kMaxWaitMs && !cancelled_; waited_ms += kStepMs)
    if (poll(&output, 1, kStepMs) > 0) return true;
  return false;
}

}  // namespace kcap
