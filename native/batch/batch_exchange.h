#pragma once

#include <napi.h>

#include <array>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include "batch/batch.h"
#include "system/deferred.h"
#include "system/js_thread.h"

namespace kcap {

/**
 * A double buffer between the thread that fills batches and JavaScript that reads them: one is
 * filled while the other is read, and none waits in a queue. A batch that JavaScript was given is
 * its own until it asks for the next one.
 */
class BatchExchange {
 public:
  BatchExchange(JsThread& js, size_t capacity, size_t max_records);

  // The filling thread's side.

  Batch& filling() { return *filling_; }
  /** Gives the filled batch away if another one can be filled at once. */
  bool TryHandOver();
  /** Gives the filled batch away and waits until another one can be filled; false once closed. */
  bool HandOver();
  /** Gives away what is filled and says that nothing comes after it, for this reason if there is
   * one. */
  void End(std::optional<std::string> error = std::nullopt);
  /** Gives the filled batch away; none can be filled before Take(). */
  void GiveAway();
  /** Waits for a batch that can be filled; true where there is one. */
  bool Take(int timeout_ms);
  /** Whether nothing is being filled. */
  bool Empty() const { return !filling_ || filling_->Empty(); }
  /** Whether filling() may be used: no longer after GiveAway(). */
  bool HasRoom() const { return filling_; }
  /** Waits until JavaScript has handled all that it was given and asks for more: as long as it
   * takes no more than `patience_ms` for a batch. False where it did not, or once closed. */
  bool WaitUntilHandled(int patience_ms);
  /** What JavaScript was not given yet is dropped; of what it holds, nothing is to be acknowledged
   * any more. */
  void TakeBack();

  // JavaScript's side.

  /** Promise of the next batch, or of null after the last; takes back the one given before. */
  Napi::Value Next(Napi::Env env);
  /** Whether the batch that JavaScript holds was taken back. */
  bool HeldWasTakenBack();
  /** Ends every wait of the filling thread. */
  void Close();
  /** After Close(), and once the filling thread is gone: what was not taken goes, and the batches'
   * memory with it. */
  void LetGo();
  /** Called on JavaScript's thread when it begins to wait for a batch. */
  void OnWanted(std::function<void()> wake) { wake_ = std::move(wake); }

 private:
  /** Resolves the pending promise if there is something to resolve it with. JavaScript's thread
   * only. */
  void Settle(Napi::Env env);
  /** With the mutex locked. */
  bool TakeFree();

  JsThread& js_;
  std::array<Batch, 2> batches_;
  Batch* filling_;  // null between GiveAway() and Take()
  std::function<void()> wake_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch*> free_;
  std::deque<Batch*> ready_;
  Batch* held_ = nullptr;  // by JavaScript
  std::chrono::steady_clock::time_point held_since_;
  bool taken_back_ = false;  // what it holds
  bool waiting_ = false;     // JavaScript has a promise that is not resolved
  bool ended_ = false;
  bool closed_ = false;
  std::optional<std::string> error_;

  std::optional<Deferred> promise_;  // JavaScript's thread only
};

}  // namespace kcap
