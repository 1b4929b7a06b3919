#include "kafka/flow_hash.h"

#include <algorithm>

#include "net/packet_headers.h"

namespace kcap {
namespace {

using Bytes = FlowHash::Bytes;

constexpr size_t kMacPair = 12;
constexpr size_t kFamily = 4;
constexpr size_t kShortestExtension = 8;

// What is mixed in where frames have no protocol; no protocol has these numbers.
constexpr uint64_t kNoIp = 0x100;
constexpr uint64_t kNoAddresses = 0x101;

uint64_t Number32(Bytes bytes, size_t at) {
  return static_cast<uint64_t>(Number16(bytes, at)) << 16 | Number16(bytes, at + 2);
}

uint64_t Number64(Bytes bytes, size_t at) {
  return Number32(bytes, at) << 32 | Number32(bytes, at + 4);
}

Bytes Behind(Bytes bytes, size_t length) { return bytes.subspan(std::min(length, bytes.size())); }

/** A step of SplitMix64: each bit of the result depends on all bits of both. */
uint64_t Mix(uint64_t hash, uint64_t number) {
  uint64_t mixed = (hash ^ number) + 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111eb;
  return mixed ^ (mixed >> 31);
}

/** An address of IP or Ethernet, with its port where there is one. */
uint64_t Endpoint(Bytes address, uint64_t port = 0) {
  constexpr size_t kIpv4Address = 4, kMacAddress = 6;
  switch (address.size()) {
    case kIpv4Address:
      return Mix(Mix(0, Number32(address, 0)), port);
    case kMacAddress:
      return Mix(Mix(0, Number32(address, 0) << 16 | Number16(address, 4)), port);
    default:
      return Mix(Mix(Mix(0, Number64(address, 0)), Number64(address, 8)), port);
  }
}

/** A sum knows no direction. */
uint64_t Between(uint64_t one, uint64_t other, uint64_t protocol) {
  return Mix(one + other, protocol);
}

struct Addresses {
  Bytes source;
  Bytes destination;
};

uint64_t ByAddresses(const Addresses& addresses, uint64_t protocol) {
  return Between(Endpoint(addresses.source), Endpoint(addresses.destination), protocol);
}

bool HasPorts(uint8_t protocol) {
  return protocol == kTcp || protocol == kUdp || protocol == kSctp || protocol == kUdpLite ||
         protocol == kDccp;
}

uint64_t ByPorts(const Addresses& addresses, uint8_t protocol, Bytes payload) {
  if (!HasPorts(protocol) || payload.size() < 4) return ByAddresses(addresses, protocol);
  return Between(Endpoint(addresses.source, Number16(payload, 0)),
                 Endpoint(addresses.destination, Number16(payload, 2)), protocol);
}

/** Identifications are the sender's: this one knows the direction. */
uint64_t Datagram(const Addresses& addresses, uint64_t protocol, uint64_t identification) {
  const uint64_t direction = Mix(Endpoint(addresses.source), Endpoint(addresses.destination));
  return Mix(Mix(direction, protocol), identification);
}

bool IsExtension(uint8_t next_header) {
  switch (next_header) {
    case kHopByHop:
    case kRouting:
    case kFragment:
    case kAuthentication:
    case kDestinationOptions:
    case kMobility:
    case kHostIdentity:
    case kShim6:
      return true;
    default:
      return false;
  }
}

/** An address family, in the byte order of whichever machine captured it. */
bool IsIpFamily(Bytes family) {
  const uint64_t number = Number32(family, 0);
  const uint64_t value = number > 0xff ? number >> 24 : number;
  if (number != value && number != value << 24) return false;
  // AF_INET everywhere, AF_INET6 of Linux, of NetBSD and OpenBSD, of FreeBSD, of macOS.
  return value == 2 || value == 10 || value == 24 || value == 28 || value == 30;
}

}  // namespace

uint32_t FlowHash::Of(int32_t link_type, Bytes frame) {
  return static_cast<uint32_t>(Conversation(link_type, frame) >> 32);
}

uint64_t FlowHash::Conversation(int32_t link_type, Bytes frame) {
  std::optional<uint64_t> ip;
  switch (link_type) {
    case kEthernet:
      if (frame.size() >= kEthernetHeader)
        ip = OfEtherType(Number16(frame, kMacPair), frame.subspan(kEthernetHeader));
      if (!ip && frame.size() >= kMacPair)
        return ByAddresses({frame.first(6), frame.subspan(6, 6)}, kNoIp);
      break;
    case kLinuxSll:  // knows the sender's MAC address only
      if (frame.size() >= kSllHeader)
        ip = OfEtherType(Number16(frame, 14), frame.subspan(kSllHeader));
      break;
    case kLinuxSll2:
      if (frame.size() >= kSll2Header)
        ip = OfEtherType(Number16(frame, 0), frame.subspan(kSll2Header));
      break;
    case kRaw:
    case kRawIpv4:
    case kRawIpv6:
      ip = OfIp(frame);
      break;
    case kNull:
    case kLoop:
      if (frame.size() >= kFamily && IsIpFamily(frame.first(kFamily)))
        ip = OfIp(frame.subspan(kFamily));
      break;
  }
  return ip ? *ip : Mix(kNoAddresses, static_cast<uint64_t>(link_type));
}

/** @param packet what follows the EtherType, VLAN tags first */
std::optional<uint64_t> FlowHash::OfEtherType(uint16_t type, Bytes packet) {
  while (IsVlanTag(type)) {
    if (packet.size() < 4) return std::nullopt;
    type = Number16(packet, 2);
    packet = packet.subspan(4);
  }
  if (type != kIpv4 && type != kIpv6) return std::nullopt;
  return OfIp(packet);
}

std::optional<uint64_t> FlowHash::OfIp(Bytes packet) {
  if (packet.empty()) return std::nullopt;
  switch (packet[0] >> 4) {
    case 4:
      return OfIpv4(packet);
    case 6:
      return OfIpv6(packet);
    default:
      return std::nullopt;
  }
}

std::optional<uint64_t> FlowHash::OfIpv4(Bytes packet) {
  constexpr uint16_t kMoreFragments = 0x2000, kOffset = 0x1fff;
  if (packet.size() < kIpv4Header) return std::nullopt;
  const Addresses addresses = {packet.subspan(12, 4), packet.subspan(16, 4)};
  const uint8_t protocol = packet[9];
  const size_t header_length = std::max<size_t>((packet[0] & 0xf) * 4, kIpv4Header);
  const uint64_t conversation = ByPorts(addresses, protocol, Behind(packet, header_length));

  const uint16_t fragment = Number16(packet, 6);
  if ((fragment & (kMoreFragments | kOffset)) == 0) return conversation;
  const uint64_t datagram = Datagram(addresses, protocol, Number16(packet, 4));
  if ((fragment & kOffset) == 0) return Remember(datagram, conversation);
  return Recall(datagram).value_or(ByAddresses(addresses, protocol));
}

std::optional<uint64_t> FlowHash::OfIpv6(Bytes packet) {
  if (packet.size() < kIpv6Header) return std::nullopt;
  const Addresses addresses = {packet.subspan(8, 16), packet.subspan(24, 16)};
  uint8_t next_header = packet[6];
  Bytes rest = packet.subspan(kIpv6Header);
  std::optional<uint64_t> datagram;

  while (IsExtension(next_header) && rest.size() >= kShortestExtension) {
    size_t length = (rest[1] + 1) * 8;
    if (next_header == kAuthentication) length = (rest[1] + 2) * 4;
    if (next_header == kFragment) {
      length = 8;
      const uint16_t fragment = Number16(rest, 2);
      const bool first = fragment >> 3 == 0;
      const bool more = fragment & 1;
      // Fragments of one datagram may name different next headers: RFC 8200, 4.5.
      const uint64_t number = Datagram(addresses, kFragment, Number32(rest, 4));
      if (!first) return Recall(number).value_or(ByAddresses(addresses, rest[0]));
      if (more) datagram = number;
    }
    next_header = rest[0];
    rest = Behind(rest, length);
  }
  const uint64_t conversation = ByPorts(addresses, next_header, rest);
  return datagram ? Remember(*datagram, conversation) : conversation;
}

uint64_t FlowHash::Remember(uint64_t datagram, uint64_t conversation) {
  fragmented_[datagram % fragmented_.size()] = {datagram, conversation};
  return conversation;
}

std::optional<uint64_t> FlowHash::Recall(uint64_t datagram) const {
  const auto& known = fragmented_[datagram % fragmented_.size()];
  return known.datagram == datagram ? std::optional(known.conversation) : std::nullopt;
}

}  // namespace kcap
