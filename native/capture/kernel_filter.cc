#include "capture/kernel_filter.h"

#include <linux/filter.h>
#include <pcap/dlt.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>
#include <vector>

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

}  // namespace

bool ReplaceKernelFilter(pcap_t* capture, const bpf_program& program) {
  static_assert(sizeof(sock_filter) == sizeof(bpf_insn));
  const int socket = pcap_fileno(capture);
  std::vector<sock_filter> code(program.bf_len);
  memcpy(code.data(), program.bf_insns, code.size() * sizeof(sock_filter));

  if (IsCooked(socket)) {
    const auto& header = pcap_datalink(capture) == DLT_LINUX_SLL2 ? kSll2 : kSll;
    for (auto& instruction : code) {
      if (!LoadsFromPacket(instruction.code)) continue;
      const auto offset = KernelOffset(header, instruction.k);
      if (!offset) return false;
      instruction.k = *offset;
    }
  }
  const sock_fprog attached = {static_cast<unsigned short>(code.size()), code.data()};
  return setsockopt(socket, SOL_SOCKET, SO_ATTACH_FILTER, &attached, sizeof attached) == 0;
}

}  // namespace kcap
