"""Works while a timer ticks; says how long the work took and how many ticks were handled.

Usage: ticking.py PERIOD_SECONDS ROUNDS. Valid on Python 2.7 and 3. Begins the work when a line
comes on standard input.
"""

import json
import signal
import sys
import time

ticks = [0]


def on_tick(signo, frame):
    ticks[0] += 1


print("ready")
sys.stdin.readline()
signal.signal(signal.SIGALRM, on_tick)
signal.setitimer(signal.ITIMER_REAL, float(sys.argv[1]), float(sys.argv[1]))
started = time.time()
total = 0
for number in range(int(sys.argv[2])):
    total += number % 7
seconds = time.time() - started
signal.setitimer(signal.ITIMER_REAL, 0)
print(json.dumps({"total": total, "ticks": ticks[0], "seconds": seconds}))
