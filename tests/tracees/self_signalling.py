"""Threads that signal themselves without end; they stop in C, without the interpreter's lock.

Usage: self_signalling.py THREADS. Valid on Python 2.7 and 3.
"""

import ctypes
import signal
import sys
import threading

signal_self = getattr(ctypes.CDLL(None), "raise")  # tgkill(2) with the thread's own id


def signal_without_end():
    while True:
        signal_self(signal.SIGUSR1)


signal.signal(signal.SIGUSR1, lambda signo, frame: None)
for _ in range(int(sys.argv[1])):
    thread = threading.Thread(target=signal_without_end)
    thread.daemon = True
    thread.start()
print("ready")
signal_without_end()
