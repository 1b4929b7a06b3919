#pragma once

#include <librdkafka/rdkafka.h>
#include <napi.h>

#include <atomic>
#include <memory>

#include "system/js_thread.h"

namespace kcap {

/**
 * What a librdkafka client says besides packets: log lines, errors, statistics. Each becomes a call
 * of JavaScript's `onEvent({kind, …})`. Also librdkafka's opaque, through which its callbacks find
 * their client.
 */
class ClientEvents {
 public:
  ClientEvents(JsThread& js, Napi::Function on_event);

  /** Sets the callbacks in a configuration; `opaque` is what OpaqueOf gives back later. */
  void Register(rd_kafka_conf_t* conf, void* opaque);
  /** Calls onEvent({kind}). */
  void Notify(const char* kind);
  /** Calls onEvent({kind: 'error', …}). */
  void Report(rd_kafka_resp_err_t error, const char* reason, bool fatal = false);
  /** No more calls of onEvent. */
  void Silence() { silent_ = true; }
  /**
   * The same for good: onEvent may be garbage from now on, and so may the object that it knows,
   * this one's owner. JavaScript's thread only.
   */
  void Release();

  /** The `opaque` given to Register, from within librdkafka's callbacks. */
  template <typename Client>
  static Client* OpaqueOf(void* events) {
    return static_cast<Client*>(static_cast<ClientEvents*>(events)->opaque_);
  }

 private:
  static void OnLog(const rd_kafka_t* rk, int level, const char* facility, const char* message);
  static void OnError(rd_kafka_t* rk, int error, const char* reason, void* opaque);
  static int OnStatistics(rd_kafka_t* rk, char* json, size_t length, void* opaque);
  static int OnConnect(int socket, const sockaddr* address, int length, const char* id,
                       void* opaque);
  static int OnClose(int socket, void* opaque);

  void Emit(std::function<void(Napi::Object)> fill);

  JsThread& js_;
  std::shared_ptr<Napi::FunctionReference> on_event_;
  void* opaque_ = nullptr;
  std::atomic<bool> silent_ = false;
  // Shared with those that wait: a client that could not be made is gone before they are said.
  const std::shared_ptr<std::atomic<int>> logs_waiting_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace kcap
