#pragma once

#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <system_error>

namespace kcap {

/** Wakes a thread that waits in poll(2). */
class EventFd {
 public:
  /** Throws std::system_error where there is no descriptor left. */
  EventFd() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    if (fd_ < 0) throw std::system_error(errno, std::generic_category(), "eventfd");
  }
  ~EventFd() { close(fd_); }
  EventFd(const EventFd&) = delete;
  EventFd& operator=(const EventFd&) = delete;

  /** Can be read once Set() was called, until Clear(). */
  int fd() const { return fd_; }
  void Set() {
    const uint64_t one = 1;
    // Fails only where the counter is at its limit, and then it can be read anyway.
    (void)!write(fd_, &one, sizeof one);
  }
  void Clear() {
    uint64_t count;
    (void)!read(fd_, &count, sizeof count);
  }

 private:
  const int fd_;
};

}  // namespace kcap
