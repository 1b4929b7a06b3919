"""A peer for kcap's tests that does what pycapa does, with pycapa's two libraries (pcapy and confluent_kafka), and knows
nothing of kcap.

    pycapa_peer.py send BROKERS TOPIC COUNT INTERFACE    sends COUNT frames of the interface to the topic
    pycapa_peer.py read BROKERS TOPIC COUNT              writes the topic's first COUNT packets as pcap

It says 'capturing' on standard error once no frame can escape it. Whoever starts it limits its time.
"""

import struct
import sys
import uuid

import pcapy
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Producer

SNAP_LENGTH = 65535
PROMISCUOUS = True
CAPTURE_TIMEOUT_MS = 500
POLL_TIMEOUT_S = 3.0
FLUSH_TIMEOUT_S = 10.0

KEY = struct.Struct(">Q")
PCAP_FILE_HEADER = struct.Struct("=IHHiIII")
PCAP_RECORD_HEADER = struct.Struct("=IIII")
PCAP_MAGIC_MICROSECONDS = 0xA1B2C3D4
LINKTYPE_ETHERNET = 1


def send(brokers, topic, count, interface):
    producer = Producer({"bootstrap.servers": brokers})
    undelivered = []

    def delivered(error, _message):
        if error is not None:
            undelivered.append(error)

    capture = pcapy.open_live(interface, SNAP_LENGTH, PROMISCUOUS, CAPTURE_TIMEOUT_MS)
    print("capturing", file=sys.stderr, flush=True)
    sent = 0
    while sent < count:
        header, frame = capture.next()
        # Without a header it was only the timeout.
        if header is not None:
            seconds, microseconds = header.getts()
            key = KEY.pack(seconds * 1_000_000 + microseconds)
            producer.produce(topic, key=key, value=frame, callback=delivered)
            sent += 1
        producer.poll(0)

    waiting = producer.flush(FLUSH_TIMEOUT_S)
    if waiting or undelivered:
        sys.exit(f"not delivered: {waiting} waiting, errors {undelivered}")


def read(brokers, topic, count):
    consumer = Consumer({"bootstrap.servers": brokers, "group.id": f"kcap-test-{uuid.uuid4()}"})
    consumer.subscribe([topic], on_assign=assign_from_beginning)
    output = sys.stdout.buffer
    output.write(
        PCAP_FILE_HEADER.pack(PCAP_MAGIC_MICROSECONDS, 2, 4, 0, 0, SNAP_LENGTH, LINKTYPE_ETHERNET)
    )
    received = 0
    while received < count:
        message = consumer.poll(POLL_TIMEOUT_S)
        if message is None:
            continue
        if message.error():
            raise KafkaException(message.error())
        (microseconds,) = KEY.unpack(message.key())
        frame = message.value()
        output.write(
            PCAP_RECORD_HEADER.pack(*divmod(microseconds, 1_000_000), len(frame), len(frame)) + frame
        )
        received += 1
    output.flush()
    consumer.close()


def assign_from_beginning(consumer, partitions):
    for partition in partitions:
        partition.offset = OFFSET_BEGINNING
    consumer.assign(partitions)


if __name__ == "__main__":
    command, brokers, topic, count, *more = sys.argv[1:]
    {"send": send, "read": read}[command](brokers, topic, int(count), *more)
