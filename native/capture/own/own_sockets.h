#pragma once

#include <napi.h>

namespace kcap {

/**
 * For the sockets that Node makes, as OwnConnections does for librdkafka's:
 *
 * ownSocket(address, port) → {fd, localPort}: a TCP socket that is to be connected to this peer,
 * bound to a port that is put down already. Throws an Error whose `code` is the system's name of
 * the problem. enterOwn(transport, localPort, localAddress | undefined, address, port): puts a
 * connection down, or what has become known of it. The local address is unknown until it is
 * connected. leaveOwn(transport, localPort): it is closed.
 *
 * `transport` is 'tcp' or 'udp'; addresses are IPv4 or IPv6.
 */
void InitOwnSockets(Napi::Env env, Napi::Object exports);

}  // namespace kcap
