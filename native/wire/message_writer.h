#pragma once

#include <napi.h>

#include <optional>

#include "wire/message_form.h"

namespace kcap {

/** Writes messages in a form. */
class MessageWriter : public Napi::ObjectWrap<MessageWriter> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /** new MessageWriter(steps: Int32Array, literals, columns, mostBytes): five numbers a step, as
   * MessageForm::Step has them; how long a message may become. Throws where they refer to what is
   * not there. */
  explicit MessageWriter(const Napi::CallbackInfo& info);

 private:
  /** write(rows: Int32Array, sources, out, at, ends: Int32Array) → how many rows were written to
   * `out`, one behind the other from `at` on: all that `ends` has room for, unless `out` may have
   * too little for the next. Row i ends at ends[i]. Where the next would be too long, the
   * complement
   * (~) of how many. Throws where a row refers to what is not there, or there are fewer. */
  Napi::Value Write(const Napi::CallbackInfo& info);
  /** valueBytes() → of all framed messages so far, the bytes of their values. */
  Napi::Value ValueBytes(const Napi::CallbackInfo& info);

  std::optional<MessageForm> form_;
  size_t most_bytes_ = 0;
  double value_bytes_ = 0;
};

}  // namespace kcap
