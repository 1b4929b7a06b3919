#include "kafka/new_client.h"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "system/thread_room.h"

namespace kcap {
namespace {

// librdkafka's main and background threads and those of brokers that have no address yet; and ours.
constexpr int kThreadsWithoutBrokers = 5;

int BrokersIn(const rd_kafka_conf_t* conf) {
  size_t size = 0;
  if (rd_kafka_conf_get(conf, "bootstrap.servers", nullptr, &size) != RD_KAFKA_CONF_OK) return 0;
  std::string brokers(size, '\0');
  rd_kafka_conf_get(conf, "bootstrap.servers", brokers.data(), &size);
  return 1 + static_cast<int>(std::count(brokers.begin(), brokers.end(), ','));
}

}  // namespace

rd_kafka_t* NewClient(rd_kafka_type_t type, Conf conf) {
  // Where librdkafka can't make a thread it ends the process.
  RequireThreads(kThreadsWithoutBrokers + BrokersIn(conf.get()));
  char message[512] = "";
  rd_kafka_t* client = rd_kafka_new(type, conf.get(), message, sizeof message);
  if (!client) throw std::runtime_error(message);
  conf.release();  // the client has taken it over
  return client;
}

}  // namespace kcap
