#include "capture/own_connections.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>

namespace kcap {
namespace {

// Reconnects go on for as long as a broker is away; the packets of a closed connection end within
// seconds.
constexpr size_t kClosedRemembered = 16;

struct Endpoint {
  char address[INET6_ADDRSTRLEN] = "";
  uint16_t port = 0;
};

Endpoint EndpointOf(const sockaddr* address) {
  Endpoint endpoint;
  if (address->sa_family == AF_INET6) {
    const auto* ip6 = reinterpret_cast<const sockaddr_in6*>(address);
    inet_ntop(AF_INET6, &ip6->sin6_addr, endpoint.address, sizeof endpoint.address);
    endpoint.port = ntohs(ip6->sin6_port);
  } else {
    const auto* ip4 = reinterpret_cast<const sockaddr_in*>(address);
    inet_ntop(AF_INET, &ip4->sin_addr, endpoint.address, sizeof endpoint.address);
    endpoint.port = ntohs(ip4->sin_port);
  }
  return endpoint;
}

/** Binds the socket to any address and a free port; the port, or 0 where that failed. */
uint16_t BindLocalPort(int socket, sa_family_t family) {
  sockaddr_storage local{};
  local.ss_family = family;
  socklen_t length = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  auto* address = reinterpret_cast<sockaddr*>(&local);
  if (bind(socket, address, length) != 0 || getsockname(socket, address, &length) != 0) return 0;
  return EndpointOf(address).port;
}

}  // namespace

int ConnectionList::Connect(int socket, const sockaddr* broker, int broker_length) {
  if (const auto local_port = BindLocalPort(socket, broker->sa_family)) {
    const auto remote = EndpointOf(broker);
    std::lock_guard lock(mutex_);
    open_[socket] = "(tcp and host " + std::string(remote.address) + " and port " +
                    std::to_string(remote.port) + " and port " + std::to_string(local_port) + ")";
    for (const auto& [owner, listener] : listeners_) listener();
  }
  const bool connecting = connect(socket, broker, static_cast<socklen_t>(broker_length)) == 0 ||
                          errno == EINPROGRESS;  // the socket does not block
  return connecting ? 0 : errno;
}

int ConnectionList::Close(int socket) {
  {
    std::lock_guard lock(mutex_);
    if (auto connection = open_.extract(socket)) {
      closed_.push_back(std::move(connection.mapped()));
      if (closed_.size() > kClosedRemembered) closed_.pop_front();
    }
  }
  return close(socket);
}

std::string ConnectionList::Filter() const {
  std::lock_guard lock(mutex_);
  std::string filter;
  const auto add = [&](const std::string& connection) {
    filter += (filter.empty() ? "" : " or ") + connection;
  };
  for (const auto& [socket, connection] : open_) add(connection);
  for (const auto& connection : closed_) add(connection);
  return filter;
}

void ConnectionList::OnNew(const void* owner, std::function<void()> listener) {
  std::lock_guard lock(mutex_);
  listeners_[owner] = std::move(listener);
}

void ConnectionList::Forget(const void* owner) {
  std::lock_guard lock(mutex_);
  listeners_.erase(owner);
}

void OwnConnections::Init(Napi::Env env, Napi::Object exports) {
  exports["OwnConnections"] = DefineClass(env, "OwnConnections", {});
}

}  // namespace kcap
