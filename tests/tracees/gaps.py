"""Notes by its own clock how long it was held: busy for a while, then in an interrupted wait.

Usage: gaps.py ROUNDS BUSY_SECONDS. Valid on Python 2.7 and 3. Begins when a line comes on
standard input. In each round it reads the clock again and again for BUSY_SECONDS, then waits in
recv(2) until a timer's signal, 1 ms later, interrupts it; CPython's C handler writes what the
wait is for (set_wakeup_fd), so that it also ends where the call is made again.
The account is one line of JSON: `busy`, the longest time between two readings in each round;
`waits`, how much longer than the timer each wait took. All in seconds.
"""

import errno
import json
import signal
import socket
import sys
import time

clock = getattr(time, "perf_counter", time.time)
TIMER_S = 0.001
reader, writer = socket.socketpair()


def on_alarm(signo, frame):
    pass


def busy(seconds):
    longest = 0.0
    now = begun = clock()
    while now - begun < seconds:
        before, now = now, clock()
        longest = max(longest, now - before)
    return longest


def interrupted_wait():
    begun = clock()
    signal.setitimer(signal.ITIMER_REAL, TIMER_S)
    try:
        reader.recv(1)
        took = clock() - begun
    except EnvironmentError as error:
        took = clock() - begun
        assert error.errno == errno.EINTR
        reader.recv(1)
    return took - TIMER_S


writer.setblocking(False)
signal.set_wakeup_fd(writer.fileno())
signal.signal(signal.SIGALRM, on_alarm)
print("ready")
sys.stdin.readline()
seen = {"busy": [], "waits": []}
for _ in range(int(sys.argv[1])):
    seen["busy"].append(busy(float(sys.argv[2])))
    seen["waits"].append(interrupted_wait())
print(json.dumps(seen))
