#pragma once

namespace kcap {

/**
 * Capture files and Kafka carry LINKTYPE_ numbers (the tcpdump.org registry), libpcap's functions
 * take this machine's DLT_ numbers. The two differ for a few old types only.
 */
int LinkTypeOfDlt(int dlt);
int DltOfLinkType(int link_type);

}  // namespace kcap
