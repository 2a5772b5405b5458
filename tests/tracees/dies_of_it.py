"""Is interrupted in recv by a signal that a thread sends it, and does nothing about it.

Valid on Python 2.7 and 3; on 2.7, which raises, it dies of the exception.
"""

import os
import signal
import socket
import threading
import time

SYSCALL = "/proc/self/task/%d/syscall" % os.getpid()
RECVFROM = "45"  # x86_64, asm/unistd_64.h


def interrupt():
    while open(SYSCALL).read().split()[0] != RECVFROM:
        time.sleep(0.005)
    os.kill(os.getpid(), signal.SIGUSR1)


signal.signal(signal.SIGUSR1, lambda signo, frame: None)
ours, theirs = socket.socketpair()
threading.Thread(target=interrupt).start()
ours.recv(1)
