#include "kafka/properties.h"

#include <cstdio>
#include <cstdlib>
#include <new>
#include <regex>
#include <sstream>
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

/** librdkafka lists its properties only as a table to be printed: `name | C/P | range | default |
 * …`. */
Napi::Value ListProperties(const Napi::CallbackInfo& info) {
  char* table = nullptr;
  size_t size = 0;
  FILE* file = open_memstream(&table, &size);
  if (!file) throw std::bad_alloc();
  rd_kafka_conf_properties_show(file);
  fclose(file);
  std::istringstream lines(std::string(table, size));
  free(table);

  auto list = Napi::Array::New(info.Env());
  const std::regex row("([a-z][a-z0-9._]+) *\\| *([CP*]) *\\|.*");
  std::smatch found;
  for (std::string line; std::getline(lines, line);) {
    if (!std::regex_match(line, found, row)) continue;
    auto property = Napi::Object::New(info.Env());
    property["name"] = Napi::String::New(info.Env(), found[1].str());
    property["client"] = Napi::String::New(info.Env(), found[2].str());
    list[list.Length()] = property;
  }
  return list;
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
  exports["properties"] = Napi::Function::New<ListProperties>(env, "properties");
}

}  // namespace kcap
