#include "properties.h"

#include <string>

namespace kcap {
namespace {

Conf NewConf() { return Conf(rd_kafka_conf_new(), rd_kafka_conf_destroy); }

Napi::Value PropertyProblem(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>();
  const std::string value = info[1].As<Napi::String>();
  char message[512] = "";
  const auto result =
      rd_kafka_conf_set(NewConf().get(), name.c_str(), value.c_str(), message, sizeof message);
  if (result == RD_KAFKA_CONF_OK) return info.Env().Undefined();
  auto problem = Napi::Object::New(info.Env());
  problem["unknown"] = Napi::Boolean::New(info.Env(), result == RD_KAFKA_CONF_UNKNOWN);
  problem["message"] = Napi::String::New(info.Env(), message);
  return problem;
}

Napi::Value PropertyNames(const Napi::CallbackInfo& info) {
  auto names = Napi::Array::New(info.Env());
  const auto add_all = [&](auto dump) {
    size_t count = 0;
    const char** pairs = dump(&count);
    for (size_t i = 0; i < count; i += 2)
      names[names.Length()] = Napi::String::New(info.Env(), pairs[i]);
    rd_kafka_conf_dump_free(pairs, count);
  };
  const auto conf = NewConf();
  add_all([&](size_t* count) { return rd_kafka_conf_dump(conf.get(), count); });
  const std::unique_ptr<rd_kafka_topic_conf_t, decltype(&rd_kafka_topic_conf_destroy)> topic_conf(
      rd_kafka_topic_conf_new(), rd_kafka_topic_conf_destroy);
  add_all([&](size_t* count) { return rd_kafka_topic_conf_dump(topic_conf.get(), count); });
  return names;
}

}  // namespace

Conf ConfOf(Napi::Env env, Napi::Value properties) {
  auto conf = NewConf();
  const auto list = properties.As<Napi::Array>();
  for (uint32_t i = 0; i < list.Length(); i++) {
    const auto pair = list.Get(i).As<Napi::Array>();
    const std::string name = pair.Get(0u).As<Napi::String>();
    const std::string value = pair.Get(1u).As<Napi::String>();
    char message[512] = "";
    if (rd_kafka_conf_set(conf.get(), name.c_str(), value.c_str(), message, sizeof message) !=
        RD_KAFKA_CONF_OK)
      throw Napi::Error::New(env, message);
  }
  return conf;
}

void InitProperties(Napi::Env env, Napi::Object exports) {
  exports["propertyProblem"] = Napi::Function::New<PropertyProblem>(env, "propertyProblem");
  exports["propertyNames"] = Napi::Function::New<PropertyNames>(env, "propertyNames");
}

}  // namespace kcap
