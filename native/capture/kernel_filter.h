#pragma once

#include <linux/filter.h>
#include <pcap/pcap.h>

#include <vector>

#include "capture/own/connection_table.h"

namespace kcap {

/**
 * The program for the kernel that leaves out the plain packets of connections and gives the others
 * to the user's filter. It spares the ring; what it does not know is left to OwnPackets.
 *
 * @param user_filter compiled for the capture, or null
 * @return empty where the kernel can't filter that way
 */
std::vector<sock_filter> KernelFilter(pcap_t* capture, const bpf_program* user_filter,
                                      const std::vector<Connection>& left_out);

/**
 * Replaces the filter of a live capture in one step: the kernel never runs without one and no
 * packet is lost, where pcap_setfilter() blocks all packets for a moment and does not count them.
 * False where the kernel refuses; the old filter stays then.
 */
bool ReplaceKernelFilter(pcap_t* capture, std::vector<sock_filter> program);

/** Has the kernel add nothing more to the ring; what is in it stays. */
void CloseRing(pcap_t* capture);

}  // namespace kcap
