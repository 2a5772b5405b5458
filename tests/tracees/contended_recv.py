"""Waits in recv while other threads want the GIL all the time; says what it got.

Usage: contended_recv.py THREADS. Valid on Python 2.7 and 3. SIGUSR1 has a handler; a line on
standard input, read by one more thread, lets recv finish.
"""

import json
import signal
import socket
import sys
import threading

ran = []
done = []


def compute():
    while not done:
        pass


def release():
    sys.stdin.readline()
    theirs.sendall(b"x")


signal.signal(signal.SIGUSR1, lambda signo, frame: ran.append(signo))
ours, theirs = socket.socketpair()
threads = [threading.Thread(target=compute) for _ in range(int(sys.argv[1]))]
threads.append(threading.Thread(target=release))
for thread in threads:
    thread.start()
print("ready")
sys.stdout.flush()
errors = []
while not done:
    try:
        done.append(len(ours.recv(1)))
    except socket.error as error:
        errors.append(error.args[0])
for thread in threads:
    thread.join()
print(json.dumps({"received": done[0], "errors": errors, "handled": len(ran)}))
