#pragma once

#include <algorithm>
#include <bitset>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "capture/own/allowance.h"
#include "capture/own/connection_table.h"
#include "capture/own/kcap_processes.h"

namespace kcap {

/**
 * The connections to brokers and collectors of this process and of every other kcap on the host, as
 * their tables say it. Another user's table is believed only about this process's brokers.
 *
 * For one thread, that of a capture.
 */
class KnownConnections {
 public:
  /** The last four bytes of an address that every packet of a connection has. */
  struct Mark {
    explicit Mark(uint32_t word);
    bool operator==(const Mark&) const = default;

    uint32_t word;
    /** Its halves; the first is the one that is less likely in other packets. */
    uint16_t rarer, other;
  };

  KnownConnections();

  /** Looks for processes that are new or gone. Whether anything has changed since the last call. */
  bool Refresh();
  /** Looks for connections that are new or gone, of the processes that it knows. */
  void Update() {
    if (HasNews()) [[unlikely]]
      TakeNews();
  }

  /** One of them is in every packet; each one once. */
  const std::vector<Mark>& marks() const { return marks_; }
  /** Whether any has this local port, or had it at the last news. */
  bool HasPort(Transport transport, uint16_t port) const {
    return ports_[ConnectionTable::PlaceOf(transport, port)];
  }
  /** Whether a packet with these ends is of one of them. */
  bool HasPacket(Transport transport, const Endpoint& source, const Endpoint& destination) const;
  /** Those of TCP that are open, and have their port alone. */
  std::vector<Connection> Open() const;

 private:
  struct Known {
    const ConnectionTable* table;
    /** Its process lives, and in this network namespace: a port is its own then. */
    bool ports_are_its_own;
    /** Whether it is believed whatever it says, or only about this process's brokers. */
    bool trusted;
    uint32_t generation;
  };

  bool HasNews() {
    return std::any_of(known_.begin(), known_.begin() + living_, [this](const Known& known) {
      return known.table->generation() != known.generation && (known.trusted || news_.IsLeft());
    });
  }
  void TakeNews();
  static uint32_t MostPlacesOf(const Known& known);
  bool Counts(const Known& known, const Connection& connection) const;
  bool Matches(const Known& known, Transport transport, const Endpoint& here,
               const Endpoint& there) const;
  bool IsOwnBroker(const Endpoint& broker) const;

  const uint64_t net_namespace_;
  KcapProcesses::List processes_;
  std::vector<Known> known_;  // this process's, those that live, and those that have ended
  ptrdiff_t living_ = 0;      // so many of them may change
  Allowance news_;
  /** For each packet one look, however many processes there have been. */
  std::bitset<ConnectionTable::kPlaces> ports_;
  std::vector<Mark> marks_;
  std::vector<Endpoint> brokers_;  // of this process
};

}  // namespace kcap
