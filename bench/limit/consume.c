/*
 * The limit for reading: librdkafka's messages straight into a pcap stream on standard output, in
 * one thread and one loop.
 *
 *   consume -t TOPIC -p PARTITIONS [-n PACKETS] [-P] [-X KEY=VALUE]...
 *
 * -P takes apart messages of many packets. Reads all partitions from their beginning, and ends
 * after so many packets or at a signal.
 */
#include <endian.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

#define MESSAGES_AT_ONCE 1000
/* How long a call waits for that many; the packets that it has got then go out. */
#define WAIT_MS 10
#define SNAP_LENGTH 262144
#define OUTPUT_BYTES (1024 * 1024)
#define MICROSECONDS UINT64_C(1000000)

struct record_header {
  uint32_t seconds, microseconds, captured, original;
};

static volatile sig_atomic_t stopping;

static void on_signal(int number) {
  (void)number;
  stopping = 1;
}

static void write_file_header(void) {
  const struct pcap_file_header header = {.magic = 0xa1b2c3d4,
                                          .version_major = 2,
                                          .version_minor = 4,
                                          .snaplen = SNAP_LENGTH,
                                          .linktype = DLT_EN10MB};
  fwrite(&header, sizeof header, 1, stdout);
}

static void write_packet(const rd_kafka_message_t* message) {
  uint64_t key;
  memcpy(&key, message->key, sizeof key);
  const uint64_t time_us = be64toh(key);
  const struct record_header header = {time_us / MICROSECONDS, time_us % MICROSECONDS, message->len,
                                       message->len};
  fwrite(&header, sizeof header, 1, stdout);
  fwrite(message->payload, message->len, 1, stdout);
}

/* Writes the packets of a pcap file, each after a look at its header; how many it has. */
static uint64_t write_packets(const rd_kafka_message_t* message) {
  const uint8_t* value = message->payload;
  uint64_t packets = 0;
  size_t at = sizeof(struct pcap_file_header);
  while (message->len >= at + sizeof(struct record_header)) {
    struct record_header header;
    memcpy(&header, value + at, sizeof header);
    if (header.captured > message->len - at - sizeof header) break;
    at += sizeof header + header.captured;
    packets++;
  }
  fwrite(value + sizeof(struct pcap_file_header), at - sizeof(struct pcap_file_header), 1, stdout);
  return packets;
}

static void assign_all(rd_kafka_t* client, const char* topic, int partitions) {
  rd_kafka_topic_partition_list_t* list = rd_kafka_topic_partition_list_new(partitions);
  for (int i = 0; i < partitions; i++)
    rd_kafka_topic_partition_list_add(list, topic, i)->offset = RD_KAFKA_OFFSET_BEGINNING;
  rd_kafka_assign(client, list);
  rd_kafka_topic_partition_list_destroy(list);
}

int main(int argc, char** argv) {
  const char* topic = NULL;
  int partitions = 1;
  uint64_t limit = UINT64_MAX;
  int packed = 0;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (int option; (option = getopt(argc, argv, "t:p:n:PX:")) != -1;) {
    switch (option) {
      case 't':
        topic = optarg;
        break;
      case 'p':
        partitions = atoi(optarg);
        break;
      case 'n':
        limit = strtoull(optarg, NULL, 10);
        break;
      case 'P':
        packed = 1;
        break;
      case 'X':
        set_property(conf, optarg);
        break;
      default:
        return 2;
    }
  }
  if (!topic) fail("usage", "consume -t TOPIC -p PARTITIONS");

  rd_kafka_t* client = new_client(RD_KAFKA_CONSUMER, conf);
  rd_kafka_poll_set_consumer(client);
  rd_kafka_queue_t* queue = rd_kafka_queue_get_consumer(client);
  assign_all(client, topic, partitions);
  const struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  setvbuf(stdout, NULL, _IOFBF, OUTPUT_BYTES);
  fprintf(stderr, "{\"event\":\"started\"}\n");

  uint64_t packets = 0, failed = 0;
  write_file_header();
  while (!stopping && packets < limit) {
    rd_kafka_message_t* messages[MESSAGES_AT_ONCE];
    const ssize_t count = rd_kafka_consume_batch_queue(queue, WAIT_MS, messages, COUNT(messages));
    for (ssize_t i = 0; i < count; i++) {
      if (!messages[i]->err && packed) {
        packets += write_packets(messages[i]);
      } else if (!messages[i]->err && packets < limit) {
        write_packet(messages[i]);
        packets++;
      } else if (messages[i]->err && messages[i]->err != RD_KAFKA_RESP_ERR__PARTITION_EOF) {
        fprintf(stderr, "limit: %s\n", rd_kafka_message_errstr(messages[i]));
        failed++;
      }
      rd_kafka_message_destroy(messages[i]);
    }
    /* A busy topic fills the buffer; the packets of a quiet one do not wait in it. */
    if (count < (ssize_t)COUNT(messages) && fflush(stdout) != 0) fail("standard output", "closed");
  }
  fflush(stdout);
  fprintf(stderr,
          "{\"event\":\"summary\",\"packets_in\":%lu,\"packets_out\":%lu,\"packets_failed\":%lu}\n",
          packets, packets, failed);
  rd_kafka_queue_destroy(queue);
  rd_kafka_consumer_close(client);
  rd_kafka_destroy(client);
  return 0;
}
