#pragma once

#include <pcap/pcap.h>

#include <cstdint>
#include <optional>

namespace kcap {

/**
 * Captures of one interface that share its packets out among them, each packet to one of them: a
 * fan-out group of packet(7). A conversation stays with one capture, in both directions and with
 * its fragments, and so keeps its order.
 *
 * The kernel's own hash (PACKET_FANOUT_HASH) would not do. It puts fragments elsewhere than the
 * other packets of their conversation, unless the kernel puts them together first
 * (PACKET_FANOUT_FLAG_DEFRAG): then packets are captured that were never on the wire, and fragments
 * of which one is missing are not captured. PACKET_FANOUT_FLAG_ROLLOVER gives packets for a full
 * ring to another capture, where they overtake those of their conversation that wait in the full
 * one. So the hash is a filter program of ours, of what RSS of network cards goes by: addresses,
 * and the ports of TCP. Fragments of UDP are frequent, and have no ports; TCP avoids them, and
 * where it does not, they go by addresses.
 */
class Fanout {
 public:
  /**
   * Puts a capture of kNoProtocol, open and with its filter, into the group. No packet passes
   * before Begin(), so that each comes once, to a capture of the whole group.
   *
   * @param group of the captures that have joined before, or nothing for a new one
   * @return the group. Throws std::system_error where the kernel refuses.
   */
  static uint16_t Join(pcap_t* capture, std::optional<uint16_t> group);

  /** Lets packets pass, all or those of this filter. Throws std::system_error where the kernel
   * refuses. */
  static void Begin(pcap_t* capture, const bpf_program* user_filter);
};

}  // namespace kcap
