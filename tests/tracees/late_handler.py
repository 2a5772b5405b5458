"""Blocks where a Python signal handler runs at once, or not; says when it ran.

Usage: late_handler.py MODE. Valid on Python 2.7 and 3. Ends when a line comes on standard
input. The report is one line of JSON: `ran_ns`, CLOCK_MONOTONIC at each run of the handler.
"""

import ctypes
import errno
import json
import os
import signal
import sys
import threading

CLOCK_MONOTONIC = 1
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


def restart():
    """The same, and the kernel restarts the call."""
    signal.siginterrupt(signal.SIGUSR1, False)
    read_line()


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


signal.signal(signal.SIGUSR1, on_signal)
mode = {"read": read, "restart": restart, "join": join, "lock": lock, "mutex": mutex}[sys.argv[1]]
print("ready")
mode()
print(json.dumps({"ran_ns": ran_ns}))
