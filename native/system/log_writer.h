#pragma once

#include <napi.h>

#include <memory>

namespace kcap {

/**
 * Writes text to a descriptor from a thread of its own: a writer never waits for a reader,
 * and never fails. Text waits in a bounded queue; when it is full, the oldest is dropped.
 * What could not be written is counted, and the next text is tried again.
 */
class LogWriter : public Napi::ObjectWrap<LogWriter> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /** new LogWriter(fd, limitBytes): the descriptor stays the caller's. */
  explicit LogWriter(const Napi::CallbackInfo& info);
  ~LogWriter() override;

 private:
  struct Shared;

  /** write(text, lines): queues the text; `lines` is what it counts for if it is dropped. */
  void Write(const Napi::CallbackInfo& info);
  /** isFlowing() → whether nothing waits and the last write, if any, succeeded. */
  Napi::Value IsFlowing(const Napi::CallbackInfo& info);
  /** takeDropped() → the lines that were dropped since the last call. */
  Napi::Value TakeDropped(const Napi::CallbackInfo& info);
  /** drain(timeoutMs) → whether the queue is empty; blocks the caller until then, or so long. */
  Napi::Value Drain(const Napi::CallbackInfo& info);

  void Start();

  /** The thread shares it: a write that blocks for ever keeps nobody from ending. */
  std::shared_ptr<Shared> shared_;
  bool started_ = false;
};

}  // namespace kcap
