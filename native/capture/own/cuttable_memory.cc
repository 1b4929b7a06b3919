#include "capture/own/cuttable_memory.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>

namespace kcap {
namespace {

/** What is mapped now; a place is free where `begin` is 0. A signal's handler reads it. */
struct Place {
  std::atomic<uintptr_t> begin;
  std::atomic<size_t> size;
};
std::array<Place, 512> places;
std::mutex places_mutex;  // for those who change them
struct sigaction action_before;
uintptr_t page_bytes;

/** Puts a page of zeros where there is none. */
void OnBusError(int, siginfo_t* about, void*) {
  const int error = errno;
  const auto address = reinterpret_cast<uintptr_t>(about->si_addr);
  for (const auto& place : places) {
    const uintptr_t begin = place.begin.load(std::memory_order_acquire);
    if (begin == 0 || address < begin || address - begin >= place.size.load()) continue;
    void* page = reinterpret_cast<void*>(address & ~(page_bytes - 1));
    const void* made =
        mmap(page, page_bytes, PROT_READ, MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    errno = error;
    if (made != MAP_FAILED) return;
  }
  // Somebody else's: what touched it does so again, and meets what there was before.
  sigaction(SIGBUS, &action_before, nullptr);
}

void HandleBusErrors() {
  static const bool handled = [] {
    page_bytes = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = OnBusError;
    action.sa_flags = SA_SIGINFO;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, &action_before) == 0;
  }();
  static_cast<void>(handled);
}

bool Enter(void* address, size_t size) {
  const std::lock_guard lock(places_mutex);
  HandleBusErrors();
  for (auto& place : places)
    if (place.begin.load(std::memory_order_relaxed) == 0) {
      place.size.store(size);
      place.begin.store(reinterpret_cast<uintptr_t>(address), std::memory_order_release);
      return true;
    }
  errno = ENOMEM;
  return false;
}

void Leave(void* address) {
  const std::lock_guard lock(places_mutex);
  for (auto& place : places)
    if (place.begin.load(std::memory_order_relaxed) == reinterpret_cast<uintptr_t>(address))
      place.begin.store(0, std::memory_order_release);
}

}  // namespace

CuttableMemory::CuttableMemory(int fd, size_t size) : size_(size) {
  void* mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return;
  if (Enter(mapped, size))
    address_ = mapped;
  else
    munmap(mapped, size);
}

CuttableMemory::~CuttableMemory() {
  if (!address_) return;
  Leave(address_);
  munmap(address_, size_);
}

}  // namespace kcap
