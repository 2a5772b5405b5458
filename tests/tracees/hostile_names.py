# coding: utf-8
"""A program whose every name, file and message wants to be obeyed by whoever reads of it.

It blocks in the read of a FIFO, gets SIGUSR1 from a thread of its own, and its handler raises.
"""

import os
import signal
import sys
import threading
import time

HOSTILE = "\x1b[2J\x1b]0;owned\x07\n#9  forged\r`<b>@root|"
NR_READ = "0"  # x86_64, asm/unistd_64.h


class Hostile(Exception):
    pass


Hostile.__name__ = Hostile.__qualname__ = HOSTILE


def on_signal(signo, frame):
    raise Hostile(HOSTILE)


def blocked(fifo):
    descriptor = os.open(fifo, os.O_RDWR)
    signal.signal(signal.SIGUSR1, on_signal)
    threading.Thread(target=interrupt, args=(descriptor,)).start()
    try:
        os.read(descriptor, 1)
    except Hostile:
        print("caught")


def interrupt(descriptor):
    waiting = [NR_READ, hex(descriptor)]
    while open("/proc/self/task/%d/syscall" % os.getpid()).read().split()[:2] != waiting:
        time.sleep(0.01)
    # To that thread: one for the process goes to another while this one is held by a tracer.
    signal.pthread_kill(threading.main_thread().ident, signal.SIGUSR1)


signal.alarm(60)  # a killed tracer lets it go on
with open("/proc/self/comm", "w") as comm:
    comm.write(HOSTILE[:15])
folder = sys.argv[1]
fifo = os.path.join(folder, HOSTILE.replace("/", ""))
os.mkfifo(fifo)
code = compile("def hostile(): blocked(fifo)", os.path.join(folder, HOSTILE + ".py"), "exec")
names = {"blocked": blocked, "fifo": fifo}
exec(code, names)
names["hostile"]()
