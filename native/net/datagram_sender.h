#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "system/deferred.h"
#include "system/socket_address.h"
#include "system/threaded_object.h"

namespace kcap {

/**
 * Sends datagrams to one address, many at once: sendmmsg(2), in a thread of its own. What the
 * system takes went out; nobody says whether it arrived.
 */
class DatagramSender : public Napi::ObjectWrap<DatagramSender>, private ThreadedObject {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /** new DatagramSender({address, port, bufferBytes}): an IPv4 or IPv6 address. Throws with an
   * errno's text where there can be no such socket. */
  explicit DatagramSender(const Napi::CallbackInfo& info);
  ~DatagramSender();

 private:
  struct Count {
    double datagrams = 0;
    double bytes = 0;
    void Add(size_t size) {
      datagrams++;
      bytes += static_cast<double>(size);
    }
  };
  struct Outcome {
    Count sent;
    std::map<int, Count> failed;  // by errno
  };
  struct Job {
    const uint8_t* bytes;
    std::vector<uint32_t> ends;
    std::shared_ptr<Deferred> promise;
  };

  /** send(bytes, ends: Int32Array) → Promise of {sent: {datagrams, bytes}, failed: {errno: {…}}}:
   * datagram i ends at ends[i], where the next one begins. Calls wait for those before them, and
   * are refused where kMostJobs wait. Throws where an end is before the one before it, or beyond
   * the bytes. */
  Napi::Value Send(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo&) { return ThreadedObject::Close(); }

  /** Connects to the peer, so that captures leave out what is sent. False and errno where that
   * can't be. */
  bool Connect(const SocketAddress& peer);
  void CloseSocket();
  void EndThread(bool at_once) override;
  void Run();
  Outcome SendAll(const Job& job);
  bool WaitForRoom();
  int TakeErrors();
  static void GiveWay(std::chrono::steady_clock::time_point due);

  int socket_ = -1;
  uint16_t local_port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job> jobs_;  // the first of them is being sent
  bool closing_ = false;
  std::atomic<bool> cancelled_ = false;
};

}  // namespace kcap
