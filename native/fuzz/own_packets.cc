#include "capture/own/own_packets.h"

#include <arpa/inet.h>
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <array>
#include <vector>

#include "capture/own/own_connections.h"

namespace {

using kcap::Address, kcap::Connection, kcap::Endpoint, kcap::Transport;

constexpr uint8_t kIpv4[] = {0x45, 0, 0, 40, 0, 1, 0, 0, 64, 6, 0, 0, 10, 0, 0, 7, 10, 9, 8, 7};
constexpr uint8_t kIpv6[] = {0x60, 0, 0, 0, 0,  20, 6,  64, 0xfd, 1,  2,    3, 4, 5,
                             6,    7, 8, 9, 10, 11, 12, 13, 0,    1,  0xfd, 1, 2, 3,
                             4,    5, 6, 7, 8,  9,  10, 11, 12,   13, 0,    2};
static_assert(sizeof kIpv4 == 20 && sizeof kIpv6 == 40);
constexpr uint16_t kLocalPort = 40'000, kPort = 9092;

Address Ipv6At(const uint8_t* bytes) {
  Address address;
  std::copy_n(bytes, sizeof address.words, reinterpret_cast<uint8_t*>(address.words.data()));
  return address;
}

/** One of each: what frames are compared with. */
void EnterConnections() {
  const auto enter = [](Transport transport, uint16_t port, const Address& local,
                        const Address& remote) {
    kcap::OwnConnections::Get().Enter({.transport = transport,
                                       .local = {local, port},
                                       .remote = {remote, kPort},
                                       .exclusive = true,
                                       .open = true});
  };
  const auto ipv4 = [](uint32_t address) { return Address::OfIpv4(htonl(address)); };
  enter(Transport::kTcp, kLocalPort, ipv4(0x0a000007), ipv4(0x0a090807));
  enter(Transport::kTcp, kLocalPort + 1, Ipv6At(kIpv6 + 8), Ipv6At(kIpv6 + 24));
  enter(Transport::kUdp, kLocalPort, ipv4(0x0a000007), ipv4(0x0a090807));
}

/** Puts the beginning of a packet of one of them where the input says, as far as there is room. */
void PutHeader(FuzzedDataProvider& input, std::vector<uint8_t>& frame) {
  const bool ipv6 = input.ConsumeBool();
  std::vector<uint8_t> header(ipv6 ? std::begin(kIpv6) : std::begin(kIpv4),
                              ipv6 ? std::end(kIpv6) : std::end(kIpv4));
  const uint16_t local = ipv6 ? kLocalPort + 1 : kLocalPort;
  for (const uint16_t port : {local, kPort}) {
    header.push_back(static_cast<uint8_t>(port >> 8));
    header.push_back(static_cast<uint8_t>(port));
  }
  const auto at = std::min(input.ConsumeIntegralInRange<size_t>(0, 300), frame.size());
  std::copy_n(header.data(), std::min(header.size(), frame.size() - at), frame.data() + at);
}

}  // namespace

// No other process: what they say would make each run another one, and slow.
namespace kcap {

OpenFolder::OpenFolder(const std::string&, Links) : fd_(-1) {}
OpenFolder::~OpenFolder() = default;
ForeignTable::~ForeignTable() = default;
CuttableMemory::~CuttableMemory() = default;
KcapProcesses::KcapProcesses()
    : shared_memory_("", OpenFolder::Links::kRefuse), scanning_(Allowance::Clock::duration(0)) {}
KcapProcesses::List KcapProcesses::Look() { return list_; }
KcapProcesses& KcapProcesses::Get() {
  static KcapProcesses none;
  return none;
}

}  // namespace kcap

/** Frames of any kind, one after the other, since fragments are remembered. */
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool entered = (EnterConnections(), true);
  static_cast<void>(entered);
  FuzzedDataProvider input(data, size);
  // Those that are read, and one that is not.
  const auto link_type = input.PickValueInArray({0, 1, 101, 113, 276});
  kcap::OwnPackets one(link_type), other(link_type);
  while (input.remaining_bytes() > 0) {
    const bool has_header = input.ConsumeBool();
    const size_t length = input.ConsumeIntegralInRange<size_t>(0, 400);
    auto bytes = input.ConsumeBytes<uint8_t>(length);
    if (has_header) {
      // Little of the input makes a long frame.
      bytes.resize(length);
      PutHeader(input, bytes);
    }
    // Memory of its own, and no more of it: a byte too far is found.
    const std::vector<uint8_t> frame(bytes.begin(), bytes.end());
    if (one.Contains(frame) != other.Contains(frame)) __builtin_trap();
  }
  return 0;
}
