#include "system/socket_address.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

namespace kcap {
namespace {

/** Of what becomes of sockets. */
std::string NameOf(int error) {
  switch (error) {
    case EADDRINUSE:
      return "EADDRINUSE";
    case EADDRNOTAVAIL:
      return "EADDRNOTAVAIL";
    case EACCES:
      return "EACCES";
    case EAFNOSUPPORT:
      return "EAFNOSUPPORT";
    case EMFILE:
      return "EMFILE";
    case ENFILE:
      return "ENFILE";
    default:
      return "E" + std::to_string(error);
  }
}

}  // namespace

SocketAddress::SocketAddress(const std::string& address, uint16_t port) {
  auto* const ipv4 = reinterpret_cast<sockaddr_in*>(&storage_);
  auto* const ipv6 = reinterpret_cast<sockaddr_in6*>(&storage_);
  if (inet_pton(AF_INET, address.c_str(), &ipv4->sin_addr) == 1) {
    ipv4->sin_family = AF_INET;
    ipv4->sin_port = htons(port);
    length_ = sizeof *ipv4;
  } else if (inet_pton(AF_INET6, address.c_str(), &ipv6->sin6_addr) == 1) {
    ipv6->sin6_family = AF_INET6;
    ipv6->sin6_port = htons(port);
    length_ = sizeof *ipv6;
  }
}

void ThrowErrno(Napi::Env env, int error) {
  auto thrown = Napi::Error::New(env, strerror(error));
  thrown.Set("code", Napi::String::New(env, NameOf(error)));
  throw thrown;
}

}  // namespace kcap
