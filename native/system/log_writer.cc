#include "system/log_writer.h"

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <climits>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "system/signal_block.h"

namespace kcap {

namespace {

/** How often a thread that waits for room looks whether it is still wanted. */
constexpr int kLookMs = 200;

}  // namespace

struct LogWriter::Shared {
  struct Entry {
    std::string text;
    uint32_t lines;
  };

  Shared(int fd, size_t limit_bytes) : fd(fd), limit_bytes(limit_bytes) {}

  void Run();
  bool WriteAll(const std::string& text);
  bool WaitForRoom();
  void WriteWithin(std::chrono::milliseconds limit);

  const int fd;
  const size_t limit_bytes;
  std::mutex mutex;
  std::condition_variable changed;
  std::deque<Entry> queue;
  size_t queued_bytes = 0;
  uint64_t dropped = 0;
  bool writing = false;
  bool failing = false;
  bool closing = false;
};

void LogWriter::Shared::Run() {
  std::unique_lock lock(mutex);
  for (;;) {
    changed.wait(lock, [this] { return closing || !queue.empty(); });
    if (queue.empty()) return;
    const Entry entry = std::move(queue.front());
    queue.pop_front();
    queued_bytes -= entry.text.size();
    writing = true;
    lock.unlock();
    const bool written = WriteAll(entry.text);
    lock.lock();
    writing = false;
    failing = !written;
    if (!written) dropped += entry.lines;
    changed.notify_all();
  }
}

bool LogWriter::Shared::WriteAll(const std::string& text) {
  for (size_t at = 0; at < text.size();) {
    const ssize_t written = write(fd, text.data() + at, text.size() - at);
    if (written > 0)
      at += written;
    else if (written < 0 && errno == EAGAIN) {
      // Somebody who shares the descriptor has made it one that does not block.
      if (!WaitForRoom()) return false;
    } else if (written == 0 || errno != EINTR)
      return false;
  }
  return true;
}

/** For a process that has no thread for it: writes what the reader takes in that time. */
void LogWriter::Shared::WriteWithin(std::chrono::milliseconds limit) {
  const auto until = std::chrono::steady_clock::now() + limit;
  for (; !queue.empty(); queue.pop_front()) {
    auto& text = queue.front().text;
    while (!text.empty()) {
      const auto left =
          std::chrono::ceil<std::chrono::milliseconds>(until - std::chrono::steady_clock::now());
      pollfd output = {fd, POLLOUT, 0};
      if (left.count() <= 0 || poll(&output, 1, static_cast<int>(left.count())) <= 0) return;
      // So much does not block in a pipe that has room.
      const ssize_t written = write(fd, text.data(), std::min<size_t>(text.size(), PIPE_BUF));
      if (written <= 0) return;
      text.erase(0, written);
      queued_bytes -= written;
    }
  }
}

bool LogWriter::Shared::WaitForRoom() {
  pollfd output = {fd, POLLOUT, 0};
  while (poll(&output, 1, kLookMs) == 0) {
    const std::lock_guard lock(mutex);
    if (closing) return false;
  }
  return true;
}

void LogWriter::Init(Napi::Env env, Napi::Object exports) {
  exports["LogWriter"] = DefineClass(env, "LogWriter",
                                     {InstanceMethod<&LogWriter::Write>("write"),
                                      InstanceMethod<&LogWriter::IsFlowing>("isFlowing"),
                                      InstanceMethod<&LogWriter::TakeDropped>("takeDropped"),
                                      InstanceMethod<&LogWriter::Drain>("drain")});
}

LogWriter::LogWriter(const Napi::CallbackInfo& info)
    : ObjectWrap(info),
      shared_(std::make_shared<Shared>(info[0].As<Napi::Number>().Int32Value(),
                                       info[1].As<Napi::Number>().Int64Value())) {}

LogWriter::~LogWriter() {
  const std::lock_guard lock(shared_->mutex);
  shared_->closing = true;
  shared_->changed.notify_all();
}

void LogWriter::Write(const Napi::CallbackInfo& info) {
  std::string text = info[0].As<Napi::String>();
  const uint32_t lines = info[1].As<Napi::Number>();
  Start();
  const std::lock_guard lock(shared_->mutex);
  shared_->queued_bytes += text.size();
  shared_->queue.push_back({std::move(text), lines});
  while (shared_->queued_bytes > shared_->limit_bytes && shared_->queue.size() > 1) {
    shared_->dropped += shared_->queue.front().lines;
    shared_->queued_bytes -= shared_->queue.front().text.size();
    shared_->queue.pop_front();
  }
  shared_->changed.notify_all();
}

void LogWriter::Start() {
  if (started_) return;
  const SignalBlock no_signals;
  try {
    std::thread([shared = shared_] {
      pthread_setname_np(pthread_self(), "kcap log");
      shared->Run();
    }).detach();
    started_ = true;
  } catch (const std::system_error&) {
    // There can't be a thread now: the next text, or the end, tries again.
  }
}

Napi::Value LogWriter::IsFlowing(const Napi::CallbackInfo& info) {
  const std::lock_guard lock(shared_->mutex);
  const bool idle = shared_->queue.empty() && !shared_->writing;
  return Napi::Boolean::New(info.Env(), idle && !shared_->failing);
}

Napi::Value LogWriter::TakeDropped(const Napi::CallbackInfo& info) {
  const std::lock_guard lock(shared_->mutex);
  const uint64_t dropped = shared_->dropped;
  shared_->dropped = 0;
  return Napi::Number::New(info.Env(), static_cast<double>(dropped));
}

Napi::Value LogWriter::Drain(const Napi::CallbackInfo& info) {
  const std::chrono::milliseconds limit(info[0].As<Napi::Number>().Int64Value());
  Start();
  if (!started_) shared_->WriteWithin(limit);
  std::unique_lock lock(shared_->mutex);
  const bool empty = shared_->changed.wait_for(
      lock, limit, [this] { return shared_->queue.empty() && !shared_->writing; });
  return Napi::Boolean::New(info.Env(), empty);
}

}  // namespace kcap
