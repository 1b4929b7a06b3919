"""pycapa's way of sending, in words of our own: a packet from pcapy, a produce with a callback, a poll.

    pycapa_produce.py {-i INTERFACE | -r FILE} -t TOPIC [-X KEY=VALUE]...

pycapa reads no files; the same loop does. Where pycapa would end because the producer's queue is full, this waits for
room; where pycapa would wait for one more packet before it notices a signal, this ends at once.
"""
import getopt
import json
import os
import signal
import struct
import sys
import threading

import pcapy
from confluent_kafka import Producer

SNAP_LENGTH = 65535
TIMEOUT_MS = 500

finished = threading.Event()
loop_ended = threading.Event()
packets = 0
delivered = 0
failed = 0


def on_delivery(error, message):
    global delivered, failed
    if error:
        failed += 1
    else:
        delivered += 1


def produce(producer, topic, key, frame):
    while True:
        try:
            producer.produce(topic, key=key, value=frame, callback=on_delivery)
            return
        except BufferError:
            producer.poll(0.01)


def key_of(header):
    seconds, microseconds = header.getts()
    return struct.pack(">Q", seconds * 1000000 + microseconds)


def end_at_signal(capture, producer):
    signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finished.set()
    # On a quiet link the loop is inside libpcap, which does not hear of it.
    loop_ended.wait(timeout=1)
    end(producer, capture.stats())


def end(producer, stats):
    producer.flush()
    summary = {
        "event": "summary",
        "packets_in": packets,
        "packets_out": delivered,
        "packets_failed": failed,
        "dropped_kernel": stats[1],
        "dropped_interface": stats[2],
    }
    print(json.dumps(summary), file=sys.stderr, flush=True)
    os._exit(0)


def main():
    global packets
    given, _ = getopt.getopt(sys.argv[1:], "i:r:t:X:")
    options = dict(given)
    topic = options["-t"]
    live = "-i" in options
    if live:
        # Before librdkafka starts its threads, which inherit it.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})

    producer = Producer(dict(value.split("=", 1) for name, value in given if name == "-X"))
    if live:
        capture = pcapy.open_live(options["-i"], SNAP_LENGTH, True, TIMEOUT_MS)
        ending = threading.Thread(target=end_at_signal, args=(capture, producer))
        ending.start()
    else:
        capture = pcapy.open_offline(options["-r"])
    print('{"event":"started"}', file=sys.stderr, flush=True)

    while not finished.is_set():
        header, frame = capture.next()
        if header is not None:
            packets += 1
            produce(producer, topic, key_of(header), frame)
        elif not live:
            break
        producer.poll(0)
    loop_ended.set()
    if live:
        ending.join()
    else:
        end(producer, (0, 0, 0))


main()
