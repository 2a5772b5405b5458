"""Many threads, each in recv on a socket of its own; says what each of them saw.

Usage: many_threads.py NUMBER. Valid on Python 2.7 and 3. Thread i recurses i % 5 frames deep
before its call, so that stacks differ, and gets i % 7 + 1 bytes in the end, so that results do.
Under an interpreter that raises, an even thread waits for the end in its except block and an
odd one calls again. Says `ready TID:FD ...`; ends when a line comes on standard input.
"""

import ctypes
import json
import os
import signal
import socket
import sys
import threading

SYS_GETTID = 186  # x86_64
COUNT = int(sys.argv[1])
pairs = [socket.socketpair() for _ in range(COUNT)]
accounts = [{"errnos": [], "received": None} for _ in range(COUNT)]
started = threading.Semaphore(0)
the_end, _held = os.pipe()


def on_signal(_signo, _frame):
    pass


def take(number):
    account = accounts[number]
    while True:
        try:
            account["received"] = len(pairs[number][0].recv(100))
            return
        except socket.error as error:
            account["errnos"].append(error.args[0])
            if number % 2 == 0:
                os.read(the_end, 1)
                return


def descend(number, depth):
    if depth:
        descend(number, depth - 1)
    else:
        take(number)


def run(number):
    accounts[number]["tid"] = ctypes.CDLL(None).syscall(SYS_GETTID)
    accounts[number]["fd"] = pairs[number][0].fileno()
    started.release()
    descend(number, number % 5)


for signo in range(signal.SIGRTMIN, signal.SIGRTMAX + 1):
    signal.signal(signo, on_signal)
threading.stack_size(256 * 1024)
threads = [threading.Thread(target=run, args=(number,)) for number in range(COUNT)]
for thread in threads:
    thread.start()
for _ in threads:
    started.acquire()
print("ready " + " ".join("%(tid)d:%(fd)d" % account for account in accounts))
os.read(0, 100)
for number, (_, theirs) in enumerate(pairs):
    theirs.send(b"x" * (number % 7 + 1))
os.close(_held)
for thread in threads:
    thread.join()
print(json.dumps({"accounts": accounts}))
