"""The other process of a scenario: lets the call finish, and sees to it that all ends.

Valid on Python 2.7 and 3.x.
"""

import os
import select
import signal
import time
import traceback

LOOK_AGAIN_S = 0.1


def fork_peer(spec, release):
    """Fork the peer; returns in the main process only."""
    main = os.getpid()
    if os.fork():
        return
    try:
        ignore_signals()
        attend(main, spec, release)
    except BaseException:
        traceback.print_exc()
    finally:
        # The program has ended, or has had its time: nothing of it stays.
        os.killpg(os.getpgrp(), signal.SIGKILL)


def ignore_signals():
    """The signals of the test are not for the peer, should it be sent one."""
    for signo in (signal.SIGINT, signal.SIGUSR1, signal.SIGUSR2, signal.SIGWINCH, signal.SIGALRM):
        signal.signal(signo, signal.SIG_IGN)


def attend(main, spec, release):
    """Release the call when told; return when the main process has ended or its time is up."""
    go = os.open(spec["go"], os.O_RDWR)  # never at its end, whoever has it open
    end_s = time.time() + spec["limit_s"]
    waits = [go] if spec["released_by"] == "peer" else []
    while os.getppid() == main and time.time() < end_s:
        told, _, _ = select.select(waits, [], [], LOOK_AGAIN_S)
        if told:
            os.read(go, 1)
            waits = []
            release()
