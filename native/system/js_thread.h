#pragma once

#include <napi.h>

#include <functional>

namespace kcap {

/** Runs functions on JavaScript's thread, in order, from any thread. */
class JsThread {
 public:
  using Task = std::function<void(Napi::Env)>;

  JsThread(Napi::Env env, const char* name);
  JsThread(const JsThread&) = delete;
  JsThread& operator=(const JsThread&) = delete;

  /** Queues a task; it is dropped where the environment is going down. */
  void Post(Task task);
  /** No task may be posted after this; those posted before still run. JavaScript's thread only. */
  void Release();

 private:
  static void Run(Napi::Env env, Napi::Function, std::nullptr_t*, Task* task);
  using Queue = Napi::TypedThreadSafeFunction<std::nullptr_t, Task, Run>;

  Queue queue_;
};

}  // namespace kcap
