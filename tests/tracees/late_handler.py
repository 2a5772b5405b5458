"""Blocks where a Python signal handler runs at once, or not; says when it ran.

Usage: late_handler.py MODE [TIMES]. Valid on Python 2.7 and 3. Ends when a line comes on standard
input. The report is one line of JSON: `ran_ns`, CLOCK_MONOTONIC at each run of the handler of
SIGUSR1, SIGUSR2 or SIGWINCH.
"""

import ctypes
import errno
import json
import os
import signal
import sys
import threading

CLOCK_MONOTONIC = 1
SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH)
libc = ctypes.CDLL(None)
ran_ns = []


class Timespec(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


def monotonic_ns():
    now = Timespec()
    libc.clock_gettime(CLOCK_MONOTONIC, ctypes.byref(now))
    return now.seconds * 10**9 + now.nanoseconds


def on_signal(signo, frame):
    ran_ns.append(monotonic_ns())


def read_line():
    while True:
        try:
            return os.read(0, 100)
        except OSError as error:
            if error.errno != errno.EINTR:
                raise


def read():
    """The main thread reads."""
    read_line()


def spin():
    """The main thread computes until handlers have run so many times, and then reads."""
    while len(ran_ns) < int(sys.argv[2]):
        pass
    read_line()


def restart():
    """The main thread reads, and the kernel restarts the call."""
    for signo in SIGNALS:
        signal.siginterrupt(signo, False)
    read_line()


def write():
    """It writes more than a pipe takes, eight times: each is cut short and emptied."""
    read_end, write_end = os.pipe()
    for _ in range(8):
        os.write(write_end, b"x" * 100000)
        os.read(read_end, 100000)


def fork():
    """A child of it does as `restart`, made when a first line has come."""
    read_line()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        os._exit(0)
    restart()


def join():
    """The main thread waits for a worker, which reads."""
    worker = threading.Thread(target=read_line)
    worker.start()
    worker.join()


def lock():
    """The main thread waits for a lock, which a worker lets go of once it has read."""
    held = threading.Lock()
    held.acquire()

    def release():
        read_line()
        held.release()

    threading.Thread(target=release).start()
    held.acquire()


def mutex():
    """The same with C code that waits again whatever interrupts it."""
    held = ctypes.create_string_buffer(64)
    libc.pthread_mutex_lock(held)

    def unlock():
        read_line()
        libc.pthread_mutex_unlock(held)

    threading.Thread(target=unlock).start()
    libc.pthread_mutex_lock(held)


MODES = {
    "read": read,
    "spin": spin,
    "restart": restart,
    "write": write,
    "fork": fork,
    "join": join,
    "lock": lock,
    "mutex": mutex,
}
for number in SIGNALS:
    signal.signal(number, on_signal)
print("ready")
MODES[sys.argv[1]]()
print(json.dumps({"ran_ns": ran_ns}))
