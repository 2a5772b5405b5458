"""Threads one after another, each ended and replaced on a line of stdin.

The C library gives a new thread the ended one's stack, so its pthread id too.
"""

import json
import os
import sys
import threading

from known_threads import ready, register, threads


def first(end):
    register("worker")
    running.release()
    os.read(end, 1)


def second(end):
    return first(end)


running = threading.Semaphore(0)
thread = None
for target in (first, second):
    end, ending = os.pipe()
    thread = threading.Thread(target=target, args=(end,))
    thread.start()
    running.acquire()
    if target is first:
        ready(blocked=["worker"])
    else:
        sys.stdout.write(json.dumps(threads) + "\n")
        sys.stdout.flush()
    sys.stdin.readline()
    os.close(ending)
    thread.join()
sys.stdout.write("ended\n")
sys.stdout.flush()
sys.stdin.readline()
