"""Makes threads, children or calls while real-time signals come in; counts every one of them.

Usage: churn.py threads|fork|exec|recv ROUNDS SIGNALS [ack]. Valid on Python 2.7 and 3. Begins
when a line comes on standard input; ends when all rounds are done and SIGNALS signals have been
counted on the wakeup descriptor, or when none came for five seconds. With ack, each signal is
acknowledged on standard output by its Python handler: 2.7 writes no second byte to the wakeup
descriptor until that has run (Modules/signalmodule.c, trip_signal), so they must come singly.
"""

import errno
import fcntl
import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading

mode, rounds, expected = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
read_fd, write_fd = os.pipe()
for fd in (read_fd, write_fd):
    fcntl.fcntl(fd, fcntl.F_SETFL, fcntl.fcntl(fd, fcntl.F_GETFL) | os.O_NONBLOCK)
signal.set_wakeup_fd(write_fd)
acknowledge = sys.argv[4:] == ["ack"]
signal.signal(signal.SIGRTMIN, lambda signo, frame: acknowledge and os.write(1, b"ack\n"))
done = []


def again(call, *args):
    """PEP 475 for 2.7."""
    while True:
        try:
            return call(*args)
        except (OSError, IOError, select.error, socket.error) as error:
            if error.args[0] != errno.EINTR:
                raise


def one_thread():
    thread = threading.Thread(target=done.append, args=(1,))
    thread.start()
    thread.join()


def one_fork():
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    done.append(os.WEXITSTATUS(again(os.waitpid, pid, 0)[1]))


def one_exec():
    done.append(subprocess.call(["/bin/true"]))


def one_recv():
    ours, theirs = socket.socketpair()
    timer = threading.Timer(0.001, theirs.send, (b"x",))
    timer.start()
    done.append(len(again(ours.recv, 1)))
    timer.join()


print("ready")
sys.stdin.readline()
for _ in range(rounds):
    {"threads": one_thread, "fork": one_fork, "exec": one_exec, "recv": one_recv}[mode]()
counted = 0
while counted < expected and again(select.select, [read_fd], [], [], 5.0)[0]:
    counted += len(again(os.read, read_fd, 4096))
print(json.dumps({"done": sum(done), "rounds": len(done), "counted": counted}))
