#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace kcap {

/**
 * A number for the conversation that a frame belongs to: the same for both directions. TCP, UDP,
 * UDP-Lite, SCTP and DCCP count by addresses and ports, other IP by addresses and protocol, what is
 * no IP by its two MAC addresses, and what has none by its link type. VLAN tags don't matter. It is
 * the same on every machine: captures that see one direction each agree.
 */
class FlowHash {
 public:
  using Bytes = std::span<const uint8_t>;

  /** Of the captured bytes of a frame, which may be cut anywhere. */
  uint32_t Of(int32_t link_type, Bytes frame);

 private:
  /** A datagram, and the conversation that its first fragment named. */
  struct Fragmented {
    uint64_t datagram = 0;
    uint64_t conversation = 0;
  };

  uint64_t Conversation(int32_t link_type, Bytes frame);
  // Nothing where there is no IP, or too little of it.
  std::optional<uint64_t> OfEtherType(uint16_t type, Bytes packet);
  std::optional<uint64_t> OfIp(Bytes packet);
  std::optional<uint64_t> OfIpv4(Bytes packet);
  std::optional<uint64_t> OfIpv6(Bytes packet);
  uint64_t Remember(uint64_t datagram, uint64_t conversation);
  std::optional<uint64_t> Recall(uint64_t datagram) const;

  /** The fragmented datagrams seen lately, each at the place that its hash says; 64 KiB. */
  std::vector<Fragmented> fragmented_ = std::vector<Fragmented>(4096);
};

}  // namespace kcap
