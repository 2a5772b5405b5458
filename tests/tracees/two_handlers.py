"""Blocked in read with a handler of its own for SIGUSR1 and for SIGUSR2; says what it handled.

Usage: two_handlers.py [waiting]. Valid on Python 3: the read goes on after a signal. With
waiting, SIGUSR1's handler blocks in recv until SIGUSR2's has sent something. Ends when a line
comes on standard input.
"""

import json
import os
import signal
import socket
import sys

waiting = sys.argv[1:] == ["waiting"]
handled = []
ours, theirs = socket.socketpair()


def on_usr1(signo, frame):
    if waiting:
        ours.recv(1)
    theirs.send(b"x")
    handled.append(signo)


def on_usr2(signo, frame):
    theirs.send(b"x")
    handled.append(signo)


signal.signal(signal.SIGUSR1, on_usr1)
signal.signal(signal.SIGUSR2, on_usr2)
print("ready")
os.read(0, 100)
print(json.dumps({"handled": handled}))
