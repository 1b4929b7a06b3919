#include "capture/own/connection_table.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <cstddef>
#include <cstring>
#include <ctime>

namespace kcap {
namespace {

constexpr auto kRelaxed = std::memory_order_relaxed;

template <typename Words>
void Store(Words& words, const Address& address) {
  for (size_t i = 0; i < 4; i++) words[i].store(address.words[i], kRelaxed);
}

template <typename Words>
Address Load(const Words& words) {
  Address address;
  for (size_t i = 0; i < 4; i++) address.words[i] = words[i].load(kRelaxed);
  return address;
}

}  // namespace

Address Address::OfIpv4(uint32_t network_order) { return {{0, 0, htonl(0xffff), network_order}}; }

bool Address::IsIpv4() const { return words[0] == 0 && words[1] == 0 && words[2] == htonl(0xffff); }

Endpoint Endpoint::Of(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto* ip4 = reinterpret_cast<const sockaddr_in*>(address);
    // An address that is not chosen yet is unknown, whatever its family.
    if (ip4->sin_addr.s_addr == INADDR_ANY) return {{}, ntohs(ip4->sin_port)};
    return {Address::OfIpv4(ip4->sin_addr.s_addr), ntohs(ip4->sin_port)};
  }
  const auto* ip6 = reinterpret_cast<const sockaddr_in6*>(address);
  Endpoint endpoint{{}, ntohs(ip6->sin6_port)};
  memcpy(endpoint.address.words.data(), &ip6->sin6_addr, sizeof ip6->sin6_addr);
  return endpoint;
}

uint32_t SecondsSinceBoot() {
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  return static_cast<uint32_t>(now.tv_sec);
}

void ConnectionTable::Begin(uint64_t net_namespace) {
  net_namespace_.store(net_namespace, kRelaxed);
  format_.store(kFormat, std::memory_order_release);
}

ConnectionTable::Extent ConnectionTable::CommonExtent() {
  return {0, offsetof(ConnectionTable, places_)};
}

ConnectionTable::Extent ConnectionTable::ExtentOf(Transport transport, uint16_t local_port) {
  const size_t place = PlaceOf(transport, local_port);
  return {offsetof(ConnectionTable, places_) + place * sizeof(Place), sizeof(Place)};
}

void ConnectionTable::Set(const Connection& connection) {
  const uint32_t number = PlaceOf(connection.transport, connection.local.port);
  auto& place = places_[number];
  Store(place.local, connection.local.address);
  Store(place.remote, connection.remote.address);
  place.remote_port.store(connection.remote.port, kRelaxed);
  place.exclusive.store(connection.exclusive, kRelaxed);
  place.until.store(0, kRelaxed);
  Mark(number, true);
}

void ConnectionTable::Close(Transport transport, uint16_t local_port) {
  const uint32_t place = PlaceOf(transport, local_port);
  const uint32_t kept = transport == Transport::kTcp ? kClosedSeconds : kClosedUdpSeconds;
  places_[place].until.store(SecondsSinceBoot() + kept, kRelaxed);
  Mark(place, true);
}

void ConnectionTable::Sweep(Transport transport, uint16_t local_port) {
  if (!At(transport, local_port)) Mark(PlaceOf(transport, local_port), false);
}

void ConnectionTable::Mark(uint32_t place, bool used) {
  const uint64_t bit = UINT64_C(1) << (place % 64);
  auto& word = ports_[place / 64];
  if (used)
    word.fetch_or(bit, std::memory_order_release);
  else
    word.fetch_and(~bit, std::memory_order_release);
  generation_.fetch_add(1, std::memory_order_release);
}

std::optional<Connection> ConnectionTable::AtPlace(uint32_t number) const {
  if (!(ports_[number / 64].load(std::memory_order_acquire) >> (number % 64) & 1))
    return std::nullopt;
  const auto& place = places_[number];
  const uint32_t until = place.until.load(kRelaxed);
  if (until != 0 && SecondsSinceBoot() >= until) return std::nullopt;
  return Connection{
      .transport = number < kPorts ? Transport::kTcp : Transport::kUdp,
      .local = {Load(place.local), static_cast<uint16_t>(number % kPorts)},
      .remote = {Load(place.remote), static_cast<uint16_t>(place.remote_port.load(kRelaxed))},
      .exclusive = place.exclusive.load(kRelaxed) != 0,
      .open = until == 0,
  };
}

}  // namespace kcap
