#include "batch/batch.h"

#include <algorithm>
#include <utility>

#include "batch/lendable_buffer.h"

namespace kcap {
namespace {

/** Borrowed before, kept for the next time. */
constexpr size_t kMostSpare = 1;

std::shared_ptr<BatchMemory> MemoryOf(size_t capacity) {
  return capacity ? BatchMemory::New(capacity) : nullptr;
}

}  // namespace

SharedBytes::SharedBytes(size_t capacity) : memory_(MemoryOf(capacity)) {}

void SharedBytes::Replace(size_t capacity) {
  memory_ = MemoryOf(capacity);
  others_.clear();
}

void SharedBytes::Renew() {
  const auto is_free = [](const auto& memory) { return !memory->IsLent(); };
  if (memory_ && !is_free(memory_)) {
    const auto spare = std::ranges::find_if(others_, is_free);
    if (spare != others_.end())
      memory_.swap(*spare);
    else
      others_.push_back(std::exchange(memory_, BatchMemory::New(capacity())));
  }
  // As many as an outage took are not needed for good.
  size_t spares = 0;
  std::erase_if(others_,
                [&](const auto& memory) { return is_free(memory) && ++spares > kMostSpare; });
}

bool SharedBytes::Has(const BatchMemory* memory) const {
  const auto is_it = [memory](const auto& own) { return own.get() == memory; };
  return is_it(memory_) || std::ranges::any_of(others_, is_it);
}

Napi::Value SharedBytes::ToBuffer(Napi::Env env) {
  // A Buffer holds its memory, also one that native code has no more use for.
  for (auto& [memory, buffer] : shown_)
    if (!Has(memory)) buffer.Reset();
  std::erase_if(shown_, [](const Shown& shown) { return shown.buffer.IsEmpty(); });
  for (const auto& [memory, buffer] : shown_)
    if (memory == memory_.get()) return buffer.Value();
  const auto buffer = BufferOf(env, memory_);
  auto& shown = shown_.emplace_back(memory_.get(), Napi::Persistent(buffer));
  // Node may unload the addon before this reference's destructor could run.
  shown.buffer.SuppressDestruct();
  return buffer;
}

void SharedBytes::LetGo() {
  for (auto& [memory, buffer] : shown_) buffer.Reset();
  shown_.clear();
  memory_.reset();
  others_.clear();
}

Batch::Batch(size_t capacity, size_t max_records)
    : usual_capacity_(capacity),
      records_(capacity),
      positions_(max_records * sizeof(Position)),
      max_records_(max_records) {}

void Batch::MakeRoomFor(size_t captured) {
  if (!Fits(captured)) records_.Replace(sizeof(RecordHeader) + captured);
}

void Batch::Took(size_t size, uint32_t count) {
  size_ += size;
  count_ += count;
}

void Batch::SetNextOffset(int32_t partition, int64_t offset, uint32_t skip) {
  for (auto& next : next_) {
    if (next.partition == partition) {
      next.offset = offset;
      next.skip = skip;
      return;
    }
  }
  next_.push_back({partition, offset, skip});
}

void Batch::SetLink(const BatchLink& link) {
  link_type = link.type;
  nanoseconds = link.nanoseconds;
  interface = link.interface;
  host = link.host;
}

void Batch::Clear() {
  size_ = 0;
  count_ = 0;
  tally = {};
  next_.clear();
  // One long frame is no reason to hold so much, and to fill it, ever after.
  if (records_.capacity() > usual_capacity_) records_.Replace(usual_capacity_);
  records_.Renew();
}

void Batch::LetGo() {
  records_.LetGo();
  positions_.LetGo();
}

Napi::Object Batch::ToJs(Napi::Env env) {
  auto js = Napi::Object::New(env);
  js["buffer"] = records_.ToBuffer(env);
  js["byteLength"] = Napi::Number::New(env, static_cast<double>(size_));
  js["count"] = Napi::Number::New(env, count_);
  js["linkType"] = Napi::Number::New(env, link_type);
  js["nanoseconds"] = Napi::Boolean::New(env, nanoseconds);
  js["snapLength"] = Napi::Number::New(env, snap_length);
  if (!interface.empty()) js["interface"] = Napi::String::New(env, interface);
  if (!host.empty()) js["host"] = Napi::String::New(env, host);
  if (max_records_ == 0) return js;

  js["positions"] = positions_.ToBuffer(env);
  auto next = Napi::Array::New(env, next_.size());
  for (uint32_t i = 0; i < next_.size(); i++) {
    auto entry = Napi::Object::New(env);
    entry["partition"] = Napi::Number::New(env, next_[i].partition);
    entry["offset"] = Napi::Number::New(env, static_cast<double>(next_[i].offset));
    entry["skip"] = Napi::Number::New(env, next_[i].skip);
    next[i] = entry;
  }
  js["next"] = next;
  auto tallied = Napi::Object::New(env);
  tallied["nullValues"] = Napi::Number::New(env, tally.null_values);
  tallied["timesOutOfRange"] = Napi::Number::New(env, tally.times_out_of_range);
  tallied["timesFromKafka"] = Napi::Number::New(env, tally.times_from_kafka);
  tallied["unusable"] = Napi::Number::New(env, tally.unusable);
  tallied["packed"] = Napi::Number::New(env, tally.packed);
  tallied["badHeaders"] = Napi::Number::New(env, tally.bad_headers);
  tallied["outsideSlack"] = Napi::Number::New(env, tally.outside_slack);
  tallied["deleted"] = Napi::Number::New(env, static_cast<double>(tally.deleted));
  js["tally"] = tallied;
  return js;
}

}  // namespace kcap
