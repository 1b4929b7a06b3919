#include "capture/kernel_filter.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <pcap/dlt.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <optional>
#include <system_error>
#include <utility>

namespace kcap {
namespace {

/** A field of the pseudo-header that libpcap puts before a cooked packet, and where the kernel
 * keeps it. */
struct CookedField {
  uint32_t offset = 0;
  int kernel_offset = -1;  // an SKF_AD_ number, of which 0 is one
};

struct CookedHeader {
  uint32_t length;
  CookedField fields[4];
};

constexpr CookedHeader kSll = {16, {{0, SKF_AD_PKTTYPE}, {14, SKF_AD_PROTOCOL}}};
constexpr CookedHeader kSll2 = {
    20, {{0, SKF_AD_PROTOCOL}, {4, SKF_AD_IFINDEX}, {8, SKF_AD_HATYPE}, {10, SKF_AD_PKTTYPE}}};

bool IsCooked(int socket) {
  int type = 0;
  socklen_t length = sizeof type;
  return getsockopt(socket, SOL_SOCKET, SO_TYPE, &type, &length) == 0 && type == SOCK_DGRAM;
}

bool LoadsFromPacket(uint16_t code) {
  const auto instruction_class = BPF_CLASS(code);
  const auto mode = BPF_MODE(code);
  return (instruction_class == BPF_LD || instruction_class == BPF_LDX) &&
         (mode == BPF_ABS || mode == BPF_IND || mode == BPF_MSH);
}

/** On a cooked socket the kernel's filter sees the packet without the pseudo-header. */
std::optional<uint32_t> KernelOffset(const CookedHeader& header, uint32_t offset) {
  if (static_cast<int32_t>(offset) < 0) return offset;  // one of the kernel's own fields already
  if (offset >= header.length) return offset - header.length;
  for (const auto& field : header.fields)
    if (field.kernel_offset >= 0 && field.offset == offset) return SKF_AD_OFF + field.kernel_offset;
  return std::nullopt;
}

/** The user's filter as the kernel runs it; nothing where the kernel can't. */
std::optional<std::vector<sock_filter>> ForKernel(pcap_t* capture, const bpf_program& program) {
  static_assert(sizeof(sock_filter) == sizeof(bpf_insn));
  std::vector<sock_filter> code(program.bf_len);
  memcpy(code.data(), program.bf_insns, code.size() * sizeof(sock_filter));
  if (!IsCooked(pcap_fileno(capture))) return code;

  const auto& header = pcap_datalink(capture) == DLT_LINUX_SLL2 ? kSll2 : kSll;
  for (auto& instruction : code) {
    if (!LoadsFromPacket(instruction.code)) continue;
    const auto offset = KernelOffset(header, instruction.k);
    if (!offset) return std::nullopt;
    instruction.k = *offset;
  }
  return code;
}

/** Where IP begins in what the kernel's filter sees; nothing for link types that are left alone. */
std::optional<uint32_t> NetworkOffset(pcap_t* capture) {
  if (IsCooked(pcap_fileno(capture))) return 0;
  switch (pcap_datalink(capture)) {
    case DLT_EN10MB:
      return 14;
    case DLT_RAW:
      return 0;
    default:
      return std::nullopt;
  }
}

// Beyond that, packets are left to OwnPackets: a filter must stay short.
constexpr size_t kMostConnections = 200;

constexpr uint32_t kIpv4Bytes = 20, kIpv6Bytes = 40, kTcpBytes = 20;

/** Writes the part of the program that leaves packets out. */
class Exclusion {
 public:
  Exclusion(uint32_t network_offset, const std::vector<Connection>& connections)
      : ip_(network_offset) {
    std::map<std::array<uint32_t, 4>, std::vector<uint16_t>> ports_of[2];
    size_t count = 0;
    for (const auto& [transport, local, remote, exclusive, open] : connections)
      if (!local.address.IsUnknown() && count++ < kMostConnections)
        ports_of[local.address.IsIpv4()][local.address.words].push_back(local.port);
    for (const bool ipv4 : {true, false}) {
      if (ports_of[ipv4].empty()) continue;
      ipv4 ? BeginIpv4() : BeginIpv6();
      for (const auto& [address, ports] : ports_of[ipv4]) {
        for (const bool source : {true, false}) {
          ipv4 ? MatchIpv4(address[3], source) : MatchIpv6(address, source);
          Load(BPF_H, ip_ + (ipv4 ? kIpv4Bytes : kIpv6Bytes) + (source ? 0 : 2));
          for (const uint16_t port : ports) {
            code_.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, port, 0, 1));
            code_.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
          }
          End(&next_end_);
        }
      }
      End(&next_protocol_);
    }
  }

  std::vector<sock_filter> Take() { return std::move(code_); }

 private:
  void BeginIpv4() {
    BeginProtocol(0x0800, kIpv4Bytes);
    Load(BPF_B, ip_);
    Require(BPF_JEQ, 0x45, &next_protocol_);  // their packets have no options
    Load(BPF_B, ip_ + 9);
    Require(BPF_JEQ, IPPROTO_TCP, &next_protocol_);
    Load(BPF_H, ip_ + 6);
    Require(BPF_JSET, 0x1fff, &next_protocol_, false);  // later fragments have no ports
  }

  void BeginIpv6() {
    BeginProtocol(0x86dd, kIpv6Bytes);
    Load(BPF_B, ip_ + 6);
    Require(BPF_JEQ, IPPROTO_TCP, &next_protocol_);
  }

  void BeginProtocol(uint32_t ether_type, uint32_t header_bytes) {
    Load(BPF_H, SKF_AD_OFF + SKF_AD_PROTOCOL);
    Require(BPF_JEQ, ether_type, &next_protocol_);
    // A program that reads beyond the end leaves the packet out.
    code_.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_LEN, 0));
    Require(BPF_JGE, ip_ + header_bytes + kTcpBytes, &next_protocol_);
  }

  void MatchIpv4(uint32_t address, bool source) {
    Load(BPF_W, ip_ + (source ? 12 : 16));
    Require(BPF_JEQ, ntohl(address), &next_end_);
  }

  void MatchIpv6(const std::array<uint32_t, 4>& address, bool source) {
    for (uint32_t i = 0; i < 4; i++) {
      Load(BPF_W, ip_ + (source ? 8 : 24) + i * 4);
      Require(BPF_JEQ, ntohl(address[i]), &next_end_);
    }
  }

  void Load(uint16_t size, uint32_t offset) {
    code_.push_back(BPF_STMT(static_cast<uint16_t>(BPF_LD | size | BPF_ABS), offset));
  }

  /** Goes on behind it if the comparison is as expected, and to End() of `otherwise` if not. */
  void Require(uint16_t comparison, uint32_t value, std::vector<size_t>* otherwise,
               bool expected = true) {
    const uint8_t on_true = expected ? 1 : 0, on_false = expected ? 0 : 1;
    code_.push_back(
        BPF_JUMP(static_cast<uint16_t>(BPF_JMP | comparison | BPF_K), value, on_true, on_false));
    otherwise->push_back(code_.size());
    code_.push_back(BPF_STMT(BPF_JMP | BPF_JA, 0));
  }

  void End(std::vector<size_t>* jumps) {
    for (const size_t jump : *jumps) code_[jump].k = static_cast<uint32_t>(code_.size() - jump - 1);
    jumps->clear();
  }

  const uint32_t ip_;
  std::vector<sock_filter> code_;
  std::vector<size_t> next_protocol_;
  std::vector<size_t> next_end_;
};

/** In one step; false where the kernel refuses, and errno says why. The old filter stays then. */
bool Attach(pcap_t* capture, std::vector<sock_filter> program) {
  if (program.size() > BPF_MAXINSNS) {
    errno = E2BIG;
    return false;
  }
  const sock_fprog attached = {static_cast<unsigned short>(program.size()), program.data()};
  return setsockopt(pcap_fileno(capture), SOL_SOCKET, SO_ATTACH_FILTER, &attached,
                    sizeof attached) == 0;
}

void Detach(pcap_t* capture) {
  const int ignored = 0;
  setsockopt(pcap_fileno(capture), SOL_SOCKET, SO_DETACH_FILTER, &ignored, sizeof ignored);
}

}  // namespace

bool IsOfPacketSocket(pcap_t* capture) {
  int domain = 0;
  socklen_t length = sizeof domain;
  return getsockopt(pcap_fileno(capture), SOL_SOCKET, SO_DOMAIN, &domain, &length) == 0 &&
         domain == AF_PACKET;
}

void TakeAllProtocols(pcap_t* capture) {
  if (!IsOfPacketSocket(capture)) return;
  const int socket = pcap_fileno(capture);
  sockaddr_ll address{};
  socklen_t length = sizeof address;
  int status = getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length);
  address.sll_family = AF_PACKET;
  address.sll_protocol = htons(ETH_P_ALL);
  if (status == 0)
    status = bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  if (status != 0) throw std::system_error(errno, std::generic_category(), "bind");
}

void LeaveOutInKernel(pcap_t* capture, const bpf_program* user_filter,
                      const std::vector<Connection>& left_out) {
  const auto network_offset = NetworkOffset(capture);
  std::vector<sock_filter> plain = {
      BPF_STMT(BPF_RET | BPF_K, static_cast<uint32_t>(pcap_snapshot(capture)))};
  if (user_filter) {
    auto program = ForKernel(capture, *user_filter);
    if (!program) return;
    plain = std::move(*program);
  }
  auto with_exclusion =
      network_offset ? Exclusion(*network_offset, left_out).Take() : std::vector<sock_filter>();
  with_exclusion.insert(with_exclusion.end(), plain.begin(), plain.end());
  // The kernel has memory for a filter and the one that it replaces. What it took beside the plain
  // one leaves room for that again, and so the ports of connections that have ended are never left
  // out for want of memory: others may have them by now.
  if (!Attach(capture, std::move(plain)) && !user_filter) Detach(capture);
  Attach(capture, std::move(with_exclusion));
}

bool LetNothingPass(pcap_t* capture) { return Attach(capture, {BPF_STMT(BPF_RET | BPF_K, 0)}); }

bool LetPass(pcap_t* capture, const bpf_program* user_filter) {
  if (!user_filter) {
    Detach(capture);
    return true;
  }
  auto program = IsOfPacketSocket(capture) ? ForKernel(capture, *user_filter) : std::nullopt;
  if (program) return Attach(capture, std::move(*program));
  errno = ENOTSUP;
  return false;
}

void CloseRing(pcap_t* capture) {
  if (LetNothingPass(capture)) return;
  // No memory for even that: leave the interface. It takes the kernel longer.
  sockaddr_ll nowhere{};
  nowhere.sll_protocol = htons(0xffff);  // reserved: nobody sends it
  nowhere.sll_family = AF_PACKET;
  (void)!bind(pcap_fileno(capture), reinterpret_cast<const sockaddr*>(&nowhere), sizeof nowhere);
}

}  // namespace kcap
