#include "capture/open_capture.h"

#include <cerrno>
#include <cstring>
#include <map>
#include <stdexcept>
#include <system_error>

#include "capture/fanout.h"
#include "capture/kernel_filter.h"
#include "capture/link_type.h"

namespace kcap {
namespace {

std::string CodeOf(int status) {
  static const std::map<int, const char*> kNames = {
      {PCAP_ERROR_NO_SUCH_DEVICE, "NO_SUCH_DEVICE"},     {PCAP_ERROR_PERM_DENIED, "PERM_DENIED"},
      {PCAP_ERROR_PROMISC_PERM_DENIED, "PERM_DENIED"},   {PCAP_ERROR_IFACE_NOT_UP, "IFACE_NOT_UP"},
      {PCAP_ERROR_TSTAMP_PRECISION_NOTSUP, "PRECISION"},
  };
  const auto found = kNames.find(status);
  return found == kNames.end() ? "CAPTURE" : found->second;
}

[[noreturn]] void Throw(Napi::Env env, const std::string& code, const std::string& message) {
  auto error = Napi::Error::New(env, message);
  error.Set("code", Napi::String::New(env, code));
  throw error;
}

std::string SupportedLinkTypes(pcap_t* capture) {
  std::string names;
  int* dlts = nullptr;
  const int count = pcap_list_datalinks(capture, &dlts);
  for (int i = 0; i < count; i++) {
    const char* name = pcap_datalink_val_to_name(dlts[i]);
    names += (names.empty() ? "" : ", ") + (name ? std::string(name) : std::to_string(dlts[i]));
  }
  if (count > 0) pcap_free_datalinks(dlts);
  return names;
}

/** Has the interface stamp packets with its clock of this name; false where it has none. */
bool SetTimestampType(pcap_t* capture, const std::string& name) {
  const int type = pcap_tstamp_type_name_to_val(name.c_str());
  return type >= 0 && pcap_set_tstamp_type(capture, type) == 0;
}

std::string SupportedTimestampTypes(pcap_t* capture, const std::string& refused) {
  std::string names;
  int* types = nullptr;
  const int count = pcap_list_tstamp_types(capture, &types);
  for (int i = 0; i < count; i++) {
    // Some are offered and refused when the capture begins.
    const char* name = pcap_tstamp_type_val_to_name(types[i]);
    if (name && name != refused) names += (names.empty() ? "" : ", ") + std::string(name);
  }
  if (count > 0) pcap_free_tstamp_types(types);
  return names.empty() ? "host" : names;
}

/** Throws std::runtime_error with libpcap's text where the expression makes no sense. */
void SetFilter(PcapHandle* handle, const std::string& expression) {
  pcap_t* const capture = handle->pcap.get();
  handle->filter = std::make_unique<FilterProgram>(capture, expression);
  // Not pcap_setfilter(): libpcap would go on with this filter for a while after another has taken
  // its place in the kernel.
  if (LetPass(capture, handle->filter->get())) return;
  if (errno != ENOTSUP)
    handle->warning += (handle->warning.empty() ? "" : "; ") +
                       std::string("the kernel does not take the filter (") + strerror(errno) +
                       "), so kcap filters all packets itself";
  handle->filter.reset();
  // Without what only the kernel knows about a packet.
  handle->filter_here = FilterProgram::ForLinkType(
      expression, LinkTypeOfDlt(pcap_datalink(capture)), pcap_snapshot(capture));
}

}  // namespace

CaptureOptions::CaptureOptions(const Napi::Object& js)
    : interface(js.Get("interface").As<Napi::String>()),
      snap_length(js.Get("snapLength").As<Napi::Number>()),
      buffer_bytes(js.Get("bufferBytes").As<Napi::Number>()),
      promiscuous(js.Get("promiscuous").As<Napi::Boolean>()),
      nanoseconds(js.Get("nanoseconds").As<Napi::Boolean>()),
      link_type(js.Get("linkType").IsUndefined()
                    ? -1
                    : js.Get("linkType").As<Napi::Number>().Int32Value()),
      filter(js.Get("filter").As<Napi::String>()),
      shares(!js.Get("fanoutGroup").IsUndefined()) {
  if (shares)
    if (const int32_t group = js.Get("fanoutGroup").As<Napi::Number>(); group >= 0)
      fanout_group = static_cast<uint16_t>(group);
  if (const auto name = js.Get("timestampType"); !name.IsUndefined())
    timestamp_type = name.As<Napi::String>();
}

PcapHandle OpenCapture(Napi::Env env, const CaptureOptions& options) {
  PcapHandle handle;
  char message[PCAP_ERRBUF_SIZE] = "";
  handle.pcap.reset(pcap_create(options.interface.c_str(), message), [](pcap_t* p) {
    if (p) pcap_close(p);
  });
  if (!handle.pcap) Throw(env, "CAPTURE", message);
  pcap_t* const capture = handle.pcap.get();
  pcap_set_snaplen(capture, options.snap_length);
  pcap_set_buffer_size(capture, options.buffer_bytes);
  pcap_set_promisc(capture, options.promiscuous);
  pcap_set_timeout(capture, kBlockTimeoutMs);
  // No packet comes before the filter holds.
  pcap_set_protocol_linux(capture, kNoProtocol);
  const auto& timestamp_type = options.timestamp_type;
  bool has_timestamp_type = !timestamp_type || SetTimestampType(capture, *timestamp_type);
  const bool has_precision =
      !options.nanoseconds || pcap_set_tstamp_precision(capture, PCAP_TSTAMP_PRECISION_NANO) == 0;

  const int status = pcap_activate(capture);
  const std::string details = pcap_geterr(capture);
  if (status < 0) Throw(env, CodeOf(status), details.empty() ? pcap_statustostr(status) : details);
  if (status == PCAP_WARNING_TSTAMP_TYPE_NOTSUP) has_timestamp_type = false;
  if (!has_timestamp_type)
    Throw(env, "TIMESTAMP_TYPE", SupportedTimestampTypes(capture, *timestamp_type));
  if (!has_precision) Throw(env, "PRECISION", "no nanoseconds");
  if (status > 0) handle.warning = details.empty() ? pcap_statustostr(status) : details;

  if (options.link_type >= 0 && pcap_set_datalink(capture, DltOfLinkType(options.link_type)) != 0)
    Throw(env, "LINKTYPE", SupportedLinkTypes(capture));
  if (!options.filter.empty()) {
    try {
      SetFilter(&handle, options.filter);
    } catch (const std::runtime_error& error) {
      Throw(env, "FILTER", error.what());
    }
  }
  // Who reads waits for packets and for JavaScript at the same time.
  if (pcap_setnonblock(capture, 1, message) != 0) Throw(env, "CAPTURE", message);
  try {
    if (options.shares)
      handle.fanout_group = Fanout::Join(capture, options.fanout_group);
    else
      TakeAllProtocols(capture);
  } catch (const std::system_error& error) {
    Throw(env, options.shares ? "FANOUT" : "CAPTURE", error.what());
  }
  return handle;
}

}  // namespace kcap
