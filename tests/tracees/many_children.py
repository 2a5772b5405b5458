"""Forks children, each in recv on a socket of its own; each says what it saw.

Usage: many_children.py BEFORE AFTER. Valid on Python 2.7 and 3. BEFORE children are forked at
once, AFTER more on the first line of standard input; every fifth of them forks a grandchild of
number + 1000. Says `ready PID:NUMBER ...` and `forked PID:NUMBER ...`, with the children of
both generations as they start. Each gets number % 7 + 1 bytes on the second line; says
`ended` when all have, and ends itself at the end of standard input. Under an interpreter that
raises, an even one waits for more in its except block and an odd one calls again.
"""

import json
import os
import signal
import socket
import sys

GRANDCHILD = 1000
said, say = os.pipe()
started, start = os.pipe()
the_end, hold = os.pipe()
may_leave, keep = os.pipe()
sockets = {}
handled = []


def on_signal(signo, _frame):
    handled.append(signo)


def take(number, ours, account):
    while True:
        try:
            account["received"] = len(ours.recv(100))
            return
        except socket.error as error:
            account["errnos"].append(error.args[0])
            if number % 2 == 0:
                os.read(the_end, 1)
                return


def live(number, ours):
    account = {"pid": os.getpid(), "number": number, "fd": ours.fileno(), "errnos": []}
    account["received"] = None
    os.write(start, ("%d:%d\n" % (os.getpid(), number)).encode())
    take(number, ours, account)
    account["handled"] = handled
    os.write(say, (json.dumps(account) + "\n").encode())  # at most PIPE_BUF: one piece
    os.read(may_leave, 1)  # no SIGCHLD while others are still in their calls


def fork(number, ours):
    if os.fork():
        return
    os.close(hold)
    os.close(keep)
    grandchild = number < GRANDCHILD and number % 5 == 0
    if grandchild and not os.fork():
        live(number + GRANDCHILD, sockets[number + GRANDCHILD][0])
        os._exit(0)
    live(number, ours)
    if grandchild:
        os.wait()
    os._exit(0)


def make(numbers, what):
    pids = []
    for number in numbers:
        wanted = [number, number + GRANDCHILD] if number % 5 == 0 else [number]
        for one in wanted:
            sockets[one] = socket.socketpair()
        fork(number, sockets[number][0])
        pids += wanted
    said_pids = b""
    while said_pids.count(b"\n") < len(pids):
        said_pids += os.read(started, 4096)
    print(" ".join([what] + said_pids.decode().split()))


named = [signal.SIGUSR1, signal.SIGINT, signal.SIGQUIT]
for signo in named + list(range(signal.SIGRTMIN, signal.SIGRTMAX + 1)):
    signal.signal(signo, on_signal)
BEFORE, AFTER = int(sys.argv[1]), int(sys.argv[2])
make(range(1, BEFORE + 1), "ready")
sys.stdin.readline()
make(range(BEFORE + 1, BEFORE + AFTER + 1), "forked")
sys.stdin.readline()
for number in sockets:
    sockets[number][1].send(b"x" * (number % 7 + 1))
os.close(hold)
told = b""
while told.count(b"\n") < len(sockets):
    told += os.read(said, 65536)
os.close(keep)
for _ in range(BEFORE + AFTER):
    os.wait()
print("ended")
sys.stdin.read()
print('{"accounts": [%s]}' % ",".join(told.decode().splitlines()))
