#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "capture/own/allowance.h"
#include "capture/own/connection_table.h"
#include "capture/own/kcap_processes.h"

namespace kcap {

/**
 * Recognises the packets of kcap's own connections to brokers and collectors, those of this process
 * and of every other kcap on the host, whatever they are wrapped in (VLAN tags, PPPoE, MPLS, GRE,
 * VXLAN …). A plain packet of TCP or UDP is told by its header. In any other packet the header is
 * looked for where it can be: what wraps it need not be known. What is encrypted can't be
 * recognised.
 *
 * For one thread, that of a capture.
 */
class OwnPackets {
 public:
  using Bytes = std::span<const uint8_t>;

  explicit OwnPackets(int32_t link_type);

  /** Looks for processes that are new or gone. Whether anything has changed since the last call. */
  bool Refresh();
  /** @param frame as captured, from the link layer on */
  bool Contains(Bytes frame);
  /** The open connections of all of them. */
  std::vector<Connection> Open() const;

 private:
  struct Known {
    const ConnectionTable* table;
    /** Its process lives, and in this network namespace: a port is its own then. */
    bool ports_are_its_own;
    /** Whether it is believed whatever it says, or only about this process's brokers. */
    bool trusted;
    uint32_t generation;
  };

  /** The last four bytes of an address that every packet of a connection has. */
  struct Mark {
    explicit Mark(uint32_t word);
    bool operator==(const Mark&) const = default;

    uint32_t word;
    /** Its halves; the first is the one that is less likely in other packets. */
    uint16_t rarer, other;
  };

  /** What is under the link layer, as far as it is plain. */
  struct Layer {
    uint16_t ether_type = 0;  // 0 where it is not known
    size_t at = 0;
  };

  Layer NetworkLayer(Bytes frame) const;
  bool IsOfIpv4(Bytes frame, size_t at);
  bool IsOfIpv6(Bytes frame, size_t at);
  static bool Remember(uint64_t* known, uint64_t number, bool own);
  /** Looks for the header of a packet of one of the connections in the first bytes. */
  bool IsWrapped(Bytes frame, size_t wrapped) const;
  bool IsHeaderAt(Bytes frame, size_t address_at) const;
  /** Of TCP or UDP. */
  bool IsTransportOfIpv4(Bytes frame, size_t at) const;
  bool IsTransportOfIpv6(Bytes frame, size_t at) const;

  bool HasNews();
  void TakeNews();
  static uint32_t MostPlacesOf(const Known& known);
  bool Counts(const Known& known, const Connection& connection) const;
  bool IsOwn(Transport transport, const Endpoint& source, const Endpoint& destination) const;
  bool Matches(const Known& known, Transport transport, const Endpoint& here,
               const Endpoint& there) const;
  bool HasPort(Transport transport, uint16_t port) const;
  bool IsOwnBroker(const Endpoint& broker) const;

  const int32_t link_type_;
  const uint64_t net_namespace_;
  KcapProcesses::List processes_;
  std::vector<Known> known_;
  Allowance news_;
  std::vector<Mark> marks_;        // each one once
  std::vector<Endpoint> brokers_;  // of this process
  /** The later fragments of a packet have no header of what it wraps: its numbers, as they come. */
  std::array<uint64_t, 256> fragmented_{};
};

}  // namespace kcap
