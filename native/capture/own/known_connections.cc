#include "capture/own/known_connections.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include "capture/own/own_connections.h"

namespace kcap {
namespace {

// Whoever has a user on this host can put down as many connections as there are ports, and change
// them all the time. A kcap of another user has far fewer, and the host few addresses.
constexpr uint32_t kMostPlacesOfOthers = 4096;
constexpr size_t kMostMarksOfOthers = 32;
constexpr std::chrono::milliseconds kNewsASecond(100);

}  // namespace

KnownConnections::Mark::Mark(uint32_t word) : word(word) {
  uint16_t halves[2];
  memcpy(halves, &word, sizeof halves);
  // Zeros are everywhere; of what is left, packets have small numbers rather than a network's.
  const bool first_is_rarer = halves[0] != 0;
  rarer = halves[first_is_rarer ? 0 : 1];
  other = halves[first_is_rarer ? 1 : 0];
}

KnownConnections::KnownConnections() : net_namespace_(NetNamespace()), news_(kNewsASecond) {
  OwnConnections::Get();
  Refresh();
}

bool KnownConnections::Refresh() {
  auto processes = KcapProcesses::Get().Look();
  if (processes == processes_ && !HasNews()) return false;
  processes_ = std::move(processes);
  known_.clear();
  const auto& own = OwnConnections::Get().table();
  known_.push_back({&own, true, true, 0});
  for (const bool living : {true, false}) {
    for (const auto& [table, alive] : *processes_)
      if (alive == living)
        known_.push_back({&table->table(),
                          alive && table->table().net_namespace() == net_namespace_,
                          table->trusted(), 0});
    if (living) living_ = std::ssize(known_);
  }
  TakeNews();
  return true;
}

void KnownConnections::TakeNews() {
  const auto spent = news_.Spend();
  marks_.clear();
  brokers_.clear();
  ports_.reset();
  size_t marks_of_others = 0;
  for (auto& known : known_) {
    known.generation = known.table->generation();
    known.table->ForEach(MostPlacesOf(known), [&](const Connection& connection) {
      const auto& [transport, local, remote, exclusive, open] = connection;
      if (!Counts(known, connection)) return;
      ports_.set(ConnectionTable::PlaceOf(transport, local.port));
      const auto& marking = local.address.IsUnknown() ? remote.address : local.address;
      const Mark mark(marking.words[3]);
      if (std::find(marks_.begin(), marks_.end(), mark) == marks_.end() &&
          (known.trusted || marks_of_others++ < kMostMarksOfOthers))
        marks_.push_back(mark);
      if (&known == known_.data() && !IsOwnBroker(remote)) brokers_.push_back(remote);
    });
  }
}

uint32_t KnownConnections::MostPlacesOf(const Known& known) {
  return known.trusted ? UINT32_MAX : kMostPlacesOfOthers;
}

/** Another user's word is taken only for connections to this process's brokers. */
bool KnownConnections::Counts(const Known& known, const Connection& connection) const {
  return known.trusted || IsOwnBroker(connection.remote);
}

std::vector<Connection> KnownConnections::Open() const {
  std::vector<Connection> open;
  for (const auto& known : known_)
    known.table->ForEach(MostPlacesOf(known), [&](const Connection& connection) {
      if (connection.transport == Transport::kTcp && connection.open && connection.exclusive &&
          known.ports_are_its_own && Counts(known, connection))
        open.push_back(connection);
    });
  return open;
}

bool KnownConnections::IsOwnBroker(const Endpoint& broker) const {
  return std::find(brokers_.begin(), brokers_.end(), broker) != brokers_.end();
}

bool KnownConnections::HasPacket(Transport transport, const Endpoint& source,
                                 const Endpoint& destination) const {
  return std::any_of(known_.begin(), known_.end(), [&](const Known& known) {
    return Matches(known, transport, source, destination) ||
           Matches(known, transport, destination, source);
  });
}

/**
 * While a port belongs to a connection alone, its local end says it all, whatever the brokers'
 * address becomes on the way (DNAT). Otherwise both ends do.
 */
bool KnownConnections::Matches(const Known& known, Transport transport, const Endpoint& here,
                               const Endpoint& there) const {
  if (!known.table->Has(transport, here.port)) return false;
  const auto connection = known.table->At(transport, here.port);
  if (!connection || !Counts(known, *connection)) return false;
  const bool to_broker = connection->remote == there;
  if (connection->local.address.IsUnknown()) return to_broker;
  if (connection->local.address != here.address) return false;
  return to_broker ||
         (known.trusted && known.ports_are_its_own && connection->open && connection->exclusive);
}

}  // namespace kcap
