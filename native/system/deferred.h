#pragma once

#include <napi.h>

#include <atomic>
#include <utility>

/** The leak sanitizer's, where it is in the process. */
extern "C" [[gnu::weak]] void __lsan_ignore_object(const void* object);

namespace kcap {

/**
 * A promise for JavaScript, and its end. JavaScript's thread only, but for the
 * destructor: an object's thread may be the last that holds it.
 *
 * Node-API gives back the few bytes behind a promise when it is settled, and never where it can't
 * be settled any more because the environment has ended. The leak sanitizer is told of those that
 * are given up like this, and finds all others.
 */
class Deferred {
 public:
  explicit Deferred(Napi::Env env) : env_(env) {
    napi_deferred end;
    napi_value promise;
    if (napi_create_promise(env, &end, &promise) != napi_ok) throw Napi::Error::New(env);
    end_.store(end, kRelaxed);
    promise_ = Napi::Promise(env, promise);
  }
  Deferred(Deferred&& other) noexcept
      : env_(other.env_), end_(other.end_.exchange(nullptr, kRelaxed)), promise_(other.promise_) {}
  Deferred& operator=(Deferred&& other) noexcept {
    end_.store(other.end_.exchange(end_.load(kRelaxed), kRelaxed), kRelaxed);
    std::swap(promise_, other.promise_);
    return *this;
  }
  ~Deferred() {
    const napi_deferred end = end_.load(kRelaxed);
    if (end && __lsan_ignore_object) __lsan_ignore_object(end);
  }

  /** Until JavaScript has been called back: what made it gives it on. */
  Napi::Promise Promise() const { return promise_; }
  void Resolve(napi_value value) {
    if (napi_resolve_deferred(env_, end_.load(kRelaxed), value) == napi_ok)
      end_.store(nullptr, kRelaxed);
  }
  void Reject(napi_value reason) {
    if (napi_reject_deferred(env_, end_.load(kRelaxed), reason) == napi_ok)
      end_.store(nullptr, kRelaxed);
  }

 private:
  static constexpr auto kRelaxed = std::memory_order_relaxed;

  napi_env env_;
  std::atomic<napi_deferred> end_ = nullptr;
  Napi::Promise promise_;
};

}  // namespace kcap
