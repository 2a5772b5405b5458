"""Forks workers that wait in recv, all in one place of the program.

Usage: prefork.py NUMBER. For Python 3. Says `ready PID...`; ends when a line comes on standard
input.
"""

import json
import os
import signal
import socket
import sys

signal.signal(signal.SIGUSR1, lambda signo, frame: None)
ours, theirs = socket.socketpair()
workers = []
for _ in range(int(sys.argv[1])):
    pid = os.fork()
    if not pid:
        theirs.close()  # the parent's death ends it
        for fd in (0, 1, 2):
            os.close(fd)
        ours.recv(1)
        os._exit(0)
    workers.append(pid)
print("ready", *workers)
sys.stdin.readline()
theirs.send(b"x" * len(workers))
for pid in workers:
    os.waitpid(pid, 0)
print(json.dumps({}))
