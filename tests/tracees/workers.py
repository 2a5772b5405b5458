"""Idle workers and the main thread, each in recv; says how often each saw EINTR.

Usage: workers.py NUMBER. Valid on Python 2.7 and 3; meaningful on 2.7, which raises. Ends when
a line comes on standard input, read by the main thread.
"""

import json
import os
import signal
import socket
import sys
import threading

SIGNALS = {"main": [], "workers": [], "handled": []}  # appending is atomic, adding is not


def on_signal(signo, frame):
    SIGNALS["handled"].append(signo)


def wait(ours, who):
    while True:
        try:
            return ours.recv(1)
        except socket.error as error:
            if error.args[0] != 4:
                raise
            SIGNALS[who].append(1)


pairs = [socket.socketpair() for _ in range(int(sys.argv[1]))]
threads = [threading.Thread(target=wait, args=(ours, "workers")) for ours, _ in pairs]
for thread in threads:
    thread.start()
signal.signal(signal.SIGUSR1, on_signal)
print("ready")
while True:
    try:
        os.read(0, 100)
        break
    except OSError as error:
        if error.errno != 4:
            raise
        SIGNALS["main"].append(1)
for _, theirs in pairs:
    theirs.send(b"x")
for thread in threads:
    thread.join()
print(json.dumps(dict((who, len(seen)) for who, seen in SIGNALS.items())))
