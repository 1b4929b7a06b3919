#pragma once

#include <napi.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>

namespace kcap {

/** An IP address and a port as the system's calls take them. */
class SocketAddress {
 public:
  /** @param address IPv4 or IPv6 */
  SocketAddress(const std::string& address, uint16_t port);

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage_); }
  /** 0 where the text was no address. */
  socklen_t length() const { return length_; }
  sa_family_t family() const { return storage_.ss_family; }

 private:
  sockaddr_storage storage_{};
  socklen_t length_ = 0;
};

/** Throws an Error with the system's text, whose `code` is the error's name: EADDRINUSE, EACCES …
 */
[[noreturn]] void ThrowErrno(Napi::Env env, int error);

}  // namespace kcap
