#pragma once

#include <napi.h>
#include <pcap/pcap.h>

#include <memory>
#include <string>

namespace kcap {

/** A compiled pcap-filter expression. */
class FilterProgram {
 public:
  /** For the packets of this capture; throws std::runtime_error with libpcap's text where it makes
   * no sense. To make a program short takes most of the time: it can be left out where nothing is
   * to be filtered. */
  FilterProgram(pcap_t* capture, const std::string& expression, bool optimized = true);
  /** For packets of a LINKTYPE_, whatever captured them; throws as the constructor does. */
  static std::unique_ptr<FilterProgram> ForLinkType(const std::string& expression, int link_type,
                                                    int snap_length, bool optimized = true);
  ~FilterProgram() { pcap_freecode(&program_); }
  FilterProgram(const FilterProgram&) = delete;
  FilterProgram& operator=(const FilterProgram&) = delete;

  bpf_program* get() { return &program_; }

 private:
  bpf_program program_;
};

/** Keeps the records of a batch that match an expression, for packets that no kernel filters. */
class CaptureFilter : public Napi::ObjectWrap<CaptureFilter> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /** new CaptureFilter(expression, linkType, snapLength, optimized); without arguments, for Of().
   */
  explicit CaptureFilter(const Napi::CallbackInfo& info);
  /** One of a program that was compiled before. */
  static Napi::Object Of(Napi::Function capture_filter, std::unique_ptr<FilterProgram> program);

 private:
  /** keep(records, positions | undefined) → {byteLength, count}: moves the matching ones to the
   * front. */
  Napi::Value Keep(const Napi::CallbackInfo& info);

  std::unique_ptr<FilterProgram> program_;
};

}  // namespace kcap
