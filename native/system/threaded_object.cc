#include "system/threaded_object.h"

#include <pthread.h>

#include <utility>

namespace kcap {

ThreadedObject::ThreadedObject(Napi::Reference<Napi::Object>& self, const char* name)
    : self_(self), name_(name), js_(self.Env(), name) {}

ThreadedObject::~ThreadedObject() {
  // After a constructor that threw. Otherwise Close() has done it, or the environment does.
  if (state_ == State::kOpening) js_.Release();
}

void ThreadedObject::Begin() {
  napi_add_env_cleanup_hook(self_.Env(), OnTeardown, this);
  self_.Ref();
  state_ = State::kOpen;
}

void ThreadedObject::StartThread(std::function<void()> run) {
  thread_ = std::thread([this, run = std::move(run)] {
    pthread_setname_np(pthread_self(), name_);
    run();
    js_.Post([this](Napi::Env) { OnThreadEnd(); });
  });
}

void ThreadedObject::OnThreadEnd() {
  thread_.join();
  if (state_ == State::kClosing) FinishClose();
}

Napi::Value ThreadedObject::Close() {
  closes_.emplace_back(self_.Env());
  const auto promise = closes_.back().Promise();
  if (state_ == State::kOpen) {
    state_ = State::kClosing;
    EndThread(false);
    if (!HasThread()) FinishClose();
  } else if (state_ == State::kClosed) {
    ResolveClose();
  }
  return promise;
}

void ThreadedObject::FinishClose() {
  state_ = State::kClosed;
  OnClosed();
  napi_remove_env_cleanup_hook(self_.Env(), OnTeardown, this);
  js_.Release();
  ResolveClose();
  self_.Unref();
}

void ThreadedObject::ResolveClose() {
  for (auto& close : std::exchange(closes_, {})) close.Resolve(self_.Env().Undefined());
}

void ThreadedObject::OnTeardown(void* self) {
  auto* object = static_cast<ThreadedObject*>(self);
  if (object->HasThread()) {
    object->EndThread(true);
    object->thread_.join();
  }
  object->OnClosed();
}

}  // namespace kcap
