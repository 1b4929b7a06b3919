#include "wire/message_writer.h"

#include <cstring>
#include <stdexcept>
#include <vector>

namespace kcap {

void MessageWriter::Init(Napi::Env env, Napi::Object exports) {
  exports["MessageWriter"] =
      DefineClass(env, "MessageWriter",
                  {InstanceMethod<&MessageWriter::Write>("write"),
                   InstanceMethod<&MessageWriter::ValueBytes>("valueBytes")});
}

MessageWriter::MessageWriter(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  const auto numbers = info[0].As<Napi::Int32Array>();
  const auto literals = info[1].As<Napi::Buffer<uint8_t>>();
  std::vector<MessageForm::Step> steps(numbers.ByteLength() / sizeof(MessageForm::Step));
  if (!steps.empty()) memcpy(steps.data(), numbers.Data(), steps.size() * sizeof steps[0]);
  try {
    form_.emplace(std::move(steps),
                  std::vector<uint8_t>(literals.Data(), literals.Data() + literals.Length()),
                  static_cast<size_t>(info[2].As<Napi::Number>().Uint32Value()));
    most_bytes_ = info[3].As<Napi::Number>().Uint32Value();
  } catch (const std::invalid_argument& error) {
    throw Napi::RangeError::New(info.Env(), error.what());
  }
}

Napi::Value MessageWriter::Write(const Napi::CallbackInfo& info) {
  const auto bytes_of = [](const Napi::Value& value) {
    auto buffer = value.As<Napi::Uint8Array>();
    return std::span<uint8_t>(buffer.Data(), buffer.ByteLength());
  };
  const auto numbers = info[0].As<Napi::Int32Array>();
  const std::span<const int32_t> rows(numbers.Data(), numbers.ElementLength());
  const auto list = info[1].As<Napi::Array>();
  std::vector<std::span<const uint8_t>> sources;
  for (uint32_t i = 0; i < list.Length(); i++) sources.emplace_back(bytes_of(list.Get(i)));
  const auto out = bytes_of(info[2]);
  size_t at = info[3].As<Napi::Number>().Uint32Value();
  auto ends = info[4].As<Napi::Int32Array>();
  const size_t columns = form_->columns();
  if (at > out.size() || ends.ElementLength() * columns > rows.size())
    throw Napi::RangeError::New(info.Env(), "there are no such rows, or no such place");
  size_t count = 0;
  bool is_too_long = false;
  try {
    for (; count < ends.ElementLength(); count++) {
      const auto written =
          form_->Write(rows.subspan(count * columns, columns), sources, out.subspan(at));
      if (!written) break;
      is_too_long = written->bytes > most_bytes_;
      if (is_too_long) break;
      at += written->bytes;
      value_bytes_ += static_cast<double>(written->value_bytes);
      ends[count] = static_cast<int32_t>(at);
    }
  } catch (const std::out_of_range& error) {
    throw Napi::RangeError::New(info.Env(), error.what());
  }
  const auto number = static_cast<double>(count);
  return Napi::Number::New(info.Env(), is_too_long ? -1 - number : number);
}

Napi::Value MessageWriter::ValueBytes(const Napi::CallbackInfo& info) {
  return Napi::Number::New(info.Env(), value_bytes_);
}

}  // namespace kcap
