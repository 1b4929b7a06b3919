#pragma once

#include <librdkafka/rdkafka.h>
#include <napi.h>

#include <string>
#include <utility>

#include "kafka/new_client.h"
#include "kafka/properties.h"
#include "system/deferred.h"

namespace kcap {

/** One question to a cluster about a topic or a group, in a thread of Node's pool, by a client of
 * its own. */
class ClusterQuestion : public Napi::AsyncWorker {
 public:
  ClusterQuestion(Napi::Env env, Conf conf, std::string subject, int timeout_ms)
      : AsyncWorker(env, "kcap cluster question"),
        subject_(std::move(subject)),
        timeout_ms_(timeout_ms),
        promise_(env),
        conf_(std::move(conf)) {}

  Napi::Promise Promise() const { return promise_.Promise(); }

 protected:
  /** In the pool's thread. */
  virtual void Ask(rd_kafka_t* client) = 0;
  /** In JavaScript's thread. */
  virtual Napi::Value Answer(Napi::Env env) = 0;

  const std::string subject_;
  const int timeout_ms_;

 private:
  void Execute() override {
    // What goes wrong is in the answer.
    rd_kafka_conf_set_log_cb(conf_.get(), [](const rd_kafka_t*, int, const char*, const char*) {});
    rd_kafka_t* client = NewClient(RD_KAFKA_PRODUCER, std::move(conf_));
    Ask(client);
    rd_kafka_destroy(client);
  }

  void OnOK() override { promise_.Resolve(Answer(Env())); }
  void OnError(const Napi::Error& error) override { promise_.Reject(error.Value()); }

  Deferred promise_;
  Conf conf_;
};

/** (properties, subject, timeoutMs) → Promise of the answer. */
template <typename AskedQuestion>
Napi::Value AskCluster(const Napi::CallbackInfo& info) {
  auto conf = ConfOf(info.Env(), info[0]);
  // Frees itself once it is done.
  auto* question = new AskedQuestion(info.Env(), std::move(conf), info[1].As<Napi::String>(),
                                     info[2].As<Napi::Number>());
  question->Queue();
  return question->Promise();
}

}  // namespace kcap
