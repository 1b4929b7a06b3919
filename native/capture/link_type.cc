#include "capture/link_type.h"

#include <pcap/dlt.h>

namespace kcap {
namespace {

struct Pair {
  int dlt;
  int link_type;
};

// Where Linux' DLT_ value is not the LINKTYPE_ value (libpcap's pcap-common.c lists them as well).
constexpr Pair kDifferent[] = {
    {DLT_ATM_RFC1483, 100}, {DLT_RAW, 101},      {DLT_SLIP_BSDOS, 102},
    {DLT_PPP_BSDOS, 103},   {DLT_ATM_CLIP, 106}, {DLT_PPP_SERIAL, 50},
    {DLT_PPP_ETHER, 51},    {DLT_PFSYNC, 246},   {DLT_PKTAP, 258},
};

}  // namespace

int LinkTypeOfDlt(int dlt) {
  for (const auto& pair : kDifferent)
    if (pair.dlt == dlt) return pair.link_type;
  return dlt;
}

int DltOfLinkType(int link_type) {
  for (const auto& pair : kDifferent)
    if (pair.link_type == link_type) return pair.dlt;
  return link_type;
}

}  // namespace kcap
