#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace kcap {

/**
 * The connections that this process makes to brokers, as a capture filter that matches their
 * packets. A capture leaves them out, or it would send what it sends. Each is known before its
 * first packet: the local port is bound before the socket connects.
 */
class ConnectionList {
 public:
  /** librdkafka's connect_cb: binds, tells the listeners, connects. Returns 0 or an errno. */
  int Connect(int socket, const sockaddr* broker, int broker_length);
  /** librdkafka's closesocket_cb. Returns 0 or -1 as close(2) does. */
  int Close(int socket);
  /** Filter expression of the connections that are open or were lately, empty where there are none.
   */
  std::string Filter() const;
  /**
   * The listener is called from librdkafka's threads, before a new connection sends anything.
   *
   * @param owner whose listener it is, for Forget()
   */
  void OnNew(const void* owner, std::function<void()> listener);
  /** Once this returns, the owner's listener is not running any more. */
  void Forget(const void* owner);

 private:
  mutable std::recursive_mutex mutex_;  // listeners ask for the filter
  // Each as a filter expression.
  std::map<int, std::string> open_;  // by socket
  std::deque<std::string> closed_;   // the last of them
  std::map<const void*, std::function<void()>> listeners_;
};

/** JavaScript's handle of a ConnectionList, given to a producer and to its captures. */
class OwnConnections : public Napi::ObjectWrap<OwnConnections> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  explicit OwnConnections(const Napi::CallbackInfo& info) : ObjectWrap(info) {}

  std::shared_ptr<ConnectionList> list() const { return list_; }

 private:
  std::shared_ptr<ConnectionList> list_ = std::make_shared<ConnectionList>();
};

}  // namespace kcap
