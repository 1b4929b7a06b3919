#include "kafka/client_events.h"

#include <string>

#include "capture/own/own_connections.h"

namespace kcap {
namespace {

// `-X debug=all` can log faster than a terminal shows; what waits for JavaScript stays bounded.
constexpr int kMaxLogsWaiting = 10'000;

}  // namespace

ClientEvents::ClientEvents(JsThread& js, Napi::Function on_event)
    : js_(js), on_event_(std::make_shared<Napi::FunctionReference>(Napi::Persistent(on_event))) {}

void ClientEvents::Register(rd_kafka_conf_t* conf, void* opaque) {
  opaque_ = opaque;
  OwnConnections::Get();  // before there are threads that need it
  rd_kafka_conf_set_opaque(conf, this);
  rd_kafka_conf_set_log_cb(conf, OnLog);
  rd_kafka_conf_set_error_cb(conf, OnError);
  rd_kafka_conf_set_stats_cb(conf, OnStatistics);
  rd_kafka_conf_set_connect_cb(conf, OnConnect);
  rd_kafka_conf_set_closesocket_cb(conf, OnClose);
}

void ClientEvents::Release() {
  silent_ = true;
  on_event_->Reset();
}

void ClientEvents::Notify(const char* kind) {
  Emit([kind](Napi::Object event) { event["kind"] = Napi::String::New(event.Env(), kind); });
}

void ClientEvents::Emit(std::function<void(Napi::Object)> fill) {
  if (silent_) return;
  js_.Post([fill = std::move(fill), on_event = on_event_](Napi::Env env) {
    if (on_event->IsEmpty()) return;
    auto event = Napi::Object::New(env);
    fill(event);
    on_event->Call({event});
  });
}

void ClientEvents::OnLog(const rd_kafka_t* rk, int level, const char* facility,
                         const char* message) {
  auto* self = static_cast<ClientEvents*>(rd_kafka_opaque(rk));
  if (self->logs_waiting_->fetch_add(1) >= kMaxLogsWaiting) {
    (*self->logs_waiting_)--;
    return;
  }
  self->Emit([waiting = self->logs_waiting_, level, facility = std::string(facility),
              message = std::string(message)](Napi::Object event) {
    (*waiting)--;
    event["kind"] = Napi::String::New(event.Env(), "log");
    event["level"] = Napi::Number::New(event.Env(), level);
    event["facility"] = Napi::String::New(event.Env(), facility);
    event["message"] = Napi::String::New(event.Env(), message);
  });
}

void ClientEvents::Report(rd_kafka_resp_err_t error, const char* reason, bool fatal) {
  Emit([fatal, name = std::string(rd_kafka_err2name(error)),
        message = std::string(reason)](Napi::Object event) {
    event["kind"] = Napi::String::New(event.Env(), "error");
    event["name"] = Napi::String::New(event.Env(), name);
    event["message"] = Napi::String::New(event.Env(), message);
    event["fatal"] = Napi::Boolean::New(event.Env(), fatal);
  });
}

void ClientEvents::OnError(rd_kafka_t* rk, int error, const char* reason, void* opaque) {
  auto* self = static_cast<ClientEvents*>(opaque);
  if (error != RD_KAFKA_RESP_ERR__FATAL) {
    self->Report(static_cast<rd_kafka_resp_err_t>(error), reason);
    return;
  }
  char fatal_reason[512];
  const auto cause = rd_kafka_fatal_error(rk, fatal_reason, sizeof fatal_reason);
  self->Report(cause, fatal_reason, true);
}

int ClientEvents::OnStatistics(rd_kafka_t*, char* json, size_t length, void* opaque) {
  static_cast<ClientEvents*>(opaque)->Emit([text = std::string(json, length)](Napi::Object event) {
    event["kind"] = Napi::String::New(event.Env(), "statistics");
    event["json"] = Napi::String::New(event.Env(), text);
  });
  return 0;
}

int ClientEvents::OnConnect(int socket, const sockaddr* address, int length, const char*, void*) {
  return OwnConnections::Get().Connect(socket, address, length);
}

int ClientEvents::OnClose(int socket, void*) { return OwnConnections::Get().Close(socket); }

}  // namespace kcap
