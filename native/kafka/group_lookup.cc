#include "kafka/group_lookup.h"

#include <librdkafka/rdkafka.h>

#include <memory>
#include <string>
#include <vector>

#include "kafka/cluster_question.h"
#include "kafka/kafka_handles.h"

namespace kcap {
namespace {

using AdminOptions =
    std::unique_ptr<rd_kafka_AdminOptions_t, decltype(&rd_kafka_AdminOptions_destroy)>;

class MembersQuestion : public ClusterQuestion {
 public:
  using ClusterQuestion::ClusterQuestion;

 private:
  struct Member {
    std::string client_id, host;
  };

  void Ask(rd_kafka_t* client) override {
    const AdminOptions options(
        rd_kafka_AdminOptions_new(client, RD_KAFKA_ADMIN_OP_DESCRIBECONSUMERGROUPS),
        rd_kafka_AdminOptions_destroy);
    rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms_, nullptr, 0);
    const kcap::Queue answers = NewQueue(client);
    const char* groups[] = {subject_.c_str()};
    rd_kafka_DescribeConsumerGroups(client, groups, 1, options.get(), answers.get());
    const Event event = NextEvent(answers, timeout_ms_);
    error_ = event ? Read(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
  }

  rd_kafka_resp_err_t Read(rd_kafka_event_t* event) {
    if (const auto error = rd_kafka_event_error(event)) return error;
    const auto* result = rd_kafka_event_DescribeConsumerGroups_result(event);
    size_t count = 0;
    const auto** described =
        result ? rd_kafka_DescribeConsumerGroups_result_groups(result, &count) : nullptr;
    if (count != 1) return RD_KAFKA_RESP_ERR__FAIL;
    if (const auto* error = rd_kafka_ConsumerGroupDescription_error(described[0])) {
      const auto code = rd_kafka_error_code(error);
      // Later brokers say so of a group that nobody has joined yet.
      return code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND ? RD_KAFKA_RESP_ERR_NO_ERROR : code;
    }
    const size_t members = rd_kafka_ConsumerGroupDescription_member_count(described[0]);
    for (size_t i = 0; i < members; i++) {
      const auto* member = rd_kafka_ConsumerGroupDescription_member(described[0], i);
      members_.push_back(
          {rd_kafka_MemberDescription_client_id(member), rd_kafka_MemberDescription_host(member)});
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
  }

  Napi::Value Answer(Napi::Env env) override {
    if (error_) return Napi::String::New(env, rd_kafka_err2name(error_));
    auto list = Napi::Array::New(env, members_.size());
    for (uint32_t i = 0; i < members_.size(); i++) {
      auto member = Napi::Object::New(env);
      member["clientId"] = Napi::String::New(env, members_[i].client_id);
      member["host"] = Napi::String::New(env, members_[i].host);
      list[i] = member;
    }
    return list;
  }

  std::vector<Member> members_;
  rd_kafka_resp_err_t error_ = RD_KAFKA_RESP_ERR_NO_ERROR;
};

}  // namespace

void InitGroupLookup(Napi::Env env, Napi::Object exports) {
  exports["groupMembers"] = Napi::Function::New<AskCluster<MembersQuestion>>(env, "groupMembers");
}

}  // namespace kcap
