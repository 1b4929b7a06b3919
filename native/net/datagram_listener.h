#pragma once

#include <napi.h>

#include <array>
#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "batch/batch_exchange.h"
#include "system/event_fd.h"
#include "system/threaded_object.h"

namespace kcap {

/**
 * Takes the datagrams that come to a UDP port into batches, in a thread of its own: a record each,
 * of its payload and the time at which the kernel has seen it. Where JavaScript is slow, datagrams
 * wait in the socket's buffer and nowhere else; what does not fit there the kernel drops and
 * counts.
 */
class DatagramListener : public Napi::ObjectWrap<DatagramListener>, private ThreadedObject {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /**
   * new DatagramListener({address, port, bufferBytes, batchBytes}): the kernel takes datagrams from
   * then on. `address` is IPv4 or IPv6, `port` 0 for any. Throws an Error whose `code` is the
   * system's name of the problem (EADDRINUSE, EACCES …).
   */
  explicit DatagramListener(const Napi::CallbackInfo& info);

 private:
  static constexpr size_t kAtOnce = 32;       // datagrams a call
  static constexpr size_t kLongest = 0xffff;  // of a datagram's payload, in bytes

  /** Closes a descriptor. */
  class Socket {
   public:
    explicit Socket(int fd) : fd_(fd) {}
    ~Socket();
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;
    int fd() const { return fd_; }

   private:
    const int fd_;
  };

  // JavaScript's thread.
  Napi::Value Next(const Napi::CallbackInfo& info);
  /** port() → that it listens on. */
  Napi::Value Port(const Napi::CallbackInfo& info);
  /** stop(): the batches end with the last datagram that the kernel has seen until now. */
  void Stop(const Napi::CallbackInfo& info);
  /** abandon(), after stop(): what still waits is counted and goes into no batch. */
  void Abandon(const Napi::CallbackInfo& info);
  /** counters() → {droppedKernel, abandoned, abandonedBytes} since the start; the first is of 32
   * bits and begins again at 0. */
  Napi::Value Counters(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  void EndThread(bool at_once) override;
  void OnClosed() override;
  void Wake();
  void ReadDrops();

  // The listener's thread.
  void Run();
  std::string TakeAll();
  /** Datagrams that one call has taken; 0 where none waits, -1 where it failed. */
  int TakeSome();
  /** False once closed. */
  bool Append(const uint8_t* payload, size_t length, const timespec& time);

  BatchExchange exchange_;
  std::optional<EventFd> wake_;  // until the listener is closed
  std::optional<Socket> socket_;
  std::unique_ptr<std::array<std::array<uint8_t, kLongest + 1>, kAtOnce>> datagrams_;

  std::atomic<bool> closing_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> abandoning_ = false;

  std::mutex drops_mutex_;  // and the end of the socket
  bool drops_are_final_ = false;
  std::atomic<uint32_t> dropped_ = 0;
  std::atomic<uint64_t> abandoned_ = 0;
  std::atomic<uint64_t> abandoned_bytes_ = 0;
};

}  // namespace kcap
