#include "system/js_thread.h"

#include <memory>

namespace kcap {

JsThread::JsThread(Napi::Env env, const char* name) : queue_(Queue::New(env, name, 0, 1)) {}

void JsThread::Post(Task task) {
  auto* posted = new Task(std::move(task));
  if (queue_.NonBlockingCall(posted) != napi_ok) delete posted;
}

void JsThread::Release() { queue_.Release(); }

void JsThread::Run(Napi::Env env, Napi::Function, std::nullptr_t*, Task* task) {
  const std::unique_ptr<Task> owned(task);
  // Node calls with no environment for what is left in the queue when it goes down.
  if (env != nullptr) (*task)(env);
}

}  // namespace kcap
