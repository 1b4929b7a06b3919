#include "capture/device_facts.h"

#include <net/if.h>
#include <pcap/pcap.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "capture/link_type.h"
#include "system/deferred.h"

namespace kcap {
namespace {

using Handle = std::unique_ptr<pcap_t, decltype(&pcap_close)>;
using Devices = std::unique_ptr<pcap_if_t, decltype(&pcap_freealldevs)>;

/** A small ring: only the link types are asked for. */
constexpr int kBufferBytes = 64 * 1024;
constexpr int kSnapLength = 96;

struct Facts {
  std::string name;
  bool has_state = false;
  bool up = false;
  bool running = false;
  bool opened = false;
  bool refused = false;
  std::vector<int> link_types;
};

Devices FindAll() {
  char message[PCAP_ERRBUF_SIZE];
  pcap_if_t* devices = nullptr;
  if (pcap_findalldevs(&devices, message) != 0) throw std::runtime_error(message);
  return Devices(devices, pcap_freealldevs);
}

/** Finds out the link types, or that this user may not open the interface. */
void AddLinkTypes(Facts& facts) {
  char message[PCAP_ERRBUF_SIZE];
  const Handle handle(pcap_create(facts.name.c_str(), message), pcap_close);
  if (!handle) return;
  pcap_set_snaplen(handle.get(), kSnapLength);
  pcap_set_buffer_size(handle.get(), kBufferBytes);
  const int status = pcap_activate(handle.get());
  facts.refused = status == PCAP_ERROR_PERM_DENIED;
  // Warnings are positive.
  if (status < 0) return;
  int* dlts = nullptr;
  const int count = pcap_list_datalinks(handle.get(), &dlts);
  if (count < 0) return;
  facts.opened = true;
  for (int i = 0; i < count; i++) facts.link_types.push_back(LinkTypeOfDlt(dlts[i]));
  pcap_free_datalinks(dlts);
}

/** Network interfaces have, and `any`; other pseudo-devices have not. */
bool HasState(const pcap_if_t& device) {
  return (device.flags & PCAP_IF_UP) || if_nametoindex(device.name) != 0;
}

Napi::Object ToObject(Napi::Env env, const Facts& facts) {
  auto object = Napi::Object::New(env);
  object["name"] = Napi::String::New(env, facts.name);
  if (facts.has_state) {
    object["up"] = Napi::Boolean::New(env, facts.up);
    object["running"] = Napi::Boolean::New(env, facts.running);
  }
  if (facts.refused) object["refused"] = Napi::Boolean::New(env, true);
  if (!facts.opened) return object;
  auto list = Napi::Array::New(env);
  for (const int type : facts.link_types) list[list.Length()] = Napi::Number::New(env, type);
  object["linkTypes"] = list;
  return object;
}

/** Opens each interface on a thread of its own: the kernel takes tens of milliseconds to close one.
 */
class DeviceQuestion : public Napi::AsyncWorker {
 public:
  explicit DeviceQuestion(Napi::Env env) : AsyncWorker(env, "kcap devices"), promise_(env) {}

  Napi::Promise Promise() const { return promise_.Promise(); }

  void Execute() override {
    const Devices devices = FindAll();
    for (const pcap_if_t* device = devices.get(); device; device = device->next) {
      Facts facts;
      facts.name = device->name;
      facts.has_state = HasState(*device);
      facts.up = device->flags & PCAP_IF_UP;
      facts.running = device->flags & PCAP_IF_RUNNING;
      AddLinkTypes(facts);
      all_.push_back(std::move(facts));
    }
  }

  void OnOK() override {
    auto list = Napi::Array::New(Env());
    for (const Facts& facts : all_) list[list.Length()] = ToObject(Env(), facts);
    promise_.Resolve(list);
  }

  void OnError(const Napi::Error& error) override { promise_.Reject(error.Value()); }

 private:
  Deferred promise_;
  std::vector<Facts> all_;
};

Napi::Value DeviceFacts(const Napi::CallbackInfo& info) {
  auto* question = new DeviceQuestion(info.Env());
  const auto promise = question->Promise();
  question->Queue();  // deletes itself when it is done
  return promise;
}

Napi::Value DeviceNames(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  try {
    const Devices devices = FindAll();
    auto list = Napi::Array::New(env);
    for (const pcap_if_t* device = devices.get(); device; device = device->next)
      list[list.Length()] = Napi::String::New(env, device->name);
    return list;
  } catch (const std::runtime_error& error) {
    throw Napi::Error::New(env, error.what());
  }
}

}  // namespace

void InitDeviceFacts(Napi::Env env, Napi::Object exports) {
  exports["deviceFacts"] = Napi::Function::New<DeviceFacts>(env, "deviceFacts");
  exports["deviceNames"] = Napi::Function::New<DeviceNames>(env, "deviceNames");
}

}  // namespace kcap
