#include "capture/own/own_connections.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <new>

namespace kcap {
namespace {

/** What the process's end removes; a pointer that is never freed, as other threads may still run.
 */
std::string* file_to_remove = nullptr;

/** The local end of a socket; its port is 0 where it has none. */
Endpoint LocalEndOf(int socket) {
  sockaddr_storage local{};
  socklen_t length = sizeof local;
  auto* address = reinterpret_cast<sockaddr*>(&local);
  if (getsockname(socket, address, &length) != 0) return {};
  return Endpoint::Of(address);
}

/** Binds the socket to any address and a free port, which no other socket gets then. */
bool BindToFreePort(int socket, sa_family_t family) {
  sockaddr_storage local{};
  local.ss_family = family;
  const socklen_t length = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  return bind(socket, reinterpret_cast<sockaddr*>(&local), length) == 0;
}

/** Where there is none, to write would end the process (SIGBUS). */
bool TakeRoom(int fd, const ConnectionTable::Extent& extent) {
  int result;
  do {
    result = fallocate(fd, 0, static_cast<off_t>(extent.at), static_cast<off_t>(extent.bytes));
  } while (result != 0 && errno == EINTR);
  return result == 0;
}

ConnectionTable* MapTable(int fd) {
  const int flags = fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED;
  void* memory = mmap(nullptr, sizeof(ConnectionTable), PROT_READ | PROT_WRITE, flags, fd, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  // All of it is zero, which is what its atomics begin with.
  return static_cast<ConnectionTable*>(memory);
}

}  // namespace

uint64_t NetNamespace() {
  struct stat about;
  return stat("/proc/self/ns/net", &about) == 0 ? about.st_ino : 0;
}

OwnConnections& OwnConnections::Get() {
  static auto* const connections = new OwnConnections();
  return *connections;
}

void OwnConnections::RemoveFile() {
  if (file_to_remove) unlink(file_to_remove->c_str());
}

OwnConnections::OwnConnections() {
  file_ = MakeFile();
  table_ = MapTable(file_);
  table_->Begin(NetNamespace());
  if (file_ < 0) return;
  // Under its name only now: who sees it sees a table, and a lock on it for as long as the process
  // lives.
  const std::string itself = "/proc/self/fd/" + std::to_string(file_);
  if (linkat(AT_FDCWD, itself.c_str(), AT_FDCWD, path_.c_str(), AT_SYMLINK_FOLLOW) != 0) {
    problem_ = path_ + ": " + strerror(errno);
    return;
  }
  struct stat about;
  if (fstat(file_, &about) == 0) file_inode_ = about.st_ino;
  file_to_remove = new std::string(path_);
  atexit(RemoveFile);
}

int OwnConnections::MakeFile() {
  const std::string folder =
      std::string(kSharedMemory) + "/" + kFolderPrefix + std::to_string(geteuid());
  const auto failed = [&](int error) {
    problem_ = folder + ": " + strerror(error);
    return -1;
  };
  if (mkdir(folder.c_str(), 0755) == 0) {
    chmod(folder.c_str(), 0755);  // whatever the umask says
  } else if (errno != EEXIST) {
    return failed(errno);
  }
  struct stat about;
  if (lstat(folder.c_str(), &about) != 0) return failed(errno);
  if (!S_ISDIR(about.st_mode) || about.st_uid != geteuid()) {
    problem_ = folder + ": somebody else's";
    return -1;
  }
  timespec now;
  clock_gettime(CLOCK_BOOTTIME, &now);
  path_ = folder + "/" + std::to_string(getpid()) + "." + std::to_string(now.tv_sec) + "." +
          std::to_string(now.tv_nsec);
  const int fd = open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0644);
  if (fd < 0) return failed(errno);
  // What it holds takes room only where something is written.
  if (fchmod(fd, 0644) != 0 || ftruncate(fd, sizeof(ConnectionTable)) != 0 ||
      !TakeRoom(fd, ConnectionTable::CommonExtent()) || flock(fd, LOCK_EX | LOCK_NB) != 0) {
    const int error = errno;
    close(fd);
    return failed(error);
  }
  return fd;  // open, and so locked, until the process ends
}

std::string OwnConnections::problem() {
  std::lock_guard lock(mutex_);
  return problem_;
}

/** The lock is held. */
void OwnConnections::Set(const Connection& connection) {
  Sweep();
  MakeRoomFor(connection);
  table_->Set(connection);
}

/** Where shared memory is full, this process still sees the connection; others don't. */
void OwnConnections::MakeRoomFor(const Connection& connection) {
  if (file_ < 0) return;
  static const auto page_bytes = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  const auto [at, bytes] = ConnectionTable::ExtentOf(connection.transport, connection.local.port);
  for (size_t page = at - at % page_bytes; page < at + bytes; page += page_bytes) {
    if (private_pages_.contains(page) || TakeRoom(file_, {page, 1})) continue;
    if (problem_.empty()) problem_ = path_ + ": " + strerror(errno);
    // There has never been a page here, so nothing is lost.
    void* place = reinterpret_cast<uint8_t*>(table_) + page;
    const int flags = MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS;
    mmap(place, page_bytes, PROT_READ | PROT_WRITE, flags, -1, 0);
    private_pages_.insert(page);
  }
}

int OwnConnections::Connect(int socket, const sockaddr* broker, int broker_length) {
  Connection connection;
  connection.remote = Endpoint::Of(broker);
  connection.open = true;
  // Where no port is free for this socket alone, one may be that it shares; the kernel chooses
  // then.
  connection.exclusive = BindToFreePort(socket, broker->sa_family);
  const auto put_down = [&] {
    connection.local = LocalEndOf(socket);
    if (connection.local.port == 0) return;
    std::lock_guard lock(mutex_);
    open_[socket] = connection.local.port;
    Set(connection);
  };
  if (connection.exclusive) put_down();
  const bool connecting = connect(socket, broker, static_cast<socklen_t>(broker_length)) == 0 ||
                          errno == EINPROGRESS;  // the socket does not block
  const int error = connecting ? 0 : errno;
  // The kernel has chosen the local address by now.
  put_down();
  return error;
}

int OwnConnections::Close(int socket) {
  {
    std::lock_guard lock(mutex_);
    if (const auto connection = open_.extract(socket)) {
      const uint16_t port = connection.mapped();
      table_->Close(Transport::kTcp, port);
      closed_.push_back({Transport::kTcp, port, SecondsSinceBoot()});
    }
  }
  return close(socket);
}

int OwnConnections::OpenFor(const sockaddr* peer, uint16_t* local_port) {
  const int opened = socket(peer->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (opened < 0) return -1;
  if (!BindToFreePort(opened, peer->sa_family)) {
    const int error = errno;
    close(opened);
    errno = error;
    return -1;
  }
  Connection connection;
  connection.local = LocalEndOf(opened);
  connection.remote = Endpoint::Of(peer);
  connection.exclusive = connection.open = true;
  *local_port = connection.local.port;
  Enter(connection);
  return opened;
}

void OwnConnections::Enter(const Connection& connection) {
  std::lock_guard lock(mutex_);
  Set(connection);
}

void OwnConnections::Leave(Transport transport, uint16_t local_port) {
  std::lock_guard lock(mutex_);
  table_->Close(transport, local_port);
  closed_.push_back({transport, local_port, SecondsSinceBoot()});
}

void OwnConnections::Sweep() {
  while (!closed_.empty() &&
         SecondsSinceBoot() - closed_.front().at > ConnectionTable::kClosedSeconds) {
    table_->Sweep(closed_.front().transport, closed_.front().port);
    closed_.pop_front();
  }
}

}  // namespace kcap
