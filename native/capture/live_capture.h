#pragma once

#include <napi.h>
#include <pcap/pcap.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "batch/batch_exchange.h"
#include "capture/own_connections.h"
#include "system/js_thread.h"

namespace kcap {

/**
 * Captures the packets of an interface into batches, in a thread of its own. Where JavaScript is
 * slow, packets wait in the kernel's ring and nowhere else; what does not fit there the kernel
 * drops and counts.
 */
class LiveCapture : public Napi::ObjectWrap<LiveCapture> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /**
   * new LiveCapture({interface, snapLength, bufferBytes, promiscuous, nanoseconds, timestampType?,
   * linkType?, filter, ownConnections?, batchBytes, maxBatchAgeMs}): the kernel captures from then
   * on, and no packet is touched here before the first next(). Throws an Error whose `code` is
   * libpcap's name of the problem (PERM_DENIED, NO_SUCH_DEVICE, FILTER, LINKTYPE, TIMESTAMP_TYPE
   * …).
   */
  explicit LiveCapture(const Napi::CallbackInfo& info);
  ~LiveCapture() override;

 private:
  struct Options;

  // JavaScript's thread.
  void Open(Napi::Env env, const Options& options);
  Napi::Value Next(const Napi::CallbackInfo& info);
  /** stop(): the batches end with the last packet that the kernel has seen until now; later drops
   * don't count. */
  void Stop(const Napi::CallbackInfo& info);
  /** facts() → {linkType, nanoseconds, snapLength, warning} of the open capture. */
  Napi::Value Facts(const Napi::CallbackInfo& info);
  /** drops() → {kernel, interface}: packets lost since the start. */
  Napi::Value Drops(const Napi::CallbackInfo& info);
  Napi::Value Close(const Napi::CallbackInfo& info);
  static void OnTeardown(void* self);
  void StopThread();
  void Wake();

  // The capture's thread.
  void Run();
  std::string CaptureAll();
  void WaitForPackets(int timeout_ms);
  int BatchDueInMs();
  bool DrainIsOver(int packets) const;
  static void OnPacket(u_char* self, const pcap_pkthdr* header, const u_char* frame);
  void Take(const pcap_pkthdr* header, const u_char* frame);

  // Any thread.
  void ReadDrops();
  /** Puts the command line's filter less the own connections into the kernel. */
  void ApplyFilter();

  JsThread js_;
  BatchExchange exchange_;
  std::shared_ptr<pcap_t> pcap_;
  std::string interface_;
  std::string warning_;
  std::string filter_;
  std::shared_ptr<ConnectionList> own_connections_;
  bool nanoseconds_ = false;
  bool host_clock_ = true;
  int32_t link_type_ = 1;
  uint32_t snap_length_ = 0;
  const std::chrono::milliseconds max_batch_age_;
  std::chrono::steady_clock::time_point batch_began_;

  std::thread thread_;
  int wake_fd_ = -1;
  std::atomic<bool> closing_ = false;
  std::atomic<int64_t> stop_time_ns_ = 0;  // of the clock that stamps packets; 0 while running
  bool passed_stop_time_ = false;
  bool close_requested_ = false;  // JavaScript's thread

  std::mutex pcap_mutex_;  // statistics and filter, beside the capturing thread
  std::atomic<uint32_t> dropped_kernel_ = 0;
  std::atomic<uint32_t> dropped_interface_ = 0;
};

}  // namespace kcap
