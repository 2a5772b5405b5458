"""A worker thread forks; in the child it is the only thread, and Python's main thread."""

import os
import signal
import threading

from known_threads import ready, register

forked = threading.Semaphore(0)
children = []


parent_lives, held_by_parent = os.pipe()


def in_child():
    os.read(parent_lives, 1)


def worker():
    register("worker")
    child = os.fork()
    if child == 0:
        os.close(held_by_parent)
        os.close(1)
        in_child()
        os._exit(0)
    children.append(child)
    forked.release()
    os.read(os.pipe()[0], 1)


thread = threading.Thread(target=worker)
thread.daemon = True
thread.start()
forked.acquire()
ready(child=children[0])
signal.pause()
