#include "capture/capture_filter.h"

#include <cstring>
#include <stdexcept>
#include <utility>

#include "batch/batch.h"
#include "capture/filter_compilation.h"
#include "capture/link_type.h"

namespace kcap {

FilterProgram::FilterProgram(pcap_t* capture, const std::string& expression, bool optimized) {
  if (pcap_compile(capture, &program_, expression.c_str(), optimized, PCAP_NETMASK_UNKNOWN) != 0)
    throw std::runtime_error(pcap_geterr(capture));
}

std::unique_ptr<FilterProgram> FilterProgram::ForLinkType(const std::string& expression,
                                                          int link_type, int snap_length,
                                                          bool optimized) {
  const std::unique_ptr<pcap_t, decltype(&pcap_close)> no_capture(
      pcap_open_dead(DltOfLinkType(link_type), snap_length), pcap_close);
  if (!no_capture) throw std::runtime_error("out of memory");
  return std::make_unique<FilterProgram>(no_capture.get(), expression, optimized);
}

void CaptureFilter::Init(Napi::Env env, Napi::Object exports) {
  exports["CaptureFilter"] = DefineClass(env, "CaptureFilter",
                                         {InstanceMethod<&CaptureFilter::Keep>("keep"),
                                          StaticMethod<&CompileCaptureFilter>("compile")});
}

CaptureFilter::CaptureFilter(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  if (info.Length() == 0) return;
  program_ = FilterProgram::ForLinkType(info[0].As<Napi::String>(), info[1].As<Napi::Number>(),
                                        info[2].As<Napi::Number>(), info[3].As<Napi::Boolean>());
}

Napi::Object CaptureFilter::Of(Napi::Function capture_filter,
                               std::unique_ptr<FilterProgram> program) {
  const auto filter = capture_filter.New({});
  Unwrap(filter)->program_ = std::move(program);
  return filter;
}

Napi::Value CaptureFilter::Keep(const Napi::CallbackInfo& info) {
  auto records = info[0].As<Napi::Buffer<uint8_t>>();
  uint8_t* positions = info[1].IsUndefined() ? nullptr : info[1].As<Napi::Buffer<uint8_t>>().Data();

  uint8_t* const begin = records.Data();
  const uint8_t* const end = begin + records.Length();
  uint8_t* kept = begin;
  uint32_t kept_count = 0;
  uint32_t index = 0;
  for (const uint8_t* at = begin; at < end; index++) {
    RecordHeader header;
    memcpy(&header, at, sizeof header);
    const size_t length = sizeof header + header.captured;
    pcap_pkthdr packet{};
    packet.caplen = header.captured;
    packet.len = header.original;
    if (pcap_offline_filter(program_->get(), &packet, at + sizeof header)) {
      if (kept != at) memmove(kept, at, length);
      if (positions && kept_count != index)
        memmove(positions + kept_count * sizeof(Position), positions + index * sizeof(Position),
                sizeof(Position));
      kept += length;
      kept_count++;
    }
    at += length;
  }

  auto result = Napi::Object::New(info.Env());
  result["byteLength"] = Napi::Number::New(info.Env(), static_cast<double>(kept - begin));
  result["count"] = Napi::Number::New(info.Env(), kept_count);
  return result;
}

}  // namespace kcap
