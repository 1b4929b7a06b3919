#include "kafka/consumer_client.h"

#include <chrono>
#include <utility>

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
    : client_(NewConsumer(std::move(conf))),
      queue_(rd_kafka_queue_get_consumer(client_)),
      leaving_(NewQueue(client_)) {}

ConsumerClient::~ConsumerClient() {
  leaving_.reset();
  rd_kafka_queue_destroy(queue_);
  rd_kafka_destroy_flags(client_, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

void ConsumerClient::BeginLeaving() {
  rd_kafka_error_destroy(rd_kafka_consumer_close_queue(client_, leaving_.get()));
}

bool ConsumerClient::AwaitLeft(int timeout_ms) const {
  constexpr int kPollMs = 10;
  const auto until = Clock::now() + std::chrono::milliseconds(timeout_ms);
  while (!rd_kafka_consumer_closed(client_) && Clock::now() < until)
    MessageOf(rd_kafka_consume_queue(leaving_.get(), kPollMs));
  return rd_kafka_consumer_closed(client_);
}

}  // namespace kcap
