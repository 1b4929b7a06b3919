#include "capture/fanout.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <system_error>
#include <utility>
#include <vector>

#include "capture/kernel_filter.h"

namespace kcap {
namespace {

/** Writes the program that gives each packet a number; the kernel takes it modulo the group's size.
 */
class ConversationHash {
 public:
  ConversationHash() {
    FindNetworkLayer();
    const size_t ipv6 = Jump(ETH_P_IPV6);
    const size_t ipv4 = Jump(ETH_P_IP);
    Add(BPF_RET | BPF_K, 0);  // neither: all to the first capture
    Land(ipv4);
    HashIpv4();
    Land(ipv6);
    HashIpv6();
  }

  std::vector<sock_filter> Take() { return std::move(code_); }

 private:
  // Scratch memory of the program.
  static constexpr uint32_t kBase = 0, kHash = 1, kWord = 2;
  static constexpr uint32_t kGoldenRatio = 0x9e3779b1;

  void Add(int code, uint32_t k) { code_.push_back(BPF_STMT(static_cast<uint16_t>(code), k)); }
  void Load(int size, uint32_t at) { Add(BPF_LD | size | BPF_IND, at); }

  /** A jump, to Land(), where A is this value. */
  size_t Jump(uint32_t value, int comparison = BPF_JEQ) {
    code_.push_back(BPF_JUMP(static_cast<uint16_t>(BPF_JMP | comparison | BPF_K), value, 0, 0));
    return code_.size() - 1;
  }
  /** The same where it is another one. */
  size_t JumpUnless(uint32_t value) {
    const size_t jump = Jump(value);
    negated_.push_back(jump);
    return jump;
  }
  void Land(size_t jump) {
    auto& from = code_[jump];
    const auto distance = static_cast<uint8_t>(code_.size() - jump - 1);
    const bool negated = std::erase(negated_, jump) > 0;
    (negated ? from.jf : from.jt) = distance;
  }

  /** X: where the packet of the network layer begins. A: its EtherType. */
  void FindNetworkLayer() {
    // What comes in begins there. What goes out has its link layer before it, and is in one piece:
    // only then may the kernel be asked for places from the network layer on.
    Add(BPF_LDX | BPF_IMM, 0);
    Add(BPF_LD | BPF_B | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_PKTTYPE));
    const size_t incoming = JumpUnless(PACKET_OUTGOING);
    Add(BPF_LDX | BPF_IMM, static_cast<uint32_t>(SKF_NET_OFF));
    Land(incoming);
    Add(BPF_LD | BPF_H | BPF_ABS, static_cast<uint32_t>(SKF_AD_OFF + SKF_AD_PROTOCOL));
    // The kernel has taken a VLAN tag out; this is the second one.
    const size_t tagged = Jump(ETH_P_8021Q), tagged_twice = Jump(ETH_P_8021AD);
    const size_t untagged = Jump(0, BPF_JGE);
    Land(tagged);
    Land(tagged_twice);
    Load(BPF_H, 2);
    Skip(4);
    Land(untagged);
    const size_t plain = JumpUnless(ETH_P_PPP_SES);
    Load(BPF_H, 6);
    Skip(8);
    TranslatePpp(0x21, ETH_P_IP);
    TranslatePpp(0x57, ETH_P_IPV6);
    Land(plain);
  }

  /** Moves X on by a header of so many bytes, and leaves A. */
  void Skip(uint32_t bytes) {
    Add(BPF_ST, kWord);
    Add(BPF_MISC | BPF_TXA, 0);
    Add(BPF_ALU | BPF_ADD | BPF_K, bytes);
    Add(BPF_MISC | BPF_TAX, 0);
    Add(BPF_LD | BPF_MEM, kWord);
  }

  void TranslatePpp(uint32_t protocol, uint32_t ether_type) {
    const size_t other = JumpUnless(protocol);
    Add(BPF_LD | BPF_IMM, ether_type);
    Land(other);
  }

  void HashIpv4() {
    HashAddresses(12, 1);
    Load(BPF_H, 6);
    const size_t fragment = Jump(0x3fff, BPF_JSET);  // more fragments follow, or went before
    Load(BPF_B, 9);
    const size_t other = JumpUnless(IPPROTO_TCP);
    Load(BPF_B, 0);
    Add(BPF_ALU | BPF_AND | BPF_K, 0xf);
    Add(BPF_ALU | BPF_LSH | BPF_K, 2);
    Add(BPF_ALU | BPF_ADD | BPF_X, 0);
    Add(BPF_MISC | BPF_TAX, 0);
    HashPorts(0);
    Land(fragment);
    Land(other);
    ReturnHash();
  }

  void HashIpv6() {
    HashAddresses(8, 4);
    Load(BPF_B, 6);
    const size_t other = JumpUnless(IPPROTO_TCP);
    HashPorts(40);
    Land(other);
    ReturnHash();
  }

  /** Both, whichever of them is the source. They have so many words each. */
  void HashAddresses(uint32_t at, uint32_t words) {
    Add(BPF_STX, kBase);
    Add(BPF_LD | BPF_IMM, 0);
    Add(BPF_ST, kHash);
    for (uint32_t word = 0; word < words; word++)
      HashSum(BPF_W, at + 4 * word, at + 4 * (words + word));
  }

  /** Both, whichever of them is the source's. They stand at X + at. */
  void HashPorts(uint32_t at) {
    Add(BPF_STX, kBase);
    HashSum(BPF_H, at, at + 2);
  }

  /** Takes what stands at X + source and X + destination into the hash, in either order. */
  void HashSum(int size, uint32_t source, uint32_t destination) {
    Load(size, source);
    Add(BPF_ST, kWord);
    Load(size, destination);
    for (const uint32_t summand : {kWord, kHash}) {
      Add(BPF_LDX | BPF_MEM, summand);
      Add(BPF_ALU | BPF_ADD | BPF_X, 0);
    }
    Add(BPF_ALU | BPF_MUL | BPF_K, kGoldenRatio);
    Add(BPF_ST, kHash);
    Add(BPF_LDX | BPF_MEM, kBase);
  }

  void ReturnHash() {
    Add(BPF_LD | BPF_MEM, kHash);
    Add(BPF_ALU | BPF_RSH | BPF_K, 16);
    Add(BPF_RET | BPF_A, 0);
  }

  std::vector<sock_filter> code_;
  std::vector<size_t> negated_;
};

void Check(int status, const char* what) {
  if (status != 0) throw std::system_error(errno, std::generic_category(), what);
}

}  // namespace

uint16_t Fanout::Join(pcap_t* capture, std::optional<uint16_t> group) {
  const int socket = pcap_fileno(capture);
  Check(LetNothingPass(capture) ? 0 : -1, "SO_ATTACH_FILTER");
  TakeAllProtocols(capture);
  // A number that nobody else has, for the first one.
  const int type = PACKET_FANOUT_CBPF | (group ? 0 : PACKET_FANOUT_FLAG_UNIQUEID);
  int joined = group.value_or(0) | type << 16;
  Check(setsockopt(socket, SOL_PACKET, PACKET_FANOUT, &joined, sizeof joined), "PACKET_FANOUT");
  if (group) return *group;
  socklen_t length = sizeof joined;
  Check(getsockopt(socket, SOL_PACKET, PACKET_FANOUT, &joined, &length), "PACKET_FANOUT");
  auto hash = ConversationHash().Take();
  const sock_fprog program = {static_cast<unsigned short>(hash.size()), hash.data()};
  Check(setsockopt(socket, SOL_PACKET, PACKET_FANOUT_DATA, &program, sizeof program),
        "PACKET_FANOUT_DATA");
  return static_cast<uint16_t>(joined);
}

void Fanout::Begin(pcap_t* capture, const bpf_program* user_filter) {
  Check(LetPass(capture, user_filter) ? 0 : -1, "SO_ATTACH_FILTER");
}

}  // namespace kcap
