"""Says ready, makes one blocking call with signal handlers installed, says what it saw.

Usage: one_call.py CALL [rearm]. Valid on Python 2.7 and 3. The report is one line of JSON:
`result` or `error` (type and errno), `handled` (signal numbers in order of handling).
"""

import json
import os
import select
import signal
import socket
import struct
import sys
import time

handled = []


def on_signal(signo, frame):
    handled.append(signo)


def epoll():
    poller = select.epoll()
    return lambda: poller.poll(2)


def recv_rcvtimeo():
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", 2, 0))
    keep.append(theirs)
    return lambda: ours.recv(10)


def recv():
    ours, theirs = socket.socketpair()
    keep.append((ours, theirs))

    def call():
        return ours.recv(10).decode()

    return call


def sleep():
    return lambda: time.sleep(2)


def pause():
    return signal.pause


def read_stdin():
    return lambda: os.read(0, 100).decode()


def select_stdin():
    return lambda: len(select.select([0], [], [])[0])


def poll_stdin():
    poller = select.poll()
    poller.register(0, select.POLLIN)
    return lambda: len(poller.poll(60000))


keep = []
call = globals()[sys.argv[1]]()
for name in sys.argv[2:]:
    if name.startswith("restart:"):
        signal.signal(getattr(signal, name[8:]), on_signal)
        signal.siginterrupt(getattr(signal, name[8:]), False)
    elif name.startswith("ignore:"):
        signal.signal(getattr(signal, name[7:]), signal.SIG_IGN)
    else:
        signal.signal(getattr(signal, name), on_signal)
print("ready")
started = time.time()
seen = {"result": None, "error": None}
try:
    seen["result"] = call()
except (IOError, OSError, socket.error, select.error) as error:
    seen["error"] = [type(error).__name__, error.args[0]]
seen["handled"] = handled
seen["seconds"] = time.time() - started
print(json.dumps(seen))
