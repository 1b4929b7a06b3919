#include "batch/batch_exchange.h"

#include <chrono>

namespace kcap {

BatchExchange::BatchExchange(JsThread& js, size_t capacity, size_t max_records)
    : js_(js),
      batches_{Batch(capacity, max_records), Batch(capacity, max_records)},
      filling_(&batches_[0]),
      free_{&batches_[1]} {}

bool BatchExchange::TryHandOver() {
  {
    std::lock_guard lock(mutex_);
    // Once closed, the batch may have been given away already.
    if (closed_ || free_.empty()) return false;
  }
  return HandOver();
}

bool BatchExchange::HandOver() {
  std::unique_lock lock(mutex_);
  ready_.push_back(filling_);
  if (waiting_) {
    waiting_ = false;
    js_.Post([this](Napi::Env env) { Settle(env); });
  }
  changed_.wait(lock, [this] { return closed_ || !free_.empty(); });
  if (free_.empty()) return false;
  filling_ = free_.front();
  free_.pop_front();
  filling_->Clear();
  return !closed_;
}

void BatchExchange::End(std::optional<std::string> error) {
  std::lock_guard lock(mutex_);
  // Once closed, the batch may have been given away already.
  if (!closed_ && !filling_->Empty()) ready_.push_back(filling_);
  ended_ = true;
  error_ = std::move(error);
  if (waiting_) {
    waiting_ = false;
    js_.Post([this](Napi::Env env) { Settle(env); });
  }
}

bool BatchExchange::WaitUntilHandled(int timeout_ms) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [this] { return closed_ || (held_ == nullptr && ready_.empty()); });
  return !closed_;
}

Napi::Value BatchExchange::Next(Napi::Env env) {
  auto promise = Napi::Promise::Deferred::New(env);
  {
    std::lock_guard lock(mutex_);
    if (held_) {
      free_.push_back(held_);
      held_ = nullptr;
      changed_.notify_all();
    }
  }
  promise_ = promise;
  Settle(env);
  if (promise_ && wake_) wake_();
  return promise.Promise();
}

void BatchExchange::Settle(Napi::Env env) {
  if (!promise_) return;
  std::optional<std::string> error;
  {
    std::lock_guard lock(mutex_);
    if (!ready_.empty()) {
      held_ = ready_.front();
      ready_.pop_front();
    } else if (ended_ || closed_) {
      error = std::exchange(error_, std::nullopt);
    } else {
      waiting_ = true;
      return;
    }
  }
  auto promise = *std::exchange(promise_, std::nullopt);
  if (held_) {
    promise.Resolve(held_->ToJs(env));
  } else if (error) {
    promise.Reject(Napi::Error::New(env, *error).Value());
  } else {
    promise.Resolve(env.Null());
  }
}

void BatchExchange::Close() {
  std::lock_guard lock(mutex_);
  closed_ = true;
  changed_.notify_all();
}

void BatchExchange::LetGo() {
  std::lock_guard lock(mutex_);
  ready_.clear();
  held_ = nullptr;
  for (auto& batch : batches_) batch.LetGo();
}

}  // namespace kcap
