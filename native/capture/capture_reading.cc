#include <poll.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "capture/kernel_filter.h"
#include "capture/live_capture.h"
#include "capture/open_capture.h"

// A capture's thread: from the kernel's ring into batches.
namespace kcap {
namespace {

// With less than that after a look at the ring, each 10 ms, the link is a slow one.
constexpr size_t kBusyBytes = 32 * 1024;
// Between two looks on a busy link; to be woken for each of the kernel's blocks costs more than
// what is done with it.
constexpr int kRestMs = 10;
// A look that has found this part of the ring filled is followed by the next one without a rest.
constexpr size_t kRestingPart = 64;

/** Adds to a counter that only this thread changes. */
void Add(std::atomic<uint64_t>& counter, uint64_t number) {
  counter.store(counter.load(std::memory_order_relaxed) + number, std::memory_order_relaxed);
}

}  // namespace

void LiveCapture::Run() {
  const std::string error = CaptureAll();
  exchange_.End(error.empty() ? std::nullopt : std::optional(error));
  CloseCapture();
}

/** The kernel waits until no processor is busy with the capture's packets: some 30 ms. */
void LiveCapture::CloseCapture() {
  ReadDrops();
  std::shared_ptr<pcap_t> pcap;
  {
    std::lock_guard lock(pcap_mutex_);
    pcap = std::move(pcap_);
  }
}

/** Captures until stop() or close(); what went wrong otherwise. */
std::string LiveCapture::CaptureAll() {
  while (!closing_) {
    RefreshFilter();
    found_bytes_ = 0;
    const int packets = pcap_dispatch(pcap_.get(), -1, OnPacket, reinterpret_cast<u_char*>(this));
    if (packets == PCAP_ERROR) return pcap_geterr(pcap_.get());
    int due_in_ms = BatchDueInMs();
    if (due_in_ms == 0) {
      // Where it is not taken, JavaScript wakes this thread when it wants one.
      exchange_.TryHandOver();
      due_in_ms = -1;
    }
    if (stopping_ && DrainIsOver(packets)) break;
    if (MayRest())
      Rest(due_in_ms);
    else
      WaitForPackets(due_in_ms);
  }
  return "";
}

/** Whether the link is a busy one, and the ring has room for what comes meanwhile. */
bool LiveCapture::MayRest() const {
  return !stopping_ && found_bytes_ >= kBusyBytes && found_bytes_ <= ring_bytes_ / kRestingPart;
}

/** On a busy link a batch waits for more packets, on a slow one nobody should wait for them. -1
 * where there is none. */
int LiveCapture::BatchDueInMs() {
  const Batch& batch = exchange_.filling();
  if (batch.Empty()) return -1;
  const auto now = std::chrono::steady_clock::now();
  // What is left of a block after a batch was full is little, and more of it comes soon.
  const bool was_full = now - filled_ < max_batch_age_;
  if (batch.size() < kBusyBytes && !was_full) return 0;
  const auto age = now - batch_began_;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(max_batch_age_ - age);
  return static_cast<int>(std::max<int64_t>(left.count(), 0));
}

/** Until the kernel has closed the block that it was filling at the stop, and that was read. */
bool LiveCapture::DrainIsOver(int packets) {
  constexpr std::chrono::milliseconds kBlockClosed(3 * kBlockTimeoutMs);
  const auto now = std::chrono::steady_clock::now();
  if (!drain_began_) drain_began_ = now;
  return packets <= 0 && now - *drain_began_ > kBlockClosed;
}

/** @param timeout_ms how long at most; negative for as long as it takes */
void LiveCapture::WaitForPackets(int timeout_ms) {
  if (stopping_) timeout_ms = kBlockTimeoutMs;
  pollfd waited[] = {{pcap_get_selectable_fd(pcap_.get()), POLLIN, 0}, {wake_->fd(), POLLIN, 0}};
  if (poll(waited, 2, timeout_ms) > 0 && waited[1].revents) wake_->Clear();
}

/** @param most_ms negative where nothing is due */
void LiveCapture::Rest(int most_ms) {
  pollfd waited = {wake_->fd(), POLLIN, 0};
  if (poll(&waited, 1, most_ms < 0 ? kRestMs : std::min(kRestMs, most_ms)) > 0) wake_->Clear();
}

void LiveCapture::RefreshFilter() {
  const bool changed = filter_changed_.exchange(false);
  const bool has_news = own_packets_ && own_packets_->Refresh();
  if (!changed && !has_news) return;
  const auto open = own_packets_ ? own_packets_->Open() : std::vector<Connection>();
  std::lock_guard lock(pcap_mutex_);
  if (next_filter_here_) {
    filter_here_ = std::move(*next_filter_here_);
    next_filter_here_.reset();
    filter_.reset();
  }
  if (stopping_) return;
  // Where the kernel refuses, all of their packets come here to be left out.
  LeaveOutInKernel(pcap_.get(), filter_ ? filter_->get() : nullptr, open);
}

void LiveCapture::OnPacket(u_char* self, const pcap_pkthdr* header, const u_char* frame) {
  reinterpret_cast<LiveCapture*>(self)->Take(header, frame);
}

void LiveCapture::Take(const pcap_pkthdr* header, const u_char* frame) {
  found_bytes_ += header->caplen;
  if (filter_here_ && !pcap_offline_filter(filter_here_->get(), header, frame)) return;
  if (own_packets_ && own_packets_->Contains({frame, header->caplen})) return;
  if (abandoning_.load(std::memory_order_relaxed)) {
    Add(abandoned_, 1);
    Add(abandoned_bytes_, header->caplen);
    return;
  }
  if (!exchange_.filling().Fits(header->caplen)) {
    if (!exchange_.HandOver()) {
      pcap_breakloop(pcap_.get());
      return;
    }
    filled_ = std::chrono::steady_clock::now();
    RefreshFilter();
  }
  Batch& batch = exchange_.filling();
  if (batch.count() == 0) {
    batch_began_ = std::chrono::steady_clock::now();
    batch.link_type = link_type_;
    batch.nanoseconds = nanoseconds_;
    batch.snap_length = snap_length_;
    batch.MakeRoomFor(header->caplen);
  }
  if (header->caplen < header->len) Add(cut_, 1);
  batch.Append({.seconds = static_cast<uint32_t>(header->ts.tv_sec),
                .fraction = static_cast<uint32_t>(header->ts.tv_usec),
                .captured = header->caplen,
                .original = header->len},
               frame);
}

}  // namespace kcap
