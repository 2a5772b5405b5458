"""A blocked main thread beside threads that call, raise and start other threads all the time."""

import signal
import threading

from known_threads import ready, register

running = threading.Semaphore(0)


def recurse(depth, values):
    if depth:
        return recurse(depth - 1, values + [depth])
    raise ValueError(values)


def churn(name):
    register(name)
    running.release()
    while True:
        try:
            recurse(len(name) * 3, [])
        except ValueError:
            short = threading.Thread(target=len, args=("",))
            short.start()
            short.join()
        scope = {}
        exec("def f(x):\n    return [x for x in range(x)]\nf(9)\n", scope)


for name in ("a", "bb", "cccc"):
    thread = threading.Thread(target=churn, args=(name,))
    thread.daemon = True
    thread.start()
    running.acquire()
ready(blocked=["main"])
signal.pause()
