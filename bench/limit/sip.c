/*
 * The limit for kcap sip: libpcap's packets, a minimal scan for the headers that every report has,
 * and one send or one message for Kafka each, in one thread and one loop.
 *
 *   sip -i INTERFACE [-u PORT | -t TOPIC] [-B MIB] [-X KEY=VALUE]...
 *
 * -u sends HEP3 to this port of 127.0.0.1; -t a JSON record to a topic; without them messages are
 * only found. Plain Ethernet, IPv4 and UDP. Says on standard error what kcap says: that it has
 * started and, at the end, its account.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "client.h"

#define BLOCK_TIMEOUT_MS 10
#define SNAP_LENGTH 65535
#define DRAIN_TIMEOUT_MS 10000
#define LONGEST 65536

struct range {
  const char* at;
  size_t length;
};

struct message {
  const uint8_t *ip, *payload;
  size_t length;
  uint16_t source_port, destination_port;
  struct timeval time;
  struct range method, call_id, from, to, via, cseq;
};

static volatile sig_atomic_t stopping;
static pcap_t* capture;
static rd_kafka_t* client;
static rd_kafka_topic_t* topic;
static int collector = -1;
static uint64_t packets_in, found, sent, delivered, failed;
static char out[4 * LONGEST];

static void on_signal(int number) {
  (void)number;
  stopping = 1;
  pcap_breakloop(capture);
}

static void on_delivery(rd_kafka_t* rk, const rd_kafka_message_t* message, void* opaque) {
  (void)rk, (void)opaque;
  if (message->err)
    failed++;
  else
    delivered++;
}

/* The value behind `name`, if the line is this header. */
static void take(struct range* value, const char* line, size_t length, const char* name,
                 size_t name_length) {
  if (value->at || length <= name_length || strncasecmp(line, name, name_length) != 0) return;
  line += name_length;
  length -= name_length;
  while (length > 0 && *line == ' ') line++, length--;
  if (length > 0 && line[length - 1] == '\r') length--;
  *value = (struct range){line, length};
}

static int read_message(struct message* message) {
  const char *at = (const char*)message->payload, *end = at + message->length;
  const char* lf = memchr(at, '\n', end - at);
  if (!lf || lf - at < 12) return 0;
  if (memcmp(at, "SIP/2.0 ", 8) == 0)
    message->method = (struct range){at + 8, 3};
  else if (memcmp(lf - 8, "SIP/2.0\r", 8) == 0)
    message->method = (struct range){at, (const char*)memchr(at, ' ', lf - at) - at};
  else
    return 0;
  for (at = lf + 1; (lf = memchr(at, '\n', end - at)) && lf - at > 1; at = lf + 1) {
    const size_t length = lf - at;
    switch (*at | 0x20) {
      case 'v':
        take(&message->via, at, length, "via:", 4);
        break;
      case 'f':
        take(&message->from, at, length, "from:", 5);
        break;
      case 't':
        take(&message->to, at, length, "to:", 3);
        break;
      case 'c':
        take(&message->call_id, at, length, "call-id:", 8);
        take(&message->cseq, at, length, "cseq:", 5);
        break;
    }
  }
  return 1;
}

static char* chunk(char* to, uint16_t type, const void* value, uint16_t length) {
  const uint16_t head[3] = {0, htons(type), htons(length + 6)};
  memcpy(to, head, 6);
  memcpy(to + 6, value, length);
  return to + 6 + length;
}

static void send_hep(const struct message* message) {
  const uint8_t family = 2, protocol = 17, type = 1;
  const uint16_t ports[2] = {htons(message->source_port), htons(message->destination_port)};
  const uint32_t times[2] = {htonl(message->time.tv_sec), htonl(message->time.tv_usec)};
  const uint32_t id = htonl(2001);
  char* to = out + 6;
  to = chunk(to, 1, &family, 1);
  to = chunk(to, 2, &protocol, 1);
  to = chunk(to, 3, message->ip + 12, 4);
  to = chunk(to, 4, message->ip + 16, 4);
  to = chunk(to, 7, &ports[0], 2);
  to = chunk(to, 8, &ports[1], 2);
  to = chunk(to, 9, &times[0], 4);
  to = chunk(to, 10, &times[1], 4);
  to = chunk(to, 11, &type, 1);
  to = chunk(to, 12, &id, 4);
  to = chunk(to, 17, message->call_id.at, message->call_id.length);
  to = chunk(to, 15, message->payload, message->length);
  memcpy(out, "HEP3", 4);
  const uint16_t length = htons(to - out);
  memcpy(out + 4, &length, 2);
  while (send(collector, out, to - out, 0) < 0)
    if (errno != EINTR) {
      failed++;
      return;
    }
  sent++;
}

static char* base64(char* to, const uint8_t* from, size_t length) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (; length >= 3; from += 3, length -= 3) {
    *to++ = digits[from[0] >> 2];
    *to++ = digits[(from[0] & 3) << 4 | from[1] >> 4];
    *to++ = digits[(from[1] & 15) << 2 | from[2] >> 6];
    *to++ = digits[from[2] & 63];
  }
  if (length == 0) return to;
  const uint8_t last = length == 2 ? from[1] : 0;
  *to++ = digits[from[0] >> 2];
  *to++ = digits[(from[0] & 3) << 4 | last >> 4];
  *to++ = length == 2 ? digits[(last & 15) << 2] : '=';
  *to++ = '=';
  return to;
}

static void produce(const struct message* message) {
  char ends[2][INET_ADDRSTRLEN], key[64];
  inet_ntop(AF_INET, message->ip + 12, ends[0], sizeof ends[0]);
  inet_ntop(AF_INET, message->ip + 16, ends[1], sizeof ends[1]);
  const int key_length = snprintf(key, sizeof key, "%s:%u-%s:%u", ends[0], message->source_port,
                                  ends[1], message->destination_port);
  const int64_t ms = message->time.tv_sec * INT64_C(1000) + message->time.tv_usec / 1000;
  const int length = snprintf(
      out, 8192,
      "{\"timestamp\":%ld,\"src_ip\":\"%s\",\"dst_ip\":\"%s\",\"src_port\":%u,\"dst_port\":%u,"
      "\"labels\":{\"sip.method\":\"%.*s\",\"sip.call_id\":\"%.*s\",\"sip.via\":\"%.*s\"},"
      "\"raw_payload\":\"",
      (long)ms, ends[0], ends[1], message->source_port, message->destination_port,
      (int)message->method.length, message->method.at, (int)message->call_id.length,
      message->call_id.at, (int)message->via.length, message->via.at);
  if (length >= 8192) return;
  char* end = base64(out + length, message->payload, message->length);
  *end++ = '"';
  *end++ = '}';
  const size_t size = end - out;
  for (;;) {
    const rd_kafka_resp_err_t error =
        rd_kafka_producev(client, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY),
                          RD_KAFKA_V_KEY(key, key_length), RD_KAFKA_V_VALUE(out, size),
                          RD_KAFKA_V_TIMESTAMP(ms), RD_KAFKA_V_END);
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return;
    if (error != RD_KAFKA_RESP_ERR__QUEUE_FULL) {
      failed++;
      return;
    }
    rd_kafka_poll(client, 10);
  }
}

static void on_packet(u_char* user, const struct pcap_pkthdr* header, const u_char* frame) {
  (void)user;
  packets_in++;
  if (header->caplen < 42 || frame[12] != 8 || frame[13] != 0 || frame[23] != 17) return;
  struct message message = {.ip = frame + 14, .time = header->ts};
  const uint8_t* udp = message.ip + 4 * (message.ip[0] & 15);
  message.payload = udp + 8;
  if (message.payload > frame + header->caplen) return;
  message.length = frame + header->caplen - message.payload;
  message.source_port = udp[0] << 8 | udp[1];
  message.destination_port = udp[2] << 8 | udp[3];
  if (!read_message(&message) || !message.call_id.at) return;
  found++;
  if (collector >= 0)
    send_hep(&message);
  else if (topic)
    produce(&message);
  else
    sent++;
}

static void open_interface(const char* name, int buffer_mib) {
  char cause[PCAP_ERRBUF_SIZE];
  capture = pcap_create(name, cause);
  if (!capture) fail(name, cause);
  pcap_set_snaplen(capture, SNAP_LENGTH);
  pcap_set_promisc(capture, 1);
  pcap_set_timeout(capture, BLOCK_TIMEOUT_MS);
  pcap_set_buffer_size(capture, buffer_mib * 1024 * 1024);
  if (pcap_activate(capture) < 0) fail(name, pcap_geterr(capture));
}

static void open_collector(int port) {
  const struct sockaddr_in address = {
      .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  collector = socket(AF_INET, SOCK_DGRAM, 0);
  if (connect(collector, (const struct sockaddr*)&address, sizeof address) != 0)
    fail("collector", strerror(errno));
}

static void poll_client(void) {
  if (client) rd_kafka_poll(client, 0);
}

int main(int argc, char** argv) {
  const char *interface = NULL, *topic_name = NULL;
  int buffer_mib = 32;
  rd_kafka_conf_t* conf = rd_kafka_conf_new();
  for (int option; (option = getopt(argc, argv, "i:u:t:B:X:")) != -1;) {
    switch (option) {
      case 'i':
        interface = optarg;
        break;
      case 'u':
        open_collector(atoi(optarg));
        break;
      case 't':
        topic_name = optarg;
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
  if (!interface) fail("usage", "sip -i INTERFACE [-u PORT | -t TOPIC]");
  if (topic_name) {
    rd_kafka_conf_set_dr_msg_cb(conf, on_delivery);
    client = new_client(RD_KAFKA_PRODUCER, conf);
    topic = rd_kafka_topic_new(client, topic_name, NULL);
    if (!topic) fail(topic_name, "no topic");
  }
  open_interface(interface, buffer_mib);
  const struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  fprintf(stderr, "{\"event\":\"started\"}\n");

  while (!stopping) {
    if (pcap_dispatch(capture, -1, on_packet, NULL) == PCAP_ERROR)
      fail("capture", pcap_geterr(capture));
    poll_client();
  }
  /* The block that the kernel is filling is closed after the timeout. */
  usleep(2 * BLOCK_TIMEOUT_MS * 1000);
  char cause[PCAP_ERRBUF_SIZE];
  pcap_setnonblock(capture, 1, cause);
  while (pcap_dispatch(capture, -1, on_packet, NULL) > 0) poll_client();
  if (client) rd_kafka_flush(client, DRAIN_TIMEOUT_MS);

  struct pcap_stat stat = {0};
  pcap_stats(capture, &stat);
  fprintf(stderr,
          "{\"event\":\"summary\",\"packets_in\":%lu,\"messages_in\":%lu,\"messages_out\":%lu,"
          "\"packets_failed\":%lu,\"dropped_kernel\":%u,\"dropped_interface\":%u}\n",
          packets_in, found, topic ? delivered : sent, failed, stat.ps_drop, stat.ps_ifdrop);
  pcap_close(capture);
  if (topic) rd_kafka_topic_destroy(topic);
  if (client) rd_kafka_destroy(client);
  return 0;
}
