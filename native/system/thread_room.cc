#include "system/thread_room.h"

#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <latch>
#include <optional>
#include <system_error>
#include <thread>
#include <vector>

#include "system/signal_block.h"

namespace kcap {
namespace {

/** A thread that waits until the latch opens. */
struct Probe {
  std::atomic<pid_t> id = 0;
  std::thread thread;
};

/** The system counts a thread for a moment longer than until it can be joined. */
void AwaitEndOf(Probe& probe) {
  probe.thread.join();
  while (syscall(SYS_tgkill, getpid(), probe.id.load(), 0) == 0) sched_yield();
}

Napi::Value RequireThreadsOfJs(const Napi::CallbackInfo& info) {
  RequireThreads(info[0].As<Napi::Number>());
  return info.Env().Undefined();
}

}  // namespace

void RequireThreads(int count) {
  const SignalBlock no_signals;
  std::vector<Probe> probes(count);
  std::latch gate(1);
  std::optional<std::error_code> refused;
  for (auto& probe : probes) {
    try {
      probe.thread = std::thread([&probe, &gate] {
        probe.id = static_cast<pid_t>(syscall(SYS_gettid));
        gate.wait();
      });
    } catch (const std::system_error& error) {
      refused = error.code();
      break;
    }
  }
  gate.count_down();
  for (auto& probe : probes)
    if (probe.thread.joinable()) AwaitEndOf(probe);
  if (refused) throw std::system_error(*refused, "no more threads can be made");
}

void InitThreadRoom(Napi::Env env, Napi::Object exports) {
  exports["requireThreads"] = Napi::Function::New<RequireThreadsOfJs>(env, "requireThreads");
}

}  // namespace kcap
