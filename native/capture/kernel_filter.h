#pragma once

#include <pcap/pcap.h>

namespace kcap {

/**
 * Replaces the filter of a live capture in one step: the kernel never runs without one and no
 * packet is lost, where pcap_setfilter() blocks all packets for a moment and does not count them.
 * False where the kernel refuses; the old filter stays then.
 */
bool ReplaceKernelFilter(pcap_t* capture, const bpf_program& program);

}  // namespace kcap
