#pragma once

namespace kcap {

// The headers of docs/wire-format.md that say something of a message's packets.
inline constexpr const char* kLinkTypeHeader = "pcap-linktype";
inline constexpr const char* kOriginalLengthHeader = "pcap-origlen";
inline constexpr const char* kNanosecondsHeader = "pcap-nanos";
inline constexpr const char* kPackedHeader = "pcap-packed";
inline constexpr const char* kInterfaceHeader = "pcap-interface";
inline constexpr const char* kHostHeader = "pcap-host";

}  // namespace kcap
