#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>

namespace kcap {

/** An IP address in network byte order, IPv4 as ::ffff:a.b.c.d (RFC 4291, 2.5.5.2). */
struct Address {
  std::array<uint32_t, 4> words{};

  static Address OfIpv4(uint32_t network_order);
  bool operator==(const Address&) const = default;
  bool IsUnknown() const { return *this == Address{}; }
  bool IsIpv4() const;
};

/** One end of a TCP connection; the port is in host byte order. */
struct Endpoint {
  Address address;
  uint16_t port = 0;

  static Endpoint Of(const sockaddr* address);
  bool operator==(const Endpoint&) const = default;
};

struct Connection {
  Endpoint local;  // the address is unknown until the socket connects
  Endpoint remote;
  /** No other socket of its network namespace can have its local port. */
  bool exclusive = false;
  bool open = false;
};

/** Seconds since the machine started: one clock for all processes, and none that jumps. */
uint32_t SecondsSinceBoot();

/**
 * TCP connections by their local port. It lies in memory that other processes map and read: all of
 * it is atomic, nothing is a pointer, and nobody waits for anybody. One thread at a time writes.
 *
 * A closed connection stays for as long as its kernel may send for it: retransmissions to a peer
 * that is gone go on for some 16 minutes (net.ipv4.tcp_retries2). Until then no socket of the same
 * process gets its port, so one place a port is enough.
 */
class ConnectionTable {
 public:
  static constexpr uint64_t kFormat = 0x6b63617001;  // "kcap", and a number to change with the rest
  static constexpr uint32_t kClosedSeconds = 20 * 60;

  /** @param net_namespace its inode: ports are exclusive within one */
  void Begin(uint64_t net_namespace);
  uint64_t format() const { return format_.load(std::memory_order_acquire); }
  uint64_t net_namespace() const { return net_namespace_.load(std::memory_order_relaxed); }
  /** Changes whenever a connection does. */
  uint32_t generation() const { return generation_.load(std::memory_order_acquire); }

  void Set(const Connection& connection);
  void Close(uint16_t local_port);
  /** Forgets a closed connection whose time is over. */
  void Sweep(uint16_t local_port);

  bool Has(uint16_t local_port) const {
    return ports_[local_port / 64].load(std::memory_order_acquire) >> (local_port % 64) & 1;
  }
  /** The connection of a local port, unless it was closed too long ago. */
  std::optional<Connection> At(uint16_t local_port) const;
  /** Calls visit(connection) for each. */
  template <typename Visitor>
  void ForEach(Visitor visit) const {
    for (uint32_t word = 0; word < ports_.size(); word++) {
      for (uint64_t bits = ports_[word].load(std::memory_order_acquire); bits; bits &= bits - 1) {
        if (const auto connection = At(static_cast<uint16_t>(word * 64 + __builtin_ctzll(bits))))
          visit(*connection);
      }
    }
  }

 private:
  using Word = std::atomic<uint32_t>;
  struct Place {
    Word local[4];
    Word remote[4];
    Word remote_port;
    Word exclusive;
    Word until;  // SecondsSinceBoot(); 0 while it is open
  };
  static_assert(Word::is_always_lock_free && std::atomic<uint64_t>::is_always_lock_free);

  void Mark(uint16_t local_port, bool used);

  std::atomic<uint64_t> format_;
  std::atomic<uint64_t> net_namespace_;
  Word generation_;
  std::array<std::atomic<uint64_t>, 65536 / 64> ports_;
  std::array<Place, 65536> places_;
};

}  // namespace kcap
