#include "batch/lendable_buffer.h"

#include <memory>

namespace kcap {
namespace {

Napi::Value LendableBuffer(const Napi::CallbackInfo& info) {
  return BufferOf(info.Env(), BatchMemory::New(info[0].As<Napi::Number>().Uint32Value()));
}

Napi::Value IsLent(const Napi::CallbackInfo& info) {
  const auto memory = BatchMemory::Of(info[0].As<Napi::Buffer<uint8_t>>().Data());
  return Napi::Boolean::New(info.Env(), memory && memory->IsLent());
}

}  // namespace

Napi::Buffer<uint8_t> BufferOf(Napi::Env env, const std::shared_ptr<BatchMemory>& memory) {
  auto share = std::make_unique<std::shared_ptr<BatchMemory>>(memory);
  auto buffer = Napi::Buffer<uint8_t>::New(
      env, memory->data(), memory->capacity(),
      [](Napi::Env, uint8_t*, std::shared_ptr<BatchMemory>* owned) { delete owned; }, share.get());
  // Not before: in a worker that is being terminated there is no Buffer to own it.
  share.release();
  return buffer;
}

void InitLendableBuffer(Napi::Env env, Napi::Object exports) {
  exports["lendableBuffer"] = Napi::Function::New<LendableBuffer>(env, "lendableBuffer");
  exports["isLent"] = Napi::Function::New<IsLent>(env, "isLent");
}

}  // namespace kcap
