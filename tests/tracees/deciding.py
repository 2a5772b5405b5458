"""Blocks in one call in a worker, or here; and computes then.

Usage: deciding.py CALL [worker|main] [caught|ignored] [THREADS] [REPRS]. Valid on Python 2.7 and
3. Ready says the thread ids. A byte on standard input lets the calls finish; right after its call
each thread calls repr() so many times, which calls PyErr_CheckSignals. The account is one line of
JSON: `raised`, the errno of each call that raised, and `computed_ns`, how long the reprs took.
"""

import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import socket
import sys
import tempfile
import threading

CLOCK_MONOTONIC = 1
GETTID_NR = 186  # x86_64
libc = ctypes.CDLL(None, use_errno=True)
raised = []
computed_ns = []
tids = []
releases = []


class Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


def monotonic_ns():
    now = Timespec()
    libc.clock_gettime(CLOCK_MONOTONIC, ctypes.byref(now))
    return now.seconds * 10**9 + now.nanoseconds


def recv():
    ours, theirs = socket.socketpair()
    releases.append(lambda: theirs.sendall(b"x"))
    return lambda: ours.recv(10)


def read():
    reader, writer = os.pipe()
    releases.append(lambda: os.write(writer, b"x"))
    return lambda: os.read(reader, 10)


def epoll():
    reader, writer = os.pipe()
    releases.append(lambda: os.write(writer, b"x"))
    polling = select.epoll()
    polling.register(reader, select.EPOLLIN)
    return lambda: polling.poll()


def ctypes_read():
    reader, writer = os.pipe()
    releases.append(lambda: os.write(writer, b"x"))
    buffer = ctypes.create_string_buffer(4)
    return lambda: libc.read(reader, buffer, 4)


def lockf():
    """On Python 3 the only one here that raises EINTR."""
    opened = tempfile.TemporaryFile()
    ready, tell = os.pipe()
    go, let_go = os.pipe()
    if os.fork() == 0:
        os.close(let_go)
        fcntl.lockf(opened, fcntl.LOCK_EX)
        os.write(tell, b"x")
        os.read(go, 1)
        os._exit(0)
    os.read(ready, 1)
    releases.append(lambda: os.write(let_go, b"x"))
    if sys.version_info >= (3,):
        return lambda: (os.lockf(opened.fileno(), os.F_LOCK, 0), opened)
    return lambda: fcntl.lockf(opened, fcntl.LOCK_EX)


def block(call):
    tids.append(libc.syscall(GETTID_NR))
    try:
        call()
    except (IOError, OSError) as error:
        raised.append(error.errno or error.args[0])
    began_ns = monotonic_ns()
    for number in range(int((sys.argv[5:] or [20000])[0])):
        repr(number)
    computed_ns.append(monotonic_ns() - began_ns)


def wait_for_input():
    while True:
        try:
            return os.read(0, 1)
        except (IOError, OSError) as error:
            if error.errno != errno.EINTR:
                raise


def release_all():
    wait_for_input()
    for release in releases:
        release()


def main():
    where = sys.argv[2] if len(sys.argv) > 2 else "worker"
    if sys.argv[3:4] == ["ignored"]:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
    else:
        signal.signal(signal.SIGUSR1, lambda signo, frame: None)
    calls = [globals()[sys.argv[1]]() for _ in range(int((sys.argv[4:5] or [1])[0]))]
    if where == "worker":
        workers = [threading.Thread(target=block, args=(call,)) for call in calls]
        for worker in workers:
            worker.start()
        while len(tids) < len(calls):
            pass
        os.write(1, ("ready %s\n" % " ".join(map(str, tids))).encode())
        release_all()
        for worker in workers:
            worker.join()
    else:
        releaser = threading.Thread(target=release_all)
        releaser.start()
        os.write(1, ("ready %d\n" % os.getpid()).encode())
        block(calls[0])
        releaser.join()
    os.write(1, (json.dumps({"raised": raised, "computed_ns": computed_ns}) + "\n").encode())


main()
