#pragma once

#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <vector>

#include "kafka/producer_client.h"
#include "wire/packed_message.h"
#include "wire/plain_message.h"

namespace kcap {

/** A message that a broker has refused, alone or with its neighbours. */
struct RefusedMessage {
  using Headers = std::unique_ptr<rd_kafka_headers_t, decltype(&rd_kafka_headers_destroy)>;

  uint64_t number;
  int32_t partition;
  rd_kafka_resp_err_t error;
  // Not what the broker has said: in librdkafka 2.12, rd_kafka_message_produce_errstr gives
  // memory that is freed by then.
  int64_t timestamp_ms;
  std::vector<uint8_t> key;
  std::vector<uint8_t> frame;
  Headers headers;
  MessagePacket packet;  // refers to `headers`
  /** In place of what a plain message holds. */
  std::unique_ptr<Pack> pack;

  /** Of key and value. */
  size_t byte_length() const;
};

/**
 * Messages of requests that a broker has refused because of one of them, or because of their size.
 * Kafka takes or refuses a request as a whole: all but those at fault are to be sent again.
 *
 * How those at fault are told from their neighbours: Kafka 2.4 and later name them where it is
 * their content or time. Otherwise the request is sent again as several: half as large, where it
 * was too large; one a message, where nothing was said about which one it was.
 */
class RefusedRequests {
 public:
  /** @param header_bytes of the headers that every message carries */
  void SetHeaderBytes(size_t header_bytes) { header_bytes_ = header_bytes; }

  /** Takes a message with its delivery report; false where its failure has other reasons. */
  bool Take(uint64_t number, const rd_kafka_message_t* message);
  /** The same for a packed one, whose pack it takes. */
  bool Take(const rd_kafka_message_t* message, std::unique_ptr<Pack>& pack);
  /** A pack that is to be sent again anyway. */
  void SendAgain(std::unique_ptr<Pack> pack, int32_t partition);

  /**
   * Decides about what was taken since the last call. `fails` is called for each message that would
   * be refused alone, too. `bounds`: of the requests that it came in; lowered where messages have
   * to go in smaller ones.
   */
  void Judge(const std::function<void(const RefusedMessage&)>& fails, RequestBounds& bounds);

  bool empty() const { return unjudged_.empty() && again_.empty(); }
  /** What is to be sent again, by number. */
  std::map<uint64_t, RefusedMessage>& again() { return again_; }
  /** Whether what is to be sent again needs a request for each message. */
  bool one_by_one() const { return one_by_one_; }
  /** All was sent again, and has settled. */
  void Settled() { one_by_one_ = false; }

 private:
  size_t header_bytes_ = 0;
  std::vector<RefusedMessage> unjudged_;
  std::map<uint64_t, RefusedMessage> again_;
  bool one_by_one_ = false;
};

/** Why a message fails for its own sake: the id of a cause (delivery_failures.h). */
const char* CauseOf(const RefusedMessage& message);

}  // namespace kcap
