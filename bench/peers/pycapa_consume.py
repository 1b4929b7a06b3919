"""pycapa's way of reading, in words of our own: a message, a record header packed, two writes and a flush.

    pycapa_consume.py -t TOPIC [-p PARTITIONS] [-n PACKETS] [-X KEY=VALUE]...

Reads the topic from its beginning and ends after so many packets or at a signal.
"""
import getopt
import json
import signal
import struct
import sys
import threading
import uuid

from confluent_kafka import Consumer, KafkaError

finished = threading.Event()


def file_header():
    return struct.pack("IHHIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)


def record_header(key, length):
    (time_us,) = struct.unpack(">Q", key)
    return struct.pack("IIII", time_us // 1000000, time_us % 1000000, length, length)


def main():
    given, _ = getopt.getopt(sys.argv[1:], "t:p:n:X:")
    options = dict(given)
    limit = int(options.get("-n", 0))
    properties = dict(value.split("=", 1) for name, value in given if name == "-X")

    consumer = Consumer(
        {"group.id": "pycapa-%s" % uuid.uuid4(), "auto.offset.reset": "earliest", **properties}
    )
    consumer.subscribe([options["-t"]])
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: finished.set())
    print('{"event":"started"}', file=sys.stderr, flush=True)

    output = sys.stdout.buffer
    output.write(file_header())
    output.flush()
    packets = failed = 0
    while not finished.is_set() and (limit == 0 or packets < limit):
        message = consumer.poll(timeout=1.0)
        if message is None:
            continue
        if message.error():
            if message.error().code() != KafkaError._PARTITION_EOF:
                failed += 1
            continue
        value = message.value()
        output.write(record_header(message.key(), len(value)))
        output.write(value)
        output.flush()
        packets += 1
    consumer.close()

    summary = {
        "event": "summary",
        "packets_in": packets,
        "packets_out": packets,
        "packets_failed": failed,
    }
    print(json.dumps(summary), file=sys.stderr)


main()
