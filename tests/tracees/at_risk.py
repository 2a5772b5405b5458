"""Threads blocked in calls of several kinds; says ready once all were started.

Usage: at_risk.py KIND... (one thread each; ``epoll*500``: 500 of them). Valid on Python 2.7 and
3. Ends when a line comes on standard input, read by the main thread.
"""

import ctypes
import json
import os
import select
import socket
import struct
import sys
import threading

LONG_S = 600
libc = ctypes.CDLL(None, use_errno=True)
keep = []


def pair(option=None):
    ours, theirs = socket.socketpair()
    keep.append((ours, theirs))
    if option is not None:
        ours.setsockopt(socket.SOL_SOCKET, option, struct.pack("ll", LONG_S, 0))
    return ours


def epoll():
    poller = select.epoll()
    keep.append(poller)
    return lambda: poller.poll(LONG_S)


def recv():
    ours = pair()
    return lambda: ours.recv(1)


def recv_rcvtimeo():
    ours = pair(socket.SO_RCVTIMEO)
    return lambda: ours.recv(1)


def recv_sndtimeo():
    ours = pair(socket.SO_SNDTIMEO)
    return lambda: ours.recv(1)


def read_pipe():
    ours, theirs = os.pipe()
    keep.append(theirs)
    return lambda: os.read(ours, 1)


def epoll_of_c():
    poller = select.epoll()
    keep.append(poller)
    events = ctypes.create_string_buffer(12)  # struct epoll_event
    return lambda: libc.epoll_wait(poller.fileno(), events, 1, LONG_S * 1000)


for kind in sys.argv[1:]:
    name, _, count = kind.partition("*")
    for _ in range(int(count or 1)):
        thread = threading.Thread(target=globals()[name]())
        thread.daemon = True
        thread.start()
print("ready")
os.read(0, 100)
print(json.dumps({}))
sys.stdout.flush()
os._exit(0)
