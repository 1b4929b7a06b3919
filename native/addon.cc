#include <grp.h>
#include <librdkafka/rdkafka.h>
#include <malloc.h>
#include <napi.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <unistd.h>

#if !__has_include(<pcap/pcap.h>)
#error "kcap needs libpcap's headers: on Debian and Ubuntu, apt-get install libpcap-dev"
#endif
#include <pcap/pcap.h>

#include <algorithm>
#include <cstring>
#include <thread>
#include <vector>

#include "batch/batch.h"
#include "batch/lendable_buffer.h"
#include "capture/capture_filter.h"
#include "capture/device_facts.h"
#include "capture/link_type.h"
#include "capture/live_capture.h"
#include "capture/own/own_connections.h"
#include "capture/own/own_sockets.h"
#include "codec/decompressor.h"
#include "kafka/batch_consumer.h"
#include "kafka/batch_producer.h"
#include "kafka/flow_hash.h"
#include "kafka/group_lookup.h"
#include "kafka/in_memory_broker.h"
#include "kafka/properties.h"
#include "kafka/topic_lookup.h"
#include "net/datagram_listener.h"
#include "net/datagram_sender.h"
#include "system/log_writer.h"
#include "system/thread_room.h"
#include "wire/line_ends.h"
#include "wire/message_writer.h"

namespace kcap {
namespace {

Napi::Value Versions(const Napi::CallbackInfo& info) {
  char features[512] = "";
  size_t size = sizeof features;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  rd_kafka_conf_get(conf, "builtin.features", features, &size);
  rd_kafka_conf_destroy(conf);
  auto versions = Napi::Object::New(info.Env());
  versions["librdkafka"] = Napi::String::New(info.Env(), rd_kafka_version_str());
  versions["features"] = Napi::String::New(info.Env(), features);
  versions["libpcap"] = Napi::String::New(info.Env(), pcap_lib_version());
  return versions;
}

/** kafkaErrors() → [{name, description}]: librdkafka's errors. */
Napi::Value KafkaErrors(const Napi::CallbackInfo& info) {
  const rd_kafka_err_desc* errors = nullptr;
  size_t count = 0;
  rd_kafka_get_err_descs(&errors, &count);
  auto list = Napi::Array::New(info.Env());
  for (size_t i = 0; i < count; i++) {
    // Between librdkafka's own and the brokers' there is a gap.
    if (!errors[i].name || !errors[i].desc) continue;
    auto error = Napi::Object::New(info.Env());
    error["name"] = Napi::String::New(info.Env(), errors[i].name);
    error["description"] = Napi::String::New(info.Env(), errors[i].desc);
    list[list.Length()] = error;
  }
  return list;
}

/** linkTypeOfName(name) → LINKTYPE_ number, or undefined. */
Napi::Value LinkTypeOfName(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>();
  const int dlt = pcap_datalink_name_to_val(name.c_str());
  if (dlt < 0) return info.Env().Undefined();
  return Napi::Number::New(info.Env(), LinkTypeOfDlt(dlt));
}

/** linkTypeName(linkType) → libpcap's name, or undefined. */
Napi::Value LinkTypeName(const Napi::CallbackInfo& info) {
  const char* name = pcap_datalink_val_to_name(DltOfLinkType(info[0].As<Napi::Number>()));
  if (!name) return info.Env().Undefined();
  return Napi::String::New(info.Env(), name);
}

/** flowPartitions(records, linkType, partitions) → for each record the partition that a producer by
 * flow sends it to. */
Napi::Value FlowPartitions(const Napi::CallbackInfo& info) {
  const auto records = info[0].As<Napi::Buffer<uint8_t>>();
  const int32_t link_type = info[1].As<Napi::Number>();
  const uint32_t partitions = info[2].As<Napi::Number>();
  auto list = Napi::Array::New(info.Env());
  FlowHash flow_hash;
  for (size_t at = 0; at < records.Length();) {
    RecordHeader header;
    memcpy(&header, records.Data() + at, sizeof header);
    const uint8_t* frame = records.Data() + at + sizeof header;
    list[list.Length()] = Napi::Number::New(
        info.Env(), flow_hash.Of(link_type, {frame, header.captured}) % partitions);
    at += sizeof header + header.captured;
  }
  return list;
}

/** readerLeft(fd) → whether nobody can read any more what is written into this pipe or socket. */
Napi::Value ReaderLeft(const Napi::CallbackInfo& info) {
  pollfd output = {info[0].As<Napi::Number>(), 0, 0};
  poll(&output, 1, 0);
  return Napi::Boolean::New(info.Env(), output.revents & (POLLERR | POLLHUP));
}

/** terminalColumns(fd) → how wide this terminal is now, 0 where it does not say so. */
Napi::Value TerminalColumns(const Napi::CallbackInfo& info) {
  winsize size = {};
  if (ioctl(info[0].As<Napi::Number>(), TIOCGWINSZ, &size) != 0) size.ws_col = 0;
  return Napi::Number::New(info.Env(), size.ws_col);
}

/** lockFile(fd) → whether the file is this process's now, until it closes it or ends. */
Napi::Value LockFile(const Napi::CallbackInfo& info) {
  return Napi::Boolean::New(info.Env(), flock(info[0].As<Napi::Number>(), LOCK_EX | LOCK_NB) == 0);
}

/** userNamed(name) → {uid, gid, groups} of a user of this system, or undefined; `groups` are all of
 * the user's, as initgroups(3) sets them. */
Napi::Value UserNamed(const Napi::CallbackInfo& info) {
  constexpr size_t kLongestEntry = 64 * 1024;
  constexpr int kMostGroups = 64 * 1024;  // NGROUPS_MAX
  const std::string name = info[0].As<Napi::String>();
  std::vector<char> text(kLongestEntry);
  passwd entry;
  passwd* found = nullptr;
  getpwnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
  if (!found) return info.Env().Undefined();
  std::vector<gid_t> groups(kMostGroups);
  int count = kMostGroups;
  getgrouplist(name.c_str(), found->pw_gid, groups.data(), &count);

  auto user = Napi::Object::New(info.Env());
  user["uid"] = Napi::Number::New(info.Env(), found->pw_uid);
  user["gid"] = Napi::Number::New(info.Env(), found->pw_gid);
  auto list = Napi::Array::New(info.Env());
  for (int i = 0; i < count; i++) list[i] = Napi::Number::New(info.Env(), groups[i]);
  user["groups"] = list;
  return user;
}

/** groupNamed(name) → the number of a group of this system, or undefined. */
Napi::Value GroupNamed(const Napi::CallbackInfo& info) {
  constexpr size_t kLongestEntry = 1024 * 1024;
  const std::string name = info[0].As<Napi::String>();
  std::vector<char> text(kLongestEntry);
  group entry;
  group* found = nullptr;
  getgrnam_r(name.c_str(), &entry, text.data(), text.size(), &found);
  return found ? Napi::Number::New(info.Env(), found->gr_gid) : info.Env().Undefined();
}

/** exitNow(status): ends the process without waiting for threads that are blocked in a write or a
 * request. */
void ExitNow(const Napi::CallbackInfo& info) {
  OwnConnections::RemoveFile();
  _exit(info[0].As<Napi::Number>());
}

/** ignoreSignal(number): from now on it does nothing, also in programs that this one becomes. */
void IgnoreSignal(const Napi::CallbackInfo& info) { signal(info[0].As<Napi::Number>(), SIG_IGN); }

/**
 * librdkafka frees in a thread of its own what it allocates in ours: a message, and three pieces
 * for each header. glibc keeps small pieces apart in bins that are then merged and filled again all
 * the time; without these bins, a packet with a header costs some two thirds.
 */
void AllocateForOtherThreads() {
#ifdef M_MXFAST
  mallopt(M_MXFAST, 0);
#endif
}

/**
 * keepFreedMemory(): up to 64 MiB a thread that are freed stay the process's, for what it needs
 * next. What comes from brokers lies in pieces of a megabyte: given back to the kernel as soon as
 * they are free, each would come back as fresh pages, which cost more than reading them.
 */
void KeepFreedMemory(const Napi::CallbackInfo&) {
#ifdef M_TRIM_THRESHOLD
  constexpr int kMiB = 1024 * 1024;
  mallopt(M_TRIM_THRESHOLD, 64 * kMiB);
  // As far as glibc would raise it by itself, unless it is told anything of these.
  mallopt(M_MMAP_THRESHOLD, 32 * kMiB);
#endif
}

/**
 * shareArenas(): threads to come share two of glibc's arenas for each processor, instead of eight.
 * At the end of each lies free memory, perhaps megabytes of it, that glibc does not give back when
 * it is asked to: a process whose threads come and go would have it in every arena.
 */
void ShareArenas(const Napi::CallbackInfo&) {
#ifdef M_ARENA_MAX
  mallopt(M_ARENA_MAX, static_cast<int>(2 * std::max(1u, std::thread::hardware_concurrency())));
#endif
}

/**
 * giveBackFreedMemory(): whole pages that are free go back to the kernel, wherever they lie. glibc
 * only gives back what is free at the end of the main arena, and every other thread has one of its
 * own: what a thread has freed stays there, and the next thread fills the arena of another.
 */
void GiveBackFreedMemory(const Napi::CallbackInfo&) {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

Napi::Object Init(Napi::Env env, Napi::Object exports) {
  AllocateForOtherThreads();
  exports["versions"] = Napi::Function::New<Versions>(env, "versions");
  exports["kafkaErrors"] = Napi::Function::New<KafkaErrors>(env, "kafkaErrors");
  exports["linkTypeOfName"] = Napi::Function::New<LinkTypeOfName>(env, "linkTypeOfName");
  exports["linkTypeName"] = Napi::Function::New<LinkTypeName>(env, "linkTypeName");
  exports["flowPartitions"] = Napi::Function::New<FlowPartitions>(env, "flowPartitions");
  exports["readerLeft"] = Napi::Function::New<ReaderLeft>(env, "readerLeft");
  exports["terminalColumns"] = Napi::Function::New<TerminalColumns>(env, "terminalColumns");
  exports["lockFile"] = Napi::Function::New<LockFile>(env, "lockFile");
  exports["userNamed"] = Napi::Function::New<UserNamed>(env, "userNamed");
  exports["groupNamed"] = Napi::Function::New<GroupNamed>(env, "groupNamed");
  exports["exitNow"] = Napi::Function::New<ExitNow>(env, "exitNow");
  exports["keepFreedMemory"] = Napi::Function::New<KeepFreedMemory>(env, "keepFreedMemory");
  exports["shareArenas"] = Napi::Function::New<ShareArenas>(env, "shareArenas");
  exports["giveBackFreedMemory"] =
      Napi::Function::New<GiveBackFreedMemory>(env, "giveBackFreedMemory");
  exports["ignoreSignal"] = Napi::Function::New<IgnoreSignal>(env, "ignoreSignal");
  InitLendableBuffer(env, exports);
  InitProperties(env, exports);
  InitTopicLookup(env, exports);
  InitGroupLookup(env, exports);
  InitDeviceFacts(env, exports);
  InitThreadRoom(env, exports);
  InitOwnSockets(env, exports);
  CaptureFilter::Init(env, exports);
  Decompressor::Init(env, exports);
  LiveCapture::Init(env, exports);
  DatagramListener::Init(env, exports);
  BatchProducer::Init(env, exports);
  BatchConsumer::Init(env, exports);
  InMemoryBroker::Init(env, exports);
  DatagramSender::Init(env, exports);
  LogWriter::Init(env, exports);
  MessageWriter::Init(env, exports);
  InitLineEnds(env, exports);
  return exports;
}

}  // namespace

NODE_API_MODULE(kcap, Init)

}  // namespace kcap
