#pragma once

#include <napi.h>

#include <utility>

/** The leak sanitizer's, where it is in the process. */
extern "C" [[gnu::weak]] void __lsan_ignore_object(const void* object);

namespace kcap {

/**
 * A promise for JavaScript, and its end. JavaScript's thread only.
 *
 * Node-API gives back the few bytes behind a promise when it is settled, and never where it can't
 * be settled any more because the environment has ended. The leak sanitizer is told of those that
 * are given up like this, and finds all others.
 */
class Deferred {
 public:
  explicit Deferred(Napi::Env env) : env_(env) {
    napi_value promise;
    if (napi_create_promise(env, &end_, &promise) != napi_ok) throw Napi::Error::New(env);
    promise_ = Napi::Promise(env, promise);
  }
  Deferred(Deferred&& other) noexcept
      : env_(other.env_), end_(std::exchange(other.end_, nullptr)), promise_(other.promise_) {}
  Deferred& operator=(Deferred&& other) noexcept {
    std::swap(end_, other.end_);
    std::swap(promise_, other.promise_);
    return *this;
  }
  ~Deferred() {
    if (end_ && __lsan_ignore_object) __lsan_ignore_object(end_);
  }

  /** Until JavaScript has been called back: what made it gives it on. */
  Napi::Promise Promise() const { return promise_; }
  void Resolve(napi_value value) {
    if (napi_resolve_deferred(env_, end_, value) == napi_ok) end_ = nullptr;
  }
  void Reject(napi_value reason) {
    if (napi_reject_deferred(env_, end_, reason) == napi_ok) end_ = nullptr;
  }

 private:
  napi_env env_;
  napi_deferred end_ = nullptr;
  Napi::Promise promise_;
};

}  // namespace kcap
