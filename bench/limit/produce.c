/*
 * The limit for sending: libpcap's packets straight into librdkafka, in one thread and one loop.
 *
 *   produce {-i INTERFACE | -r FILE} -t TOPIC [-P BYTES] [-B MIB] [-X KEY=VALUE]...
 *
 * -P makes a message of many packets: values of at most so many bytes, each a pcap file.
 *
 * Says on standard error, as kcap does, that it has started and, at the end, its account. A signal
 * ends a capture: what the kernel has by then is still taken, and librdkafka's queue is emptied.
 */
#include <endian.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "client.h"

/* The same as kcap's: how long the kernel keeps a block of its ring open for more packets. */
#define BLOCK_TIMEOUT_MS 10
#define SNAP_LENGTH 65535
#define DRAIN_TIMEOUT_MS 10000
#define PACK_SNAP_LENGTH 262144
#define PACK_TIME_US 50000

struct record_header {
  uint32_t seconds, microseconds, captured, original;
};

/* A value that grows, and that librdkafka reads where it is. */
struct pack {
  struct pack* next; /* while it is free */
  uint64_t first_us;
  int64_t latest_ms;
  size_t size;
  unsigned packets;
  uint8_t value[];
};

static volatile sig_atomic_t stopping;
static pcap_t* capture;
static rd_kafka_t* client;
static rd_kafka_topic_t* topic;
static bool live;
static uint64_t packets_in, delivered, failed;
static size_t pack_bytes;
static struct pack *open_pack, *free_packs;

static void on_signal(int number) {
  (void)number;
  stopping = 1;
  pcap_breakloop(capture);
}

static void on_delivery(rd_kafka_t* rk, const rd_kafka_message_t* message, void* opaque) {
  (void)rk, (void)opaque;
  struct pack* pack = message->_private;
  const unsigned packets = pack ? pack->packets : 1;
  if (message->err)
    failed += packets;
  else
    delivered += packets;
  if (!pack) return;
  pack->next = free_packs;
  free_packs = pack;
}

static struct pack* new_pack(uint64_t time_us) {
  struct pack* pack = free_packs;
  if (pack)
    free_packs = pack->next;
  else if (!(pack = malloc(sizeof *pack + pack_bytes)))
    fail("pack", "no memory");
  const struct pcap_file_header header = {.magic = 0xa1b2c3d4,
                                          .version_major = 2,
                                          .version_minor = 4,
                                          .snaplen = PACK_SNAP_LENGTH,
                                          .linktype = DLT_EN10MB};
  memcpy(pack->value, &header, sizeof header);
  pack->size = sizeof header;
  pack->packets = 0;
  pack->first_us = time_us;
  pack->latest_ms = 0;
  return pack;
}

static void send_pack(void) {
  struct pack* pack = open_pack;
  if (!pack) return;
  open_pack = NULL;
  const uint64_t key = htobe64(pack->first_us);
  char packets[12];
  const int digits = snprintf(packets, sizeof packets, "%u", pack->packets);
  for (;;) {
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(0), RD_KAFKA_V_KEY(&key, sizeof key),
        RD_KAFKA_V_VALUE(pack->value, pack->size), RD_KAFKA_V_TIMESTAMP(live ? pack->latest_ms : 0),
        RD_KAFKA_V_HEADER("pcap-packed", packets, digits), RD_KAFKA_V_OPAQUE(pack), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      failed += pack->packets;
      return;
    }
    rd_kafka_poll(client, 10);
  }
}

static void on_packed_packet(u_char* user, const struct pcap_pkthdr* header, const u_char* frame) {
  (void)user;
  packets_in++;
  const uint64_t time_us = header->ts.tv_sec * UINT64_C(1000000) + header->ts.tv_usec;
  const struct record_header record = {header->ts.tv_sec, header->ts.tv_usec, header->caplen,
                                       header->len};
  if (open_pack && (open_pack->size + sizeof record + header->caplen > pack_bytes ||
                    time_us - open_pack->first_us > PACK_TIME_US))
    send_pack();
  if (!open_pack) open_pack = new_pack(time_us);
  memcpy(open_pack->value + open_pack->size, &record, sizeof record);
  memcpy(open_pack->value + open_pack->size + sizeof record, frame, header->caplen);
  open_pack->size += sizeof record + header->caplen;
  open_pack->packets++;
  open_pack->latest_ms = (int64_t)(time_us / 1000);
}

static void on_packet(u_char* user, const struct pcap_pkthdr* header, const u_char* frame) {
  (void)user;
  packets_in++;
  const uint64_t time_us = header->ts.tv_sec * UINT64_C(1000000) + header->ts.tv_usec;
  const uint64_t key = htobe64(time_us);
  /* As kcap: live packets carry their own time, those of a file the time of sending. */
  const int64_t timestamp_ms = live ? (int64_t)(time_us / 1000) : 0;
  for (;;) {
    const rd_kafka_resp_err_t error = rd_kafka_producev(
        client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
        RD_KAFKA_V_KEY(&key, sizeof key), RD_KAFKA_V_VALUE((void*)frame, header->caplen),
        RD_KAFKA_V_TIMESTAMP(timestamp_ms), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      failed++;
      return;
    }
    rd_kafka_poll(client, 10);
  }
}

static pcap_t* open_interface(const char* name, int buffer_mib) {
  char cause[PCAP_ERRBUF_SIZE];
  pcap_t* opened = pcap_create(name, cause);
  if (!opened) fail(name, cause);
  pcap_set_snaplen(opened, SNAP_LENGTH);
  pcap_set_promisc(opened, 1);
  pcap_set_timeout(opened, BLOCK_TIMEOUT_MS);
  pcap_set_buffer_size(opened, buffer_mib * 1024 * 1024);
  if (pcap_activate(opened) < 0) fail(name, pcap_geterr(opened));
  return opened;
}

static pcap_t* open_file(const char* name) {
  char cause[PCAP_ERRBUF_SIZE];
  pcap_t* opened = pcap_open_offline(name, cause);
  if (!opened) fail(name, cause);
  return opened;
}

static pcap_handler handler(void) { return pack_bytes ? on_packed_packet : on_packet; }

static void capture_until_signal(void) {
  while (!stopping) {
    if (pcap_dispatch(capture, -1, handler(), NULL) == PCAP_ERROR)
      fail("capture", pcap_geterr(capture));
    rd_kafka_poll(client, 0);
  }
  /* The block that the kernel is filling is closed after the timeout. */
  usleep(2 * BLOCK_TIMEOUT_MS * 1000);
  char cause[PCAP_ERRBUF_SIZE];
  pcap_setnonblock(capture, 1, cause);
  while (pcap_dispatch(capture, -1, handler(), NULL) > 0) rd_kafka_poll(client, 0);
}

static void read_file(void) {
  /* As many at once as a block of the kernel's ring may hold. */
  while (!stopping && pcap_dispatch(capture, 1000, handler(), NULL) > 0) rd_kafka_poll(client, 0);
}

int main(int argc, char** argv) {
  const char *interface = NULL, *file = NULL, *topic_name = NULL;
  int buffer_mib = 32;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (int option; (option = getopt(argc, argv, "i:r:t:P:B:X:")) != -1;) {
    switch (option) {
      case 'i':
        interface = optarg;
        break;
      case 'r':
        file = optarg;
        break;
      case 't':
        topic_name = optarg;
        break;
      case 'P':
        pack_bytes = strtoul(optarg, NULL, 10);
        break;
      case 'B':
        buffer_mib = atoi(optarg);
        break;
      case 'X':
        set_property(conf, optarg);
        break;
      default:
        return 2;
    }
  }
  if (!topic_name || !interface == !file)
    fail("usage", "produce {-i INTERFACE | -r FILE} -t TOPIC");
  live = interface != NULL;

  rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
  client = new_client(RD_KAFKA_PRODUCER, conf);
  topic = rd_kafka_topic_new(client, topic_name, NULL);
  if (!topic) fail(topic_name, "no topic");
  capture = live ? open_interface(interface, buffer_mib) : open_file(file);
  const struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  fprintf(stderr, "{\"event\":\"started\"}\n");

  if (live)
    capture_until_signal();
  else
    read_file();
  send_pack();
  rd_kafka_flush(client, DRAIN_TIMEOUT_MS);

  struct pcap_stat stat = {0};
  if (live) pcap_stats(capture, &stat);
  fprintf(stderr,
          "{\"event\":\"summary\",\"packets_in\":%lu,\"packets_out\":%lu,\"packets_failed\":%lu,"
          "\"dropped_kernel\":%u,\"dropped_interface\":%u}\n",
          packets_in, delivered, failed + rd_kafka_outq_len(client), stat.ps_drop, stat.ps_ifdrop);
  pcap_close(capture);
  rd_kafka_topic_destroy(topic);
  rd_kafka_destroy(client);
  return 0;
}
