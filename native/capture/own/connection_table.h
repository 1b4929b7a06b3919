#pragma once

#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
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

/** What a connection runs over. The ports of the two are not the same. */
enum class Transport : uint8_t { kTcp, kUdp };

/** One end of a connection; the port is in host byte order. */
struct Endpoint {
  Address address;
  uint16_t port = 0;

  static Endpoint Of(const sockaddr* address);
  bool operator==(const Endpoint&) const = default;
};

struct Connection {
  Transport transport = Transport::kTcp;
  Endpoint local;  // the address is unknown until the socket connects
  Endpoint remote;
  /** No other socket of its network namespace can have its local port. */
  bool exclusive = false;
  bool open = false;
};

/** Seconds since the machine started: one clock for all processes, and none that jumps. */
uint32_t SecondsSinceBoot();

/**
 * Connections by their local port, TCP's and those of UDP sockets that have one peer. It lies in
 * memory that other processes map and read: all of it is atomic, nothing is a pointer, and nobody
 * waits for anybody. One thread at a time writes.
 *
 * A closed connection stays for as long as its kernel may send for it: retransmissions to a peer
 * that is gone go on for some 16 minutes (net.ipv4.tcp_retries2). Until then no socket of the same
 * process gets its port, so one place a port is enough. For a closed UDP socket nothing is sent.
 */
class ConnectionTable {
 public:
  static constexpr uint64_t kFormat = 0x6b63617002;  // "kcap", and a number to change with the rest
  static constexpr uint32_t kClosedSeconds = 20 * 60;
  static constexpr uint32_t kClosedUdpSeconds = 5;

  /** @param net_namespace its inode: ports are exclusive within one */
  void Begin(uint64_t net_namespace);
  uint64_t format() const { return format_.load(std::memory_order_acquire); }
  uint64_t net_namespace() const { return net_namespace_.load(std::memory_order_relaxed); }
  /** Changes whenever a connection does. */
  uint32_t generation() const { return generation_.load(std::memory_order_acquire); }

  /** A place for each local port: TCP's, and then UDP's. */
  static constexpr uint32_t kPorts = 65536, kPlaces = 2 * kPorts;
  static uint32_t PlaceOf(Transport transport, uint16_t local_port) {
    return (transport == Transport::kUdp ? kPorts : 0) + local_port;
  }

  struct Extent {
    size_t at, bytes;
  };
  /** What is written of all connections. */
  static Extent CommonExtent();
  /** What is written of this one besides. */
  static Extent ExtentOf(Transport transport, uint16_t local_port);

  void Set(const Connection& connection);
  void Close(Transport transport, uint16_t local_port);
  /** Forgets a closed connection whose time is over. */
  void Sweep(Transport transport, uint16_t local_port);

  bool Has(Transport transport, uint16_t local_port) const {
    const uint32_t place = PlaceOf(transport, local_port);
    return ports_[place / 64].load(std::memory_order_acquire) >> (place % 64) & 1;
  }
  /** The connection of a local port, unless it was closed too long ago. */
  std::optional<Connection> At(Transport transport, uint16_t local_port) const {
    return AtPlace(PlaceOf(transport, local_port));
  }
  /** Calls visit(connection) for each; of no more than `most` places. */
  template <typename Visitor>
  void ForEach(uint32_t most, Visitor visit) const {
    for (uint32_t word = 0; word < ports_.size(); word++) {
      for (uint64_t bits = ports_[word].load(std::memory_order_acquire); bits; bits &= bits - 1) {
        if (most-- == 0) return;
        const auto place = word * 64 + static_cast<uint32_t>(__builtin_ctzll(bits));
        if (const auto connection = AtPlace(place)) visit(*connection);
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

  std::optional<Connection> AtPlace(uint32_t place) const;
  void Mark(uint32_t place, bool used);

  std::atomic<uint64_t> format_;
  std::atomic<uint64_t> net_namespace_;
  Word generation_;
  std::array<std::atomic<uint64_t>, kPlaces / 64> ports_;
  std::array<Place, kPlaces> places_;
};

}  // namespace kcap
