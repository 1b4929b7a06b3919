#pragma once

#include <linux/filter.h>
#include <pcap/pcap.h>

#include <vector>

#include "capture/own/connection_table.h"

namespace kcap {

/** A protocol that nobody sends: a capture of it gets no packet before TakeAllProtocols(). */
inline constexpr int kNoProtocol = 0xffff;

/** Some interfaces of libpcap's are of none: USB, Bluetooth, netfilter's log. */
bool IsOfPacketSocket(pcap_t* capture);

/** Begins a capture of kNoProtocol; nothing where it is of no packet socket. Throws
 * std::system_error where the kernel refuses. */
void TakeAllProtocols(pcap_t* capture);

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
 * Has the kernel run the user's filter, or none, in place of what it has run, in one step: it
 * judges each packet by one of the two and loses none, where pcap_setfilter() blocks all packets
 * for a moment. False where the kernel refuses, and errno says why: the filter may be too long,
 * memory for filters (net.core.optmem_max) too small, or (ENOTSUP) the filter about what libpcap
 * alone knows. The old filter stays then.
 *
 * @param user_filter null for none
 */
bool LetPass(pcap_t* capture, const bpf_program* user_filter);

/** Has the kernel add nothing more to the ring; what is in it stays. */
void CloseRing(pcap_t* capture);

}  // namespace kcap
