#pragma once

#include <sys/socket.h>

#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>

#include "capture/own/connection_table.h"

// This folder keeps kcap's own traffic out of captures (docs/decisions/0005-own-traffic.md). A
// process enters its connections into a ConnectionTable in shared memory before they open
// (OwnConnections), finds the tables of all other kcap processes (KcapProcesses), and compares each
// captured packet with them (OwnPackets). The kernel's filter (capture/kernel_filter.h) only spares
// the ring some of these packets.
namespace kcap {

/** Where processes of kcap leave their tables for each other: a folder of each user's own in here.
 */
inline constexpr char kSharedMemory[] = "/dev/shm";
inline constexpr char kFolderPrefix[] = "kcap-";

/**
 * The connections that this process makes to brokers, and to others that it reports to. Captures
 * leave their packets out, those of this process and those of every other kcap on the host, or they
 * would send what they send: so the table is a file in shared memory. Each connection is in it
 * before its first packet: the local port is bound before the socket connects.
 */
class OwnConnections {
 public:
  /** The one of this process; the first call makes its file. Lives until the process ends. */
  static OwnConnections& Get();
  /** Removes the file: others keep what they have mapped of it for a while. */
  static void RemoveFile();

  /** librdkafka's connect_cb: binds, puts down, connects. Returns 0 or an errno. */
  int Connect(int socket, const sockaddr* broker, int broker_length);
  /** librdkafka's closesocket_cb. Returns 0 or -1 as close(2) does. */
  int Close(int socket);
  /** A TCP socket for a connection to this peer that somebody else then makes and closes: bound,
   * and put down. -1 and errno where there can be none. */
  int OpenFor(const sockaddr* peer, uint16_t* local_port);
  /** Puts a connection of somebody else's down, again where more is known of it. */
  void Enter(const Connection& connection);
  /** It is closed. */
  void Leave(Transport transport, uint16_t local_port);

  const ConnectionTable& table() const { return *table_; }
  /** Inode of the table's file; 0 where there is none. */
  uint64_t file_inode() const { return file_inode_; }
  /** Why other processes can't know of these connections; empty where they can. */
  std::string problem();

 private:
  OwnConnections();
  /** A file that all can read and this process has locked; -1 where that failed. */
  int MakeFile();
  void Set(const Connection& connection);
  void MakeRoomFor(const Connection& connection);
  void Sweep();

  ConnectionTable* table_;
  int file_ = -1;
  std::string path_;
  uint64_t file_inode_ = 0;

  std::mutex mutex_;  // librdkafka has a thread a broker
  std::string problem_;
  std::set<size_t> private_pages_;  // of the table, by where they begin: not in the file
  std::map<int, uint16_t> open_;    // local ports by socket
  struct Closed {
    Transport transport;
    uint16_t port;
    uint32_t at;
  };
  std::deque<Closed> closed_;
};

/** Inode of the network namespace of this process. */
uint64_t NetNamespace();

}  // namespace kcap
