#pragma once

#include <napi.h>
#include <pcap/pcap.h>

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "batch/batch_exchange.h"
#include "capture/capture_filter.h"
#include "capture/own/own_packets.h"
#include "system/event_fd.h"
#include "system/threaded_object.h"

namespace kcap {

/**
 * Captures the packets of an interface into batches, in a thread of its own. Where JavaScript is
 * slow, packets wait in the kernel's ring and nowhere else; what does not fit there the kernel
 * drops and counts.
 */
class LiveCapture : public Napi::ObjectWrap<LiveCapture>, private ThreadedObject {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /**
   * new LiveCapture({interface, snapLength, bufferBytes, promiscuous, nanoseconds, timestampType?,
   * linkType?, filter, leavesOutKcap, fanoutGroup?, batchBytes, maxBatchAgeMs}): the kernel
   * captures from then on, and no packet is touched here before the first next(). With
   * `fanoutGroup` it shares the interface's packets with the captures of that group, or of a new
   * one where it is negative, and captures from begin() on. Throws an Error whose `code` is
   * libpcap's name of the problem, as OpenCapture() does.
   */
  explicit LiveCapture(const Napi::CallbackInfo& info);

 private:
  // JavaScript's thread.
  Napi::Value Next(const Napi::CallbackInfo& info);
  /** begin(), before the first next(), where it shares packets: once all of its group are open. */
  void BeginSharing(const Napi::CallbackInfo& info);
  /** setFilter(expression) → promise: from then on the capture takes what this filter lets pass.
   * Each packet is judged by the filter that holds when it comes, and none is lost meanwhile.
   * Rejects with an Error whose `code` is FILTER where the expression makes no sense. */
  Napi::Value SetFilter(const Napi::CallbackInfo& info);
  class FilterChange;
  /** @param here the same filter for packets that come here unfiltered. Both are null for all
   * packets. */
  void UseFilter(std::unique_ptr<FilterProgram> program, std::unique_ptr<FilterProgram> here);
  /** stop(): the batches end with the last packet that the kernel has seen until now; later drops
   * don't count. */
  void Stop(const Napi::CallbackInfo& info);
  /** abandon(), after stop(): what is still in the ring is counted and goes into no batch. */
  void Abandon(const Napi::CallbackInfo& info);
  /** facts() → {linkType, nanoseconds, snapLength, warning, unknownToOthers, fanoutGroup?} of the
   * open capture; unknownToOthers is why another kcap can't know this one's connections, or empty.
   */
  Napi::Value Facts(const Napi::CallbackInfo& info);
  /** counters() → {droppedKernel, droppedInterface, cut, abandoned, abandonedBytes} since the
   * start; the first two are of 32 bits and begin again at 0. */
  Napi::Value Counters(const Napi::CallbackInfo& info);
  /** close() → promise: it takes the kernel a while, and that of several captures goes on at once.
   */
  Napi::Value Close(const Napi::CallbackInfo& info);
  void EndThread(bool at_once) override;
  void OnClosed() override;
  /** Has the thread look at what has changed; nothing where it has ended. */
  void Wake();

  // The capture's thread.
  void Run();
  std::string CaptureAll();
  void CloseCapture();
  void WaitForPackets(int timeout_ms);
  bool MayRest() const;
  void Rest(int most_ms);
  int BatchDueInMs();
  bool DrainIsOver(int packets);
  /** Puts the user's filter less the connections that are open now into the kernel, where one of
   * the two has changed. */
  void RefreshFilter();
  static void OnPacket(u_char* self, const pcap_pkthdr* header, const u_char* frame);
  void Take(const pcap_pkthdr* header, const u_char* frame);

  // Any thread.
  void ReadDrops();

  BatchExchange exchange_;
  std::optional<EventFd> wake_;  // until the capture is closed
  std::shared_ptr<pcap_t> pcap_;
  std::string warning_;
  std::unique_ptr<FilterProgram> filter_;       // that the kernel runs; with the mutex
  std::unique_ptr<FilterProgram> filter_here_;  // that it refuses; the capture's thread
  bool filters_here_ = false;  // from when the kernel has once refused a filter: with the mutex
  /** What takes the place of `filter_here_`: with the mutex. */
  std::optional<std::unique_ptr<FilterProgram>> next_filter_here_;
  std::atomic<bool> filter_changed_ = false;
  std::optional<OwnPackets> own_packets_;
  std::optional<uint16_t> fanout_group_;
  bool nanoseconds_ = false;
  int32_t link_type_ = 1;
  uint32_t snap_length_ = 0;
  size_t ring_bytes_ = 0;   // 0 where the kernel has no such ring
  size_t found_bytes_ = 0;  // in the ring, at the last look; the capture's thread
  const std::chrono::milliseconds max_batch_age_;
  std::chrono::steady_clock::time_point batch_began_;
  std::chrono::steady_clock::time_point filled_;  // a batch, the last time

  std::atomic<bool> closing_ = false;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> abandoning_ = false;
  std::optional<std::chrono::steady_clock::time_point> drain_began_;  // the capture's thread

  std::mutex pcap_mutex_;  // statistics, filter and end, beside the capturing thread
  bool drops_are_final_ = false;
  std::atomic<uint32_t> dropped_kernel_ = 0;
  std::atomic<uint32_t> dropped_interface_ = 0;
  std::atomic<uint64_t> cut_ = 0;
  std::atomic<uint64_t> abandoned_ = 0;
  std::atomic<uint64_t> abandoned_bytes_ = 0;
};

}  // namespace kcap
