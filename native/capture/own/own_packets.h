#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "capture/own/known_connections.h"

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

  explicit OwnPackets(int32_t link_type) : link_type_(link_type) {}

  /** Looks for processes that are new or gone. Whether anything has changed since the last call. */
  bool Refresh() { return connections_.Refresh(); }
  /** @param frame as captured, from the link layer on */
  bool Contains(Bytes frame);
  /** The connections of TCP that are open, and have their port alone. */
  std::vector<Connection> Open() const { return connections_.Open(); }

 private:
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

  const int32_t link_type_;
  KnownConnections connections_;
  /** The later fragments of a packet have no header of what it wraps: its numbers, as they come. */
  std::array<uint64_t, 256> fragmented_{};
};

}  // namespace kcap
