#pragma once

#include <cstddef>

namespace kcap {

/**
 * A file in shared memory that somebody may cut while it is mapped, or for whose pages there may be
 * no room: by itself the system ends a process that touches what is not there (SIGBUS). Of such
 * pages this memory gets zeros of its own instead.
 */
class CuttableMemory {
 public:
  /** The first so many bytes of a file, to read. `address()` is null, and errno says why, where
   * that can't be. */
  CuttableMemory(int fd, size_t size);
  ~CuttableMemory();
  CuttableMemory(const CuttableMemory&) = delete;
  CuttableMemory& operator=(const CuttableMemory&) = delete;

  const void* address() const { return address_; }

 private:
  void* address_ = nullptr;
  const size_t size_;
};

}  // namespace kcap
