#include "capture/filter_compilation.h"

#include <memory>
#include <string>
#include <utility>

#include "capture/capture_filter.h"
#include "system/deferred.h"

namespace kcap {
namespace {

class FilterCompilation : public Napi::AsyncWorker {
 public:
  FilterCompilation(Napi::Function capture_filter, std::string expression, int link_type,
                    int snap_length)
      : AsyncWorker(capture_filter.Env(), "kcap filter"),
        capture_filter_(Napi::Persistent(capture_filter)),
        promise_(capture_filter.Env()),
        expression_(std::move(expression)),
        link_type_(link_type),
        snap_length_(snap_length) {}

  Napi::Promise Promise() const { return promise_.Promise(); }

  void Execute() override {
    program_ = FilterProgram::ForLinkType(expression_, link_type_, snap_length_);
  }

  void OnOK() override {
    promise_.Resolve(CaptureFilter::Of(capture_filter_.Value(), std::move(program_)));
  }

  void OnError(const Napi::Error& error) override { promise_.Reject(error.Value()); }

 private:
  Napi::FunctionReference capture_filter_;
  Deferred promise_;
  const std::string expression_;
  const int link_type_;
  const int snap_length_;
  std::unique_ptr<FilterProgram> program_;
};

}  // namespace

Napi::Value CompileCaptureFilter(const Napi::CallbackInfo& info) {
  auto* compilation =
      new FilterCompilation(info.This().As<Napi::Function>(), info[0].As<Napi::String>(),
                            info[1].As<Napi::Number>(), info[2].As<Napi::Number>());
  const auto promise = compilation->Promise();
  compilation->Queue();  // deletes itself when it is done
  return promise;
}

}  // namespace kcap
