#pragma once

#include <linux/filter.h>
#include <pcap/pcap.h>

#include <vector>

#include "capture/own/connection_table.h"

namespace kcap {

/**
 * Whether the kernel takes the user's filter; errno says why not. It may be too long, or memory for
 * filters (net.core.optmem_max) too small. The capture has no filter afterwards.
 */
bool KernelTakes(pcap_t* capture, const bpf_program& user_filter);

/**
 * Puts the user's filter less these connections into the kernel. At each moment the kernel runs the
 * user's filter and no packet is lost, where pcap_setfilter() blocks all packets for a moment and
 * does not count them. Where the kernel refuses, no connection is left out.
 *
 * @param user_filter that the kernel runs already, or null
 */
void LeaveOutInKernel(pcap_t* capture, const bpf_program* user_filter,
                      const std::vector<Connection>& left_out);

/** Has the kernel leave out every packet; false where it refuses, and errno says why. */
bool LetNothingPass(pcap_t* capture);

/**
 * Ends LetNothingPass(): the user's filter holds again, or none. False where the kernel refuses it,
 * and errno says why.
 *
 * @param user_filter that the kernel has run before, or null
 */
bool LetPass(pcap_t* capture, const bpf_program* user_filter);

/** Has the kernel add nothing more to the ring; what is in it stays. */
void CloseRing(pcap_t* capture);

}  // namespace kcap
