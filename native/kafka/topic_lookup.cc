#include "kafka/topic_lookup.h"

#include <librdkafka/rdkafka.h>

#include "kafka/cluster_question.h"
#include "kafka/topic_settings.h"

namespace kcap {
namespace {

class ErrorQuestion : public ClusterQuestion {
 public:
  using ClusterQuestion::ClusterQuestion;

 private:
  void Ask(rd_kafka_t* client) override {
    const char* names[] = {subject_.c_str()};
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

class SettingsQuestion : public ClusterQuestion {
 public:
  using ClusterQuestion::ClusterQuestion;

 private:
  void Ask(rd_kafka_t* client) override {
    settings_ = SettingsOfTopic(client, subject_, timeout_ms_);
  }

  Napi::Value Answer(Napi::Env env) override {
    if (settings_.error) return Napi::String::New(env, rd_kafka_err2name(settings_.error));
    auto settings = Napi::Object::New(env);
    for (const auto& [name, value] : settings_.values) settings[name] = value;
    return settings;
  }

  TopicSettings settings_;
};

}  // namespace

void InitTopicLookup(Napi::Env env, Napi::Object exports) {
  exports["topicError"] = Napi::Function::New<AskCluster<ErrorQuestion>>(env, "topicError");
  exports["topicSettings"] =
      Napi::Function::New<AskCluster<SettingsQuestion>>(env, "topicSettings");
}

}  // namespace kcap
