"""Reads, and reads again after each EINTR, but computes in between; a timer ticks all the while.

Usage: slow_retry.py PERIOD_SECONDS COMPUTE_SECONDS RETRIES. For Python 2.7, where EINTR raises.
Begins when a line comes on standard input; the account says how often it has read again.
"""

import errno
import json
import os
import signal
import sys
import time

period_s, compute_s = float(sys.argv[1]), float(sys.argv[2])
reader, writer = os.pipe()


def on_tick(signo, frame):
    pass


def compute():
    begun = time.time()
    while time.time() - begun < compute_s:
        pass


signal.signal(signal.SIGALRM, on_tick)
print("ready")
sys.stdin.readline()
signal.setitimer(signal.ITIMER_REAL, period_s, period_s)
retries = 0
while retries < int(sys.argv[3]):
    try:
        os.read(reader, 1)
    except OSError as error:
        assert error.errno == errno.EINTR
        compute()
        retries += 1
signal.setitimer(signal.ITIMER_REAL, 0)
print(json.dumps({"retries": retries}))
