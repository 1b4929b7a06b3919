#include "kafka/refused_requests.h"

#include <algorithm>

#include "kafka/delivery_failures.h"

namespace kcap {
namespace {

bool IsTooLarge(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
         error == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE;
}

bool IsInvalid(rd_kafka_resp_err_t error) {
  return error == RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP || error == RD_KAFKA_RESP_ERR_INVALID_RECORD;
}

bool IsOfRequest(rd_kafka_resp_err_t error) {
  return IsTooLarge(error) || IsInvalid(error) ||
         error == RD_KAFKA_RESP_ERR__INVALID_DIFFERENT_RECORD;
}

RefusedMessage MessageOf(std::unique_ptr<Pack> pack, int32_t partition, rd_kafka_resp_err_t error) {
  const uint64_t number = pack->first_number();
  const auto timestamp_ms = static_cast<int64_t>(pack->latest_us() / 1000);
  return {.number = number,
          .partition = partition,
          .error = error,
          .timestamp_ms = timestamp_ms,
          .key = {},
          .frame = {},
          .headers = RefusedMessage::Headers(nullptr, rd_kafka_headers_destroy),
          .packet = {},
          .pack = std::move(pack)};
}

std::vector<uint8_t> Copied(const void* bytes, size_t length) {
  const auto* from = static_cast<const uint8_t*>(bytes);
  return from ? std::vector<uint8_t>(from, from + length) : std::vector<uint8_t>();
}

}  // namespace

const char* CauseOf(const RefusedMessage& message) {
  return IsTooLarge(message.error) ? kLargerThanTopicTakes : kTimeRefused;
}

size_t RefusedMessage::byte_length() const {
  return pack ? PackedMessage(*pack).byte_length() : key.size() + frame.size();
}

bool RefusedRequests::Take(uint64_t number, const rd_kafka_message_t* message) {
  const auto error = message->err;
  if (!IsOfRequest(error)) return false;
  const MessagePacket packet = PacketOf(message);
  rd_kafka_headers_t* headers = nullptr;
  // The report is the message's end: what it holds may be taken away.
  rd_kafka_message_detach_headers(const_cast<rd_kafka_message_t*>(message), &headers);
  unjudged_.push_back(
      {number, message->partition, error, static_cast<int64_t>(packet.time_ns / 1'000'000),
       Copied(message->key, message->key_len), Copied(message->payload, message->len),
       RefusedMessage::Headers(headers, rd_kafka_headers_destroy), packet, nullptr});
  return true;
}

bool RefusedRequests::Take(const rd_kafka_message_t* message, std::unique_ptr<Pack>& pack) {
  if (!IsOfRequest(message->err)) return false;
  unjudged_.push_back(MessageOf(std::move(pack), message->partition, message->err));
  return true;
}

void RefusedRequests::SendAgain(std::unique_ptr<Pack> pack, int32_t partition) {
  const uint64_t number = pack->first_number();
  again_.emplace(number, MessageOf(std::move(pack), partition, RD_KAFKA_RESP_ERR_NO_ERROR));
}

void RefusedRequests::Judge(const std::function<void(const RefusedMessage&)>& fails,
                            RequestBounds& bounds) {
  if (unjudged_.empty()) return;
  const size_t alone_bytes = bounds.BytesOfOneAlone();
  const bool were_alone = bounds.messages == 1;
  const auto send_again = [this](RefusedMessage& message) {
    again_.emplace(message.number, std::move(message));
  };
  bool halve = false;
  for (auto first = unjudged_.begin(); first != unjudged_.end();) {
    // Of the messages of one request, the reports come one after the other.
    const auto end = std::find_if(first, unjudged_.end(), [&](const RefusedMessage& message) {
      return message.error != first->error || message.partition != first->partition;
    });
    // Brokers that know INVALID_RECORD name each record at fault; librdkafka says so of several.
    const bool are_named = end - first == 1 || first->error == RD_KAFKA_RESP_ERR_INVALID_RECORD;
    for (; first != end; first++) {
      if (IsTooLarge(first->error)) {
        if (first->byte_length() + header_bytes_ >= alone_bytes) {
          fails(*first);
        } else {
          halve = true;
          send_again(*first);
        }
      } else if (!IsInvalid(first->error)) {
        send_again(*first);
      } else if (were_alone || are_named) {
        fails(*first);
      } else {
        one_by_one_ = true;
        send_again(*first);
      }
    }
  }
  unjudged_.clear();
  if (halve) bounds.bytes = std::max<size_t>(alone_bytes / 2, 1);
}

}  // namespace kcap
