// librdkafka's own, of the sources that it was built from: what headers are behind their type.
// They come first, since they say what the system's headers are to declare.
// clang-format off
#include <rdkafka_int.h>
#include <rdkafka_header.h>
// clang-format on

#include "wire/header_block.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static size_t size_of(const struct kcap_header* header) {
  const size_t size =
      offsetof(rd_kafka_header_t, rkhdr_name) + header->name_size + header->value_size + 2;
  return (size + sizeof(void*) - 1) / sizeof(void*) * sizeof(void*);
}

static size_t varint_size(size_t number) {
  char bytes[RD_UVARINT_ENC_SIZEOF(int64_t)];
  return rd_uvarint_enc_i64(bytes, sizeof bytes, (int64_t)number);
}

static void put(rd_kafka_header_t* at, const struct kcap_header* header) {
  at->rkhdr_name_size = header->name_size;
  memcpy(at->rkhdr_name, header->name, header->name_size);
  at->rkhdr_name[header->name_size] = '\0';
  at->rkhdr_value = at->rkhdr_name + header->name_size + 1;
  at->rkhdr_value_size = header->value_size;
  memcpy(at->rkhdr_value, header->value, header->value_size);
  at->rkhdr_value[header->value_size] = '\0';
  at->rkhdr_ser_size = header->name_size + header->value_size + varint_size(header->name_size) +
                       varint_size(header->value_size);
}

static rd_kafka_headers_t* headers_one_by_one(const struct kcap_header* headers, size_t count) {
  rd_kafka_headers_t* list = rd_kafka_headers_new(count);
  for (size_t i = 0; i < count; i++)
    rd_kafka_header_add(list, headers[i].name, (ssize_t)headers[i].name_size, headers[i].value,
                        (ssize_t)headers[i].value_size);
  return list;
}

rd_kafka_headers_t* kcap_headers_of(const struct kcap_header* headers, size_t count) {
  // Another librdkafka than the one that this was compiled for: let it make them itself.
  if (rd_kafka_version() != RD_KAFKA_VERSION) return headers_one_by_one(headers, count);
  rd_kafka_headers_t* all = rd_kafka_headers_new(0);
  rd_list_t* list = &all->rkhdrs_list;
  size_t size = count * sizeof(void*);
  for (size_t i = 0; i < count; i++) size += size_of(&headers[i]);
  // What frees the list frees this; the headers in it are then not freed one by one.
  list->rl_free_cb = NULL;
  list->rl_elems = rd_malloc(size);
  list->rl_size = list->rl_cnt = (int)count;
  char* at = (char*)&list->rl_elems[count];
  for (size_t i = 0; i < count; i++) {
    rd_kafka_header_t* header = (rd_kafka_header_t*)at;
    put(header, &headers[i]);
    all->rkhdrs_ser_size += header->rkhdr_ser_size;
    list->rl_elems[i] = header;
    at += size_of(&headers[i]);
  }
  return all;
}
