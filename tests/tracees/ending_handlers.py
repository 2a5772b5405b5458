"""Handlers that end in every way, while one read is made again and again; on 2.7 and 3."""

import os
import signal

from known_threads import ready


def returns(_signo, _frame):
    return os.getpid()


def raises(_signo, _frame):
    raise ValueError


def raises_at_times(_signo, frame):
    if frame is not None:
        raise ValueError


def raises_below(signo, frame):
    raises(signo, frame)


def catches(signo, frame):
    try:
        raise ValueError
    except ValueError:
        pass


signal.signal(signal.SIGUSR1, returns)
signal.signal(signal.SIGUSR2, raises)
signal.signal(signal.SIGALRM, raises_at_times)
signal.signal(signal.SIGVTALRM, raises_below)
signal.signal(signal.SIGURG, catches)


def read_for_ever():
    while True:
        try:
            os.read(0, 1)
        except (OSError, ValueError):
            pass


ready()
read_for_ever()
