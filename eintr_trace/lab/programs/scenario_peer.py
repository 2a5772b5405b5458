"""The two other processes of a scenario's program; valid on Python 2.7 and 3.x.

The guard sees to it that all of the program's processes end with it, or when its time is up.
The peer lets the call finish when it is told. Both only ever leave by the guard's SIGKILL.
"""

import os
import signal
import time
import traceback

LOOK_AGAIN_S = 0.1
TEST_SIGNALS = (signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGALRM)


def fork_guard(limit_s):
    """Fork the guard; returns in the main process only."""
    main = os.getpid()
    if os.fork():
        return
    end_s = time.time() + limit_s
    ignore_interruptions()
    while os.getppid() == main and time.time() < end_s:
        time.sleep(LOOK_AGAIN_S)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def fork_peer(go, release):
    """Fork the peer, which calls ``release`` once something is written to the FIFO ``go``."""
    if os.fork():
        return
    ignore_interruptions()
    try:
        os.read(os.open(go, os.O_RDWR), 1)
        release()
    except BaseException:
        traceback.print_exc()
    while True:
        signal.pause()


def ignore_interruptions():
    """Stay, should Ctrl-C or a signal of the test reach the whole group."""
    for signo in (signal.SIGINT,) + TEST_SIGNALS:
        signal.signal(signo, signal.SIG_IGN)
