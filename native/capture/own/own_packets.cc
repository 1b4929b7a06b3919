#include "capture/own/own_packets.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <optional>

#include "net/packet_headers.h"

namespace kcap {
namespace {

constexpr size_t kIpv4Source = 12;
constexpr size_t kPorts = 4;
constexpr size_t kUdpHeader = 8;

// Ethernet, tags, IPv6 with a routing header, UDP, Geneve with options, Ethernet, IP: shorter.
constexpr size_t kWrappedWithin = 256;

using Bytes = OwnPackets::Bytes;

uint32_t Word32(Bytes bytes, size_t at) {
  uint32_t word;
  memcpy(&word, &bytes[at], sizeof word);
  return word;
}

Address Ipv6AddressAt(Bytes bytes, size_t at) {
  Address address;
  memcpy(address.words.data(), &bytes[at], sizeof address.words);
  return address;
}

/** Not 0, which stands for none. */
uint64_t NumberOf(Bytes identification, uint64_t begin) {
  uint64_t hash = begin;
  for (const uint8_t byte : identification) hash = (hash ^ byte) * 0x100000001b3;  // FNV-1a
  return hash | 1;
}

/** Whether one of the 16-bit words at even places from begin to end is this one. */
inline bool HasWord(const uint8_t* begin, const uint8_t* end, uint16_t word) {
  using Vector = uint16_t __attribute__((vector_size(16)));
  const Vector wanted = Vector{} + word;
  const auto equal = [&](const uint8_t* at) {
    Vector vector;
    memcpy(&vector, at, sizeof vector);
    return vector == wanted;
  };
  // The last step overlaps the one before it.
  auto lanes = equal(end - sizeof wanted);
  for (; begin + sizeof wanted <= end; begin += sizeof wanted) lanes |= equal(begin);
  uint64_t halves[2];
  memcpy(halves, &lanes, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

/** Of IP's number; nothing where it is neither. */
inline std::optional<Transport> TransportOf(uint8_t protocol) {
  if (protocol == kTcp) return Transport::kTcp;
  if (protocol == kUdp) return Transport::kUdp;
  return std::nullopt;
}

/** Where a header can be in what IP carries. */
inline size_t WrappedAt(size_t payload, uint8_t protocol) {
  return protocol == kUdp ? payload + kUdpHeader : payload;
}

}  // namespace

bool OwnPackets::Contains(Bytes frame) {
  connections_.Update();
  if (connections_.marks().empty()) return false;
  const Layer layer = NetworkLayer(frame);
  if (layer.ether_type == kIpv4) [[likely]]
    return IsOfIpv4(frame, layer.at);
  if (layer.ether_type == kIpv6) return IsOfIpv6(frame, layer.at);
  return layer.ether_type != kArp && IsWrapped(frame, layer.at);
}

inline OwnPackets::Layer OwnPackets::NetworkLayer(Bytes frame) const {
  Layer layer;
  switch (link_type_) {
    case kEthernet:
      if (frame.size() < kEthernetHeader) return {};
      layer = {Number16(frame, 12), kEthernetHeader};
      break;
    case kLinuxSll:
      if (frame.size() < kSllHeader) return {};
      layer = {Number16(frame, 14), kSllHeader};
      break;
    case kLinuxSll2:
      if (frame.size() < kSll2Header) return {};
      layer = {Number16(frame, 0), kSll2Header};
      break;
    case kRaw:
      if (frame.empty()) return {};
      return {static_cast<uint16_t>(frame[0] >> 4 == 6 ? kIpv6 : kIpv4), 0};
    default:
      return {};
  }
  if (layer.ether_type == kIpv4) [[likely]]
    return layer;
  while (IsVlanTag(layer.ether_type) && layer.at + 4 <= frame.size())
    layer = {Number16(frame, layer.at + 2), layer.at + 4};
  return layer;
}

bool OwnPackets::IsOfIpv4(Bytes frame, size_t at) {
  if (at + kIpv4Header > frame.size()) return false;
  constexpr uint16_t kMoreFragments = 0x2000, kOffset = 0x1fff;
  const uint8_t protocol = frame[at + 9];
  const uint16_t fragment = Number16(frame, at + 6);
  const size_t payload = at + (frame[at] & 0xf) * 4;
  if ((fragment & (kMoreFragments | kOffset)) == 0) [[likely]] {
    if (protocol == kTcp) return IsTransportOfIpv4(frame, at);
    if (protocol == kUdp && IsTransportOfIpv4(frame, at)) return true;
    return protocol != kIcmp && IsWrapped(frame, WrappedAt(payload, protocol));
  }
  const uint64_t number =
      NumberOf(frame.subspan(at + 12, 8), Number16(frame, at + 4) << 8 | protocol);
  uint64_t& known = fragmented_[(number >> 1) % fragmented_.size()];
  if (fragment & kOffset) return known == number;
  const bool own = ((protocol == kTcp || protocol == kUdp) && IsTransportOfIpv4(frame, at)) ||
                   (protocol != kTcp && IsWrapped(frame, payload));
  return Remember(&known, number, own);
}

bool OwnPackets::IsOfIpv6(Bytes frame, size_t at) {
  if (at + kIpv6Header > frame.size()) return false;
  const uint8_t next = frame[at + 6];
  if (next == kTcp) [[likely]]
    return IsTransportOfIpv6(frame, at);
  if (next == kIcmpv6) return false;
  if (next == kUdp && IsTransportOfIpv6(frame, at)) return true;
  if (next != kFragment || at + kIpv6Header + 8 > frame.size())
    return IsWrapped(frame, WrappedAt(at + kIpv6Header, next));
  const uint64_t number = NumberOf(frame.subspan(at + 8, 32), Word32(frame, at + kIpv6Header + 4));
  uint64_t& known = fragmented_[(number >> 1) % fragmented_.size()];
  if (Number16(frame, at + kIpv6Header + 2) >> 3) return known == number;
  const bool own = IsTransportOfIpv6(frame, at) || IsWrapped(frame, at + kIpv6Header);
  return Remember(&known, number, own);
}

/** Numbers come again: the last packet that had one counts. */
bool OwnPackets::Remember(uint64_t* known, uint64_t number, bool own) {
  if (own) *known = number;
  if (!own && *known == number) *known = 0;
  return own;
}

/**
 * An address of one of the connections, with the rest of an IP and a TCP header around it. Headers
 * have even lengths, so it is at an even place.
 *
 * @param wrapped where the header can be at the earliest
 */
inline bool OwnPackets::IsWrapped(Bytes frame, size_t wrapped) const {
  if (frame.size() < wrapped + kIpv4Header + kPorts) return false;
  // Of the shortest header this comes before the last four bytes of an address, and ports after.
  const size_t begin = wrapped + kIpv4Source;
  const size_t end = std::min((frame.size() & ~size_t{1}) - kPorts, kWrappedWithin);
  for (const auto& mark : connections_.marks()) {
    if (!HasWord(&frame[begin], &frame[end], mark.rarer)) [[likely]]
      continue;
    if (!HasWord(&frame[begin], &frame[end], mark.other)) continue;
    for (size_t at = begin; at + sizeof(uint32_t) <= end; at += 2)
      if (Word32(frame, at) == mark.word && IsHeaderAt(frame, at)) return true;
  }
  return false;
}

/** @param address_at of the last four bytes of an address */
bool OwnPackets::IsHeaderAt(Bytes frame, size_t address_at) const {
  const auto header_at = [&](size_t before, uint8_t version) {
    return address_at >= before && frame[address_at - before] >> 4 == version;
  };
  return (header_at(12, 4) && IsTransportOfIpv4(frame, address_at - 12)) ||
         (header_at(16, 4) && IsTransportOfIpv4(frame, address_at - 16)) ||
         (header_at(20, 6) && IsTransportOfIpv6(frame, address_at - 20)) ||
         (header_at(36, 6) && IsTransportOfIpv6(frame, address_at - 36));
}

bool OwnPackets::IsTransportOfIpv4(Bytes frame, size_t at) const {
  const size_t ports = at + (frame[at] & 0xf) * 4;
  const auto transport = TransportOf(frame[at + 9]);
  if (ports < at + kIpv4Header || ports + kPorts > frame.size() || !transport) return false;
  const uint16_t from = Number16(frame, ports), to = Number16(frame, ports + 2);
  if (!connections_.HasPort(*transport, from) && !connections_.HasPort(*transport, to)) [[likely]]
    return false;
  return connections_.HasPacket(*transport, {Address::OfIpv4(Word32(frame, at + 12)), from},
                                {Address::OfIpv4(Word32(frame, at + 16)), to});
}

bool OwnPackets::IsTransportOfIpv6(Bytes frame, size_t at) const {
  size_t ports = at + kIpv6Header;
  uint8_t next = at + 6 < frame.size() ? frame[at + 6] : 0xff;
  while (next == kHopByHop || next == kRouting || next == kDestinationOptions ||
         next == kFragment) {
    if (ports + 8 > frame.size()) return false;
    const size_t length = next == kFragment ? 8 : (frame[ports + 1] + 1) * 8;
    next = frame[ports];
    ports += length;
  }
  const auto transport = TransportOf(next);
  if (!transport || ports + kPorts > frame.size()) return false;
  const uint16_t from = Number16(frame, ports), to = Number16(frame, ports + 2);
  if (!connections_.HasPort(*transport, from) && !connections_.HasPort(*transport, to)) [[likely]]
    return false;
  return connections_.HasPacket(*transport, {Ipv6AddressAt(frame, at + 8), from},
                                {Ipv6AddressAt(frame, at + 24), to});
}

}  // namespace kcap
