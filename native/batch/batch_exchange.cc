#include "batch/batch_exchange.h"

#include <utility>

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
  Batch* const given = filling_;
  GiveAway();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || !free_.empty(); });
  if (TakeFree()) return !closed_;
  filling_ = given;  // once closed, nobody else uses it
  return false;
}

void BatchExchange::GiveAway() {
  std::lock_guard lock(mutex_);
  ready_.push_back(std::exchange(filling_, nullptr));
  if (waiting_) {
    waiting_ = false;
    js_.Post([this](Napi::Env env) { Settle(env); });
  }
}

bool BatchExchange::Take(int timeout_ms) {
  std::unique_lock lock(mutex_);
  if (filling_) return true;
  changed_.wait_for(lock, std::chrono::milliseconds(timeout_ms),
                    [this] { return closed_ || !free_.empty(); });
  return !closed_ && TakeFree();
}

bool BatchExchange::TakeFree() {
  if (free_.empty()) return false;
  filling_ = free_.front();
  free_.pop_front();
  filling_->Clear();
  return true;
}

void BatchExchange::End(std::optional<std::string> error) {
  std::lock_guard lock(mutex_);
  // Once closed, the batch may have been given away already.
  if (!closed_ && !Empty()) ready_.push_back(std::exchange(filling_, nullptr));
  ended_ = true;
  error_ = std::move(error);
  if (waiting_) {
    waiting_ = false;
    js_.Post([this](Napi::Env env) { Settle(env); });
  }
}

bool BatchExchange::WaitUntilHandled(int patience_ms) {
  using Clock = std::chrono::steady_clock;
  const std::chrono::milliseconds patience(patience_ms);
  const auto began = Clock::now();
  std::unique_lock lock(mutex_);
  const auto is_handled = [this] { return held_ == nullptr && ready_.empty(); };
  while (!closed_ && !is_handled()) {
    // JavaScript may not have come to take a batch yet that has just been given away.
    const auto until = (held_ ? held_since_ : began) + patience;
    if (changed_.wait_until(lock, until) == std::cv_status::timeout && Clock::now() >= until &&
        (!held_ || held_since_ + patience <= Clock::now()))
      break;
  }
  return !closed_ && is_handled();
}

void BatchExchange::TakeBack() {
  std::lock_guard lock(mutex_);
  free_.insert(free_.end(), ready_.begin(), ready_.end());
  ready_.clear();
  taken_back_ = held_ != nullptr;
  changed_.notify_all();
}

bool BatchExchange::HeldWasTakenBack() {
  std::lock_guard lock(mutex_);
  return taken_back_;
}

Napi::Value BatchExchange::Next(Napi::Env env) {
  Deferred deferred(env);
  const auto promise = deferred.Promise();
  {
    std::lock_guard lock(mutex_);
    if (held_) {
      free_.push_back(held_);
      held_ = nullptr;
      taken_back_ = false;
      changed_.notify_all();
    }
  }
  promise_ = std::move(deferred);
  Settle(env);
  if (promise_ && wake_) wake_();
  return promise;
}

void BatchExchange::Settle(Napi::Env env) {
  if (!promise_) return;
  std::optional<std::string> error;
  {
    std::lock_guard lock(mutex_);
    if (!ready_.empty()) {
      held_ = ready_.front();
      held_since_ = std::chrono::steady_clock::now();
      ready_.pop_front();
    } else if (ended_ || closed_) {
      error = std::exchange(error_, std::nullopt);
    } else {
      waiting_ = true;
      return;
    }
  }
  Deferred promise = *std::exchange(promise_, std::nullopt);
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
