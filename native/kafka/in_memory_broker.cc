#include "kafka/in_memory_broker.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>

#include "kafka/new_client.h"
#include "kafka/properties.h"

namespace kcap {
namespace {

constexpr const char* kHost = "127.0.0.1";

/** The descriptor of this process' socket that listens on a port, -1 where there is none. */
int ListenerOn(uint16_t port) {
  int found = -1;
  DIR* descriptors = opendir("/proc/self/fd");
  if (!descriptors) return found;
  while (const dirent* entry = readdir(descriptors)) {
    const int fd = atoi(entry->d_name);
    int listens = 0;
    socklen_t size = sizeof listens;
    if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) != 0 || !listens) continue;
    sockaddr_in address{};
    size = sizeof address;
    if (getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
        address.sin_family == AF_INET && ntohs(address.sin_port) == port)
      found = fd;
  }
  closedir(descriptors);
  return found;
}

/** A socket that listens on a loopback port; -1 and errno where that can't be. */
int Listen(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (bind(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0 && listen(fd, 32) == 0)
    return fd;
  const int error = errno;
  close(fd);
  errno = error;
  return -1;
}

}  // namespace

void InMemoryBroker::Init(Napi::Env env, Napi::Object exports) {
  exports["InMemoryBroker"] =
      DefineClass(env, "InMemoryBroker",
                  {
                      InstanceMethod<&InMemoryBroker::Port>("port"),
                      InstanceMethod<&InMemoryBroker::CreateTopic>("createTopic"),
                      InstanceMethod<&InMemoryBroker::Close>("close"),
                  });
}

InMemoryBroker::InMemoryBroker(const Napi::CallbackInfo& info) : ObjectWrap(info) {
  Conf conf(rd_kafka_conf_new(), rd_kafka_conf_destroy);
  // The cluster's owner is a client without brokers, and says so.
  rd_kafka_conf_set_log_cb(conf.get(), nullptr);
  client_ = NewClient(RD_KAFKA_PRODUCER, std::move(conf));
  constexpr int kBrokers = 1;
  cluster_ = rd_kafka_mock_cluster_new(client_, kBrokers);
  if (!cluster_) {
    Stop();
    throw Napi::Error::New(info.Env(), "the mock cluster did not start");
  }
  const char* bootstraps = rd_kafka_mock_cluster_bootstraps(cluster_);
  port_ = static_cast<uint16_t>(atoi(strrchr(bootstraps, ':') + 1));
  const uint32_t asked = info[0].As<Napi::Number>();
  if (asked) MoveTo(info.Env(), static_cast<uint16_t>(asked));
}

/**
 * The mock cluster takes whatever port the system gives it. A listener of our own takes the place
 * of its own, under the same descriptor. (A proxy would do as well, but its second hop would show
 * up in captures on the loopback interface, and a capture that sends here would feed itself.)
 */
void InMemoryBroker::MoveTo(Napi::Env env, uint16_t port) {
  const int own = ListenerOn(port_);
  const int wanted = Listen(port);
  if (own < 0 || wanted < 0) {
    const std::string cause = strerror(errno);
    Stop();
    auto error = Napi::Error::New(env, cause);
    error.Set("code", Napi::String::New(env, "PORT"));
    throw error;
  }
  dup2(wanted, own);
  close(wanted);
  port_ = port;
  // Also wakes the cluster's thread, which looks at its listener anew then.
  constexpr int kFirstBroker = 1;
  rd_kafka_mock_broker_set_host_port(cluster_, kFirstBroker, kHost, port);
}

void InMemoryBroker::Stop() {
  if (cluster_) rd_kafka_mock_cluster_destroy(cluster_);
  if (client_) rd_kafka_destroy(client_);
  cluster_ = nullptr;
  client_ = nullptr;
}

void InMemoryBroker::CreateTopic(const Napi::CallbackInfo& info) {
  const std::string name = info[0].As<Napi::String>();
  const int partitions = info[1].As<Napi::Number>();
  if (!cluster_) throw Napi::Error::New(info.Env(), "the broker is closed");
  constexpr int kReplicas = 1;
  const auto error = rd_kafka_mock_topic_create(cluster_, name.c_str(), partitions, kReplicas);
  if (error) throw Napi::Error::New(info.Env(), rd_kafka_err2str(error));
}

}  // namespace kcap
