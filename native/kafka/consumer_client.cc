#include "kafka/consumer_client.h"

#include <chrono>
#include <utility>

#include "kafka/kafka_handles.h"
#include "kafka/new_client.h"

namespace kcap {
namespace {

using Clock = std::chrono::steady_clock;

rd_kafka_t* NewConsumer(Conf conf) {
  rd_kafka_t* client = NewClient(RD_KAFKA_CONSUMER, std::move(conf));
  rd_kafka_poll_set_consumer(client);
  return client;
}

}  // namespace

ConsumerClient::ConsumerClient(Conf conf)
    : client_(NewConsumer(std::move(conf))), queue_(rd_kafka_queue_get_consumer(client_)) {}

ConsumerClient::~ConsumerClient() {
  rd_kafka_queue_destroy(queue_);
  rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

bool ConsumerClient::Leave(int timeout_ms) const {
  constexpr int kPollMs = 10;
  const auto until = Clock::now() + std::chrono::milliseconds(timeout_ms);
  const Queue closing = NewQueue(client_);
  rd_kafka_error_destroy(rd_kafka_consumer_close_queue(client_, closing.get()));
  while (!rd_kafka_consumer_closed(client_) && Clock::now() < until)
    MessageOf(rd_kafka_consume_queue(closing.get(), kPollMs));
  return rd_kafka_consumer_closed(client_);
}

}  // namespace kcap
