/*
 * A collector that only counts: takes datagrams on a port of 127.0.0.1 until SIGTERM.
 *
 *   collect PORT
 *
 * Says on standard error that it has started and, at the end, how many came.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE 64
#define LONGEST 65536
#define BUFFER_BYTES (64 * 1024 * 1024)

static volatile sig_atomic_t stopping;
static char bytes[AT_ONCE][LONGEST];

static void on_signal(int number) {
  (void)number;
  stopping = 1;
}

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  const struct sockaddr_in address = {.sin_family = AF_INET,
                                      .sin_port = htons(atoi(argv[1])),
                                      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  const int port = socket(AF_INET, SOCK_DGRAM, 0), size = BUFFER_BYTES;
  setsockopt(port, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
  if (bind(port, (const struct sockaddr*)&address, sizeof address) != 0) {
    perror("collect: bind");
    return 1;
  }
  const struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGTERM, &action, NULL);
  static struct iovec places[AT_ONCE];
  static struct mmsghdr messages[AT_ONCE];
  for (int i = 0; i < AT_ONCE; i++) {
    places[i] = (struct iovec){bytes[i], LONGEST};
    messages[i].msg_hdr.msg_iov = &places[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  fprintf(stderr, "{\"event\":\"started\"}\n");
  uint64_t datagrams = 0;
  while (!stopping) {
    const int count = recvmmsg(port, messages, AT_ONCE, MSG_WAITFORONE, NULL);
    if (count > 0) datagrams += count;
  }
  for (int count; (count = recvmmsg(port, messages, AT_ONCE, MSG_DONTWAIT, NULL)) > 0;)
    datagrams += count;
  fprintf(stderr, "{\"event\":\"summary\",\"packets_in\":%lu}\n", datagrams);
  return 0;
}
