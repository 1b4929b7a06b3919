#include "kafka/topic_lookup.h"

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <utility>

#include "kafka/new_client.h"
#include "kafka/properties.h"
#include "kafka/topic_settings.h"

namespace kcap {
namespace {

/** One question, in a thread of Node's pool, by a client of its own. */
class Question : public Napi::AsyncWorker {
 public:
  Question(Napi::Env env, Conf conf, std::string topic, int timeout_ms)
      : AsyncWorker(env, "kcap topic lookup"),
        topic_(std::move(topic)),
        timeout_ms_(timeout_ms),
        promise_(Napi::Promise::Deferred::New(env)),
        conf_(std::move(conf)) {}

  Napi::Promise Promise() const { return promise_.Promise(); }

 protected:
  /** In the pool's thread. */
  virtual void Ask(rd_kafka_t* client) = 0;
  /** In JavaScript's thread. */
  virtual Napi::Value Answer(Napi::Env env) = 0;

  const std::string topic_;
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

  const Napi::Promise::Deferred promise_;
  Conf conf_;
};

class ErrorQuestion : public Question {
 public:
  using Question::Question;

 private:
  void Ask(rd_kafka_t* client) override {
    const char* names[] = {topic_.c_str()};
    auto* topics = rd_kafka_TopicCollection_of_topic_names(names, 1);
    auto* options = rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBETOPICS);
    rd_kafka_AdminOptions_set_request_timeout(options, timeout_ms_, nullptr, 0);
    auto* queue = rd_kafka_queue_new(client);
    rd_kafka_DescribeTopics(client, topics, options, queue);
    auto* event = rd_kafka_queue_poll(queue, timeout_ms_);
    error_ = event ? ErrorIn(event) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (event) rd_kafka_event_destroy(event);
    rd_kafka_queue_destroy(queue);
    rd_kafka_AdminOptions_destroy(options);
    rd_kafka_TopicCollection_destroy(topics);
  }

  Napi::Value Answer(Napi::Env env) override {
    if (!error_) return env.Undefined();
    return Napi::String::New(env, rd_kafka_err2name(error_));
  }

  static rd_kafka_resp_err_t ErrorIn(rd_kafka_event_t* event) {
    if (const auto error = rd_kafka_event_error(event)) return error;
    size_t count = 0;
    const auto* result = rd_kafka_event_DescribeTopics_result(event);
    const auto* topics = rd_kafka_DescribeTopics_result_topics(result, &count);
    if (count != 1) return RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
    return rd_kafka_error_code(rd_kafka_TopicDescription_error(topics[0]));
  }

  rd_kafka_resp_err_t error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
};

class SettingsQuestion : public Question {
 public:
  using Question::Question;

 private:
  void Ask(rd_kafka_t* client) override {
    settings_ = SettingsOfTopic(client, topic_, timeout_ms_);
  }

  Napi::Value Answer(Napi::Env env) override {
    if (settings_.error) return Napi::String::New(env, rd_kafka_err2name(settings_.error));
    auto settings = Napi::Object::New(env);
    for (const auto& [name, value] : settings_.values) settings[name] = value;
    return settings;
  }

  TopicSettings settings_;
};

/** (properties, topic, timeoutMs) → Promise of the answer. */
template <typename AskedQuestion>
Napi::Value Ask(const Napi::CallbackInfo& info) {
  auto conf = ConfOf(info.Env(), info[0]);
  // Frees itself once it is done.
  auto* question = new AskedQuestion(info.Env(), std::move(conf), info[1].As<Napi::String>(),
                                     info[2].As<Napi::Number>());
  question->Queue();
  return question->Promise();
}

}  // namespace

void InitTopicLookup(Napi::Env env, Napi::Object exports) {
  exports["topicError"] = Napi::Function::New<Ask<ErrorQuestion>>(env, "topicError");
  exports["topicSettings"] = Napi::Function::New<Ask<SettingsQuestion>>(env, "topicSettings");
}

}  // namespace kcap
