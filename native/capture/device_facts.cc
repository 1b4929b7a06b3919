#include "capture/device_facts.h"

#include <net/if.h>
#include <pcap/pcap.h>

#include <memory>

#include "capture/link_type.h"

namespace kcap {
namespace {

using Handle = std::unique_ptr<pcap_t, decltype(&pcap_close)>;

/** A small ring: only the link types are asked for. */
constexpr int kBufferBytes = 64 * 1024;
constexpr int kSnapLength = 96;

/** Puts the link types into the facts, or that this user may not open the interface. */
void AddLinkTypes(Napi::Env env, const char* name, Napi::Object facts) {
  char message[PCAP_ERRBUF_SIZE];
  const Handle handle(pcap_create(name, message), pcap_close);
  if (!handle) return;
  pcap_set_snaplen(handle.get(), kSnapLength);
  pcap_set_buffer_size(handle.get(), kBufferBytes);
  const int status = pcap_activate(handle.get());
  if (status == PCAP_ERROR_PERM_DENIED) facts["refused"] = Napi::Boolean::New(env, true);
  // Warnings are positive.
  if (status < 0) return;
  int* dlts = nullptr;
  const int count = pcap_list_datalinks(handle.get(), &dlts);
  if (count < 0) return;
  auto list = Napi::Array::New(env, count);
  for (int i = 0; i < count; i++) list[i] = Napi::Number::New(env, LinkTypeOfDlt(dlts[i]));
  pcap_free_datalinks(dlts);
  facts["linkTypes"] = list;
}

/** Network interfaces have, and `any`; other pseudo-devices have not. */
bool HasState(const pcap_if_t& device) {
  return (device.flags & PCAP_IF_UP) || if_nametoindex(device.name) != 0;
}

Napi::Value DeviceFacts(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  char message[PCAP_ERRBUF_SIZE];
  pcap_if_t* devices = nullptr;
  if (pcap_findalldevs(&devices, message) != 0) throw Napi::Error::New(env, message);
  const std::unique_ptr<pcap_if_t, decltype(&pcap_freealldevs)> owned(devices, pcap_freealldevs);
  auto list = Napi::Array::New(env);
  for (const pcap_if_t* device = devices; device; device = device->next) {
    auto facts = Napi::Object::New(env);
    facts["name"] = Napi::String::New(env, device->name);
    if (HasState(*device)) {
      facts["up"] = Napi::Boolean::New(env, device->flags & PCAP_IF_UP);
      facts["running"] = Napi::Boolean::New(env, device->flags & PCAP_IF_RUNNING);
    }
    AddLinkTypes(env, device->name, facts);
    list[list.Length()] = facts;
  }
  return list;
}

}  // namespace

void InitDeviceFacts(Napi::Env env, Napi::Object exports) {
  exports["deviceFacts"] = Napi::Function::New<DeviceFacts>(env, "deviceFacts");
}

}  // namespace kcap
