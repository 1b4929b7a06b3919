#pragma once

namespace kcap {

// The headers of docs/wire-format.md that say something of a message's packets.
inline constexpr char kLinkTypeHeader[] = "pcap-linktype";
inline constexpr char kOriginalLengthHeader[] = "pcap-origlen";
inline constexpr char kNanosecondsHeader[] = "pcap-nanos";
inline constexpr char kPackedHeader[] = "pcap-packed";
inline constexpr char kInterfaceHeader[] = "pcap-interface";
inline constexpr char kHostHeader[] = "pcap-host";

}  // namespace kcap
