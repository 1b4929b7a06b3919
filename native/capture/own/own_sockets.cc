#include "capture/own/own_sockets.h"

#include <sys/socket.h>

#include <cerrno>
#include <cstring>

#include "capture/own/own_connections.h"
#include "system/socket_address.h"

namespace kcap {
namespace {

Transport TransportOf(const Napi::Value& name) {
  return name.As<Napi::String>().Utf8Value() == "udp" ? Transport::kUdp : Transport::kTcp;
}

uint16_t PortOf(const Napi::Value& port) {
  return static_cast<uint16_t>(port.As<Napi::Number>().Uint32Value());
}

Napi::Value OwnSocket(const Napi::CallbackInfo& info) {
  const auto env = info.Env();
  const SocketAddress peer(info[0].As<Napi::String>(), PortOf(info[1]));
  uint16_t local_port = 0;
  errno = EADDRNOTAVAIL;
  const int fd = peer.length() == 0 ? -1 : OwnConnections::Get().OpenFor(peer.get(), &local_port);
  if (fd < 0) ThrowErrno(env, errno);
  auto result = Napi::Object::New(env);
  result["fd"] = Napi::Number::New(env, fd);
  result["localPort"] = Napi::Number::New(env, local_port);
  return result;
}

void EnterOwn(const Napi::CallbackInfo& info) {
  const SocketAddress peer(info[3].As<Napi::String>(), PortOf(info[4]));
  if (peer.length() == 0) return;
  Connection connection;
  connection.transport = TransportOf(info[0]);
  connection.local.port = PortOf(info[1]);
  if (!info[2].IsUndefined()) {
    const SocketAddress local(info[2].As<Napi::String>(), connection.local.port);
    if (local.length() > 0) connection.local = Endpoint::Of(local.get());
  }
  connection.remote = Endpoint::Of(peer.get());
  connection.exclusive = connection.open = true;
  OwnConnections::Get().Enter(connection);
}

void LeaveOwn(const Napi::CallbackInfo& info) {
  OwnConnections::Get().Leave(TransportOf(info[0]), PortOf(info[1]));
}

}  // namespace

void InitOwnSockets(Napi::Env env, Napi::Object exports) {
  exports["ownSocket"] = Napi::Function::New<OwnSocket>(env, "ownSocket");
  exports["enterOwn"] = Napi::Function::New<EnterOwn>(env, "enterOwn");
  exports["leaveOwn"] = Napi::Function::New<LeaveOwn>(env, "leaveOwn");
}

}  // namespace kcap
