"""Sends numbered frames (numbered-frames.ts) at a rate, several a system call and past the queueing discipline: at
rates that one call a frame does not reach. Says how many and in how many seconds.

usage: fast-sender.py INTERFACE FRAMES FRAMES_PER_SECOND FRAME_BYTES
"""

import ctypes
import socket
import struct
import sys
import time

SOL_PACKET, PACKET_QDISC_BYPASS = 263, 20
# What numbered-frames.ts begins with, and after how many the numbers begin anew.
HEADER = bytes.fromhex("02000000000202000000000188b5")
DISTINCT_FRAMES = 100_000
AT_ONCE = 50


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


class Header(ctypes.Structure):
    _fields_ = [
        ("name", ctypes.c_void_p),
        ("name_length", ctypes.c_uint),
        ("vectors", ctypes.POINTER(Vector)),
        ("vector_count", ctypes.c_size_t),
        ("control", ctypes.c_void_p),
        ("control_length", ctypes.c_size_t),
        ("flags", ctypes.c_int),
    ]


class Message(ctypes.Structure):
    _fields_ = [("header", Header), ("length", ctypes.c_uint)]


interface, frames, rate, frame_bytes = sys.argv[1], *map(int, sys.argv[2:])
libc = ctypes.CDLL(None, use_errno=True)
sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
sender.bind((interface, 0))
sender.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 1)

memory = bytearray(DISTINCT_FRAMES * frame_bytes)
for number in range(DISTINCT_FRAMES):
    at = number * frame_bytes
    memory[at : at + len(HEADER)] = HEADER
    struct.pack_into(">I", memory, at + len(HEADER), number)
base = ctypes.addressof((ctypes.c_char * len(memory)).from_buffer(memory))
vectors = (Vector * DISTINCT_FRAMES)(
    *((base + number * frame_bytes, frame_bytes) for number in range(DISTINCT_FRAMES))
)
messages = (Message * DISTINCT_FRAMES)()
for number, message in enumerate(messages):
    message.header.vectors = ctypes.pointer(vectors[number])
    message.header.vector_count = 1

sent = 0
began = time.monotonic()
while sent < frames:
    if sent > (time.monotonic() - began) * rate:
        time.sleep(0.0002)
        continue
    first = sent % DISTINCT_FRAMES
    count = min(AT_ONCE, frames - sent, DISTINCT_FRAMES - first)
    done = libc.sendmmsg(sender.fileno(), ctypes.byref(messages[first]), count, 0)
    # The interface is busy: once more.
    sent += max(done, 0)
print(sent, time.monotonic() - began)
