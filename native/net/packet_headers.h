#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

// Numbers and lengths of the headers that packets begin with.
namespace kcap {

/** LINKTYPE_ numbers of the tcpdump.org registry. */
enum LinkType : int32_t {
  kNull = 0,
  kEthernet = 1,
  kRaw = 101,
  kLoop = 108,
  kLinuxSll = 113,
  kRawIpv4 = 228,
  kRawIpv6 = 229,
  kLinuxSll2 = 276,
};

enum EtherType : uint16_t {
  kNoEtherType = 0,  // where it is not known
  kIpv4 = 0x0800,
  kArp = 0x0806,
  kIpv6 = 0x86dd,
};

/** Numbers of IP's protocols and extension headers (IANA). */
enum IpProtocol : uint8_t {
  kHopByHop = 0,
  kIcmp = 1,
  kTcp = 6,
  kUdp = 17,
  kDccp = 33,
  kRouting = 43,
  kFragment = 44,
  kAuthentication = 51,
  kIcmpv6 = 58,
  kDestinationOptions = 60,
  kSctp = 132,
  kMobility = 135,
  kUdpLite = 136,
  kHostIdentity = 139,
  kShim6 = 140,
};

// In bytes; of IP without options and extension headers.
constexpr size_t kEthernetHeader = 14;
constexpr size_t kSllHeader = 16;
constexpr size_t kSll2Header = 20;
constexpr size_t kIpv4Header = 20;
constexpr size_t kIpv6Header = 40;

/** IEEE 802.1Q and 802.1ad, and what was used for stacked tags before. */
constexpr bool IsVlanTag(uint16_t ether_type) {
  return ether_type == 0x8100 || ether_type == 0x88a8 || ether_type == 0x9100 ||
         ether_type == 0x9200;
}

/** Big-endian, on every machine. */
inline uint16_t Number16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

}  // namespace kcap
