"""Threads blocked in different calls below different kinds of Python frames."""

import functools
import os
import select
import signal
import socket
import threading
import time

from known_threads import ready, register

started = threading.Semaphore(0)
quiet_read, quiet_write = os.pipe()
left, right = socket.socketpair()
never = threading.Lock()
never.acquire()


def decorated(function):
    @functools.wraps(function)
    def wrapper(*args, **kwargs):
        return function(*args, **kwargs)

    return wrapper


class Worker(object):
    class Inner(object):
        def __init__(self, size):
            self.size = size
            self.data = self.receive()

        def receive(self):
            register("receive")
            started.release()
            return left.recv(
                self.size,
                0,
            )

    def __call__(self):
        return Worker.Inner(1 + 2).data

    @staticmethod
    def sleep():
        register("sleep")
        started.release()
        time.sleep(float("9" * 5))

    @property
    def answer(self):
        register("lock")
        started.release()
        with never:
            return 42


@decorated
def polls(timeout=None):
    register("select")
    started.release()
    return select.select([quiet_read], [], [], *([timeout] if timeout else []))


def generated():
    register("read")
    started.release()
    yield 1
    for number in [os.read(quiet_read, n) for n in (10, 20)]:
        yield number


def consume():
    return sum(x for x in (y for y in generated()))


def recurse(depth):
    if depth == 0:
        register("deep")
        started.release()
        return right.recv(1)
    return recurse(depth - 1)


targets = [
    Worker(),
    Worker.sleep,
    lambda: Worker().answer,
    functools.partial(polls, timeout=99999),
    consume,
    lambda: recurse(60),
]
for target in targets:
    thread = threading.Thread(target=target)
    thread.daemon = True
    thread.start()
for _ in targets:
    started.acquire()


def main(pause):
    ready()
    return {"done": [pause() or True for _ in range(3)]}


if __name__ == "__main__":
    exec("def compiled(f):\n\n\n    return main(f)\n")
    compiled(signal.pause)  # noqa: F821 - made by exec, as its frame is wanted
