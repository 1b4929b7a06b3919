#pragma once

#include <napi.h>
#include <pcap/pcap.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "capture/capture_filter.h"

namespace kcap {

/** What JavaScript asks of a capture: `LiveCapture` of src/addon/capture.ts. */
struct CaptureOptions {
  explicit CaptureOptions(const Napi::Object& js);

  std::string interface;
  int snap_length;
  int buffer_bytes;
  bool promiscuous;
  bool nanoseconds;
  int link_type;  // LINKTYPE_; -1 for the interface's usual one
  std::optional<std::string> timestamp_type;
  std::string filter;
  /** Whether it shares the interface's packets with other captures (Fanout). */
  bool shares;
  std::optional<uint16_t> fanout_group;  // that it joins; nothing: a new one
};

/** An open capture that does not block, and that the kernel fills from now on; one that shares
 * packets, from Fanout::Begin() on. */
struct PcapHandle {
  std::shared_ptr<pcap_t> pcap;
  std::string warning;  // or empty
  /** The user's filter, in the kernel already: compiled once, since names may change their
   * addresses or not be found any more. Null for all packets. */
  std::unique_ptr<FilterProgram> filter;
  /** In its place where the kernel refuses it: the reader of packets applies it. */
  std::unique_ptr<FilterProgram> filter_here;
  std::optional<uint16_t> fanout_group;  // that it has joined
};

/** How long the kernel keeps a block of its ring open for more packets: a part of the latency on
 * quiet links. */
inline constexpr int kBlockTimeoutMs = 10;

/** Throws an Error whose `code` is libpcap's name of the problem (PERM_DENIED, NO_SUCH_DEVICE,
 * FILTER, LINKTYPE, TIMESTAMP_TYPE …), or FANOUT. */
PcapHandle OpenCapture(Napi::Env env, const CaptureOptions& options);

}  // namespace kcap
