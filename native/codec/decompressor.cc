#include "codec/decompressor.h"

#include <stdexcept>

namespace kcap {

void Decompressor::Init(Napi::Env env, Napi::Object exports) {
  exports["Decompressor"] =
      DefineClass(env, "Decompressor", {InstanceMethod<&Decompressor::Decode>("decode")});
}

Decompressor::Decompressor(const Napi::CallbackInfo& info)
    : ObjectWrap(info), codec_(CodecOf(info[0].As<Napi::String>())) {}

Napi::Value Decompressor::Decode(const Napi::CallbackInfo& info) {
  if (!problem_.empty()) throw Napi::Error::New(info.Env(), problem_);
  const auto from = info[0].As<Napi::Buffer<uint8_t>>();
  auto into = info[1].As<Napi::Buffer<uint8_t>>();
  Codec::Step done{0, 0};
  try {
    for (Codec::Step step; done.produced < into.Length();) {
      step = codec_->Decode(from.Data() + done.consumed, from.Length() - done.consumed,
                            into.Data() + done.produced, into.Length() - done.produced);
      done.consumed += step.consumed;
      done.produced += step.produced;
      if (step.consumed == 0 && step.produced == 0) break;
    }
  } catch (const std::runtime_error& error) {
    if (done.produced == 0) throw Napi::Error::New(info.Env(), error.what());
    problem_ = error.what();
  }
  auto result = Napi::Object::New(info.Env());
  result["consumed"] = Napi::Number::New(info.Env(), static_cast<double>(done.consumed));
  result["produced"] = Napi::Number::New(info.Env(), static_cast<double>(done.produced));
  result["mayEnd"] = Napi::Boolean::New(info.Env(), problem_.empty() && codec_->IsBetweenFrames());
  return result;
}

}  // namespace kcap
