#pragma once

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <napi.h>

#include <cstdint>

namespace kcap {

/** librdkafka's mock cluster: a broker on a loopback port that keeps topics in this process'
 * memory. */
class InMemoryBroker : public Napi::ObjectWrap<InMemoryBroker> {
 public:
  static void Init(Napi::Env env, Napi::Object exports);
  /** new InMemoryBroker(port): 0 lets the system choose one. Throws an Error whose `code` is PORT
   * where it can't listen on that port. */
  explicit InMemoryBroker(const Napi::CallbackInfo& info);
  ~InMemoryBroker() override { Stop(); }

 private:
  /** port() → the loopback port that it listens on. */
  Napi::Value Port(const Napi::CallbackInfo& info) { return Napi::Number::New(info.Env(), port_); }
  /** createTopic(name, partitions) */
  void CreateTopic(const Napi::CallbackInfo& info);
  void Close(const Napi::CallbackInfo&) { Stop(); }
  void Stop();
  void MoveTo(Napi::Env env, uint16_t port);

  uint16_t port_ = 0;
  rd_kafka_t* client_ = nullptr;
  rd_kafka_mock_cluster_t* cluster_ = nullptr;
};

}  // namespace kcap
