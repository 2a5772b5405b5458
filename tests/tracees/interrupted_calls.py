"""Says ready, makes the call named on the command line, says what became of it.

Usage: interrupted_calls.py NAME [raising]. Valid on Python 2.7 and 3. With `raising` the handler
raises Interrupt. A byte on stdin lets the call finish: a forked peer reads it. The account is
one line of JSON: `result`, `raised` (the errno of what came out of the call), `caught` (EINTR
caught here), `interrupts` (Interrupt caught here). Nothing is written while an exception lives.
"""

import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import socket
import sys
import tempfile
import threading

caught = []
interrupts = []
release = [lambda: None]
libc = ctypes.CDLL(None, use_errno=True)
buffer = ctypes.create_string_buffer(4)


class Interrupt(Exception):
    pass


def returning(signo, frame):
    return None


def raising(signo, frame):
    raise Interrupt


def pair():
    ours, theirs = socket.socketpair()
    release[0] = lambda: theirs.sendall(b"xyz")
    # 2.7: the class of Lib/socket.py, with its makefile() in Python.
    return ours if sys.version_info >= (3,) else socket.socket(_sock=ours)


def pipe():
    reader, writer = os.pipe()
    release[0] = lambda: os.write(writer, b"xyz\n")
    return reader


def locked_file():
    """A file whose lock a child holds until it is let go."""
    opened = tempfile.TemporaryFile()
    ready, tell = os.pipe()
    go, let_go = os.pipe()
    if os.fork() == 0:
        os.close(let_go)
        fcntl.lockf(opened, fcntl.LOCK_EX)
        os.write(tell, b"x")
        os.read(go, 1)
        os._exit(0)
    os.close(go)
    os.read(ready, 1)
    release[0] = lambda: os.write(let_go, b"x")
    return opened.fileno(), opened


def again_and_again(call, *types):
    while True:
        try:
            return call()
        except types:
            caught.append(1)


def recv():
    ours = pair()
    return lambda: len(ours.recv(10))


def recv_swallowed():
    ours = pair()

    def call():
        try:
            return len(ours.recv(10))
        except (OSError, socket.error):
            caught.append(1)

    return call


def recv_again_after_interrupt():
    ours = pair()

    def call():
        while True:
            try:
                return len(ours.recv(10))
            except Interrupt:
                interrupts.append(1)
            except (OSError, socket.error):
                caught.append(1)

    return call


def recv_in_finally():
    ours, log = pair(), os.open(os.devnull, os.O_WRONLY)

    def call():
        try:
            return len(ours.recv(10))
        finally:
            os.write(log, b"done")

    return call


def os_read_by_a_function():
    reader = pipe()
    return lambda: again_and_again(lambda: len(os.read(reader, 10)), OSError)


def os_lockf():
    fd, opened = locked_file()
    return lambda: (os.lockf(fd, os.F_LOCK, 0), opened)[0]


def os_lockf_loop():
    fd, opened = locked_file()

    def call():
        while True:
            try:
                return os.lockf(fd, os.F_LOCK, 0) or opened.fileno()
            except OSError:
                caught.append(1)

    return call


def fcntl_lockf():
    fd, opened = locked_file()
    return lambda: (fcntl.lockf(fd, fcntl.LOCK_EX), opened)[0]


def file_read():
    opened = os.fdopen(pipe(), "rb")
    return lambda: len(opened.read(2))


def file_lines():
    opened = os.fdopen(pipe(), "rb")

    def call():
        for line in opened:
            return len(line)
        return None

    return call


def makefile_read():
    opened = pair().makefile("rb")
    return lambda: len(opened.read(2))


def ctypes_read():
    reader = pipe()
    return lambda: libc.read(reader, buffer, 4)


def ctypes_read_loop():
    reader = pipe()

    def call():
        while True:
            count = libc.read(reader, buffer, 4)
            if count >= 0 or ctypes.get_errno() != errno.EINTR:
                return count
            caught.append(1)

    return call


def poll():
    signal.siginterrupt(signal.SIGUSR1, False)
    poller, reader = select.poll(), pipe()
    poller.register(reader, select.POLLIN)
    return lambda: len(poller.poll(60000))


def lock():
    taken, reader = threading.Lock(), pipe()
    taken.acquire()
    helper = threading.Thread(target=lambda: os.read(reader, 1) and taken.release())
    helper.daemon = True
    helper.start()
    return taken.acquire


def pause():
    return signal.pause


def main():
    signal.signal(signal.SIGUSR1, raising if sys.argv[2:] else returning)
    call = globals()[sys.argv[1]]()
    if os.fork() == 0:
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        if os.read(0, 1):
            release[0]()
        os._exit(0)
    print("ready")
    sys.stdout.flush()
    seen = {"result": None, "raised": None}
    try:
        seen["result"] = call()
    except Interrupt:
        interrupts.append(1)
    except (OSError, IOError, socket.error, select.error) as error:
        seen["raised"] = error.args[0]
    seen["caught"] = len(caught)
    seen["interrupts"] = len(interrupts)
    print(json.dumps(seen))


main()
