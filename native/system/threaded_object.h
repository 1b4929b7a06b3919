#pragma once

#include <napi.h>

#include <functional>
#include <thread>
#include <vector>

#include "system/deferred.h"
#include "system/js_thread.h"

namespace kcap {

/**
 * The life of a JavaScript object that has a thread of its own; the second base of such a class,
 * after Napi::ObjectWrap.
 *
 * 1. The constructor opens what the object needs and calls Begin() last. If it throws, everything
 *    that was opened is released and the object never existed.
 * 2. From Begin() on, the garbage collector leaves the object alone, referenced or not, and Node
 *    keeps running for it.
 * 3. StartThread() gives it a thread: at once or later, one at a time. When the thread's function
 *    returns, the thread is joined on JavaScript's thread.
 * 4. Close() asks the thread to end, EndThread(), and returns a promise. Once the thread has been
 *    joined, OnClosed() runs, the promise resolves, and the object is the garbage collector's.
 * 5. If the environment ends before that (a worker is terminated), the thread is asked to end at
 *    once and joined, and OnClosed() runs. No JavaScript does; the destructors follow.
 *
 * All of it happens on JavaScript's thread, except for the function that StartThread() runs.
 */
class ThreadedObject {
 public:
  ThreadedObject(const ThreadedObject&) = delete;
  ThreadedObject& operator=(const ThreadedObject&) = delete;

 protected:
  /** `name`: the thread's, too, so at most 15 bytes. */
  ThreadedObject(Napi::Reference<Napi::Object>& self, const char* name);
  ~ThreadedObject();

  /** Runs functions on JavaScript's thread, until the object is closed. Any thread. */
  JsThread& js() { return js_; }
  /** The constructor's last call. */
  void Begin();
  /** Throws std::system_error if no thread can be made. */
  void StartThread(std::function<void()> run);
  /** Whether a thread runs, or has returned and is not joined yet. */
  bool HasThread() const { return thread_.joinable(); }
  /** Promise that the object is closed. May be called again. */
  Napi::Value Close();
  /** Resolves Close()'s promises although the thread still runs: nobody should have to wait for
   * what it still does. */
  void ResolveClose();

  /** Makes the thread return soon. `at_once`: the environment is ending, so what is under way is
   * given up and nothing is reported any more. */
  virtual void EndThread(bool at_once) = 0;
  /** The thread is gone: references to what JavaScript was given go, too, while there is still an
   * environment to have them. */
  virtual void OnClosed() {}

 private:
  static void OnTeardown(void* self);
  void OnThreadEnd();
  void FinishClose();

  enum class State { kOpening, kOpen, kClosing, kClosed };

  Napi::Reference<Napi::Object>& self_;
  const char* const name_;
  JsThread js_;
  State state_ = State::kOpening;
  std::thread thread_;
  std::vector<Deferred> closes_;
};

}  // namespace kcap
