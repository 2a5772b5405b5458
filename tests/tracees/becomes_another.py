"""Forks a child in recv, which executes another interpreter, and there is in recv again.

Usage: becomes_another.py main|thread INTERPRETER. Valid on Python 2.7 and 3. Says
`ready CHILD`; on the first line of standard input the child's main thread, or another one,
executes this program under INTERPRETER, on the second it ends. Says what the child saw before
and after.
"""

import fcntl
import json
import os
import signal
import socket
import sys
import threading


def on_signal(_signo, _frame):
    pass


def take(ours, errnos):
    while True:
        try:
            ours.recv(1)
            return
        except socket.error as error:
            errnos.append(error.args[0])


def before(ours, say):
    errnos = []
    take(ours, errnos)
    os.write(say, json.dumps({"when": "before", "errnos": errnos}).encode() + b"\n")
    for fd in (ours.fileno(), say):
        fcntl.fcntl(fd, fcntl.F_SETFD, 0)  # inherited by what is executed
    words = [sys.argv[2], __file__, "after", str(ours.fileno()), str(say)]
    if sys.argv[1] == "main":
        os.execv(words[0], words)
    threading.Thread(target=os.execv, args=(words[0], words)).start()
    signal.pause()


def after(ours, say):
    errnos = []
    take(ours, errnos)
    os.write(say, json.dumps({"when": "after", "errnos": errnos}).encode() + b"\n")


def parent():
    ours, theirs = socket.socketpair()
    said, say = os.pipe()
    child = os.fork()
    if not child:
        before(ours, say)
    os.close(say)
    print("ready %d" % child)
    for _ in range(2):
        sys.stdin.readline()
        theirs.send(b"x")
    told = b""
    while told.count(b"\n") < 2:
        told += os.read(said, 4096)
    os.waitpid(child, 0)
    print('{"accounts": [%s]}' % ",".join(told.decode().splitlines()))


signal.signal(signal.SIGUSR1, on_signal)
if sys.argv[1] == "after":
    after(socket.fromfd(int(sys.argv[2]), socket.AF_UNIX, socket.SOCK_STREAM), int(sys.argv[3]))
else:
    parent()
