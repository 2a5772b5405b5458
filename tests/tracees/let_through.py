"""Says ready, waits for a line, makes one call that a signal interrupts, says what it saw.

Usage: let_through.py CALL, for Python 3. The report is one line of JSON: `result` or `error`
(type and errno), `seconds`, and `afterwards` what CALL found then.
"""

import ctypes
import errno
import json
import os
import signal
import socket
import struct
import sys
import tempfile
import time

TIMEOUT_S = 1
LIBC = ctypes.CDLL(None, use_errno=True)


class GaveUp(Exception):
    """What the raising handler raises."""


def on_signal(signo, frame):
    pass


def on_signal_raise(signo, frame):
    raise GaveUp("the handler gives up")


def recv_rcvtimeo():
    ours, theirs = socket.socketpair()
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", TIMEOUT_S, 0))
    return (lambda: ours.recv(10)), lambda: theirs.fileno() > 0


def recv_settimeout():
    ours, theirs = socket.socketpair()
    ours.settimeout(TIMEOUT_S)
    return (lambda: ours.recv(10)), lambda: theirs.fileno() > 0


def connect_backlog_full():
    folder = tempfile.mkdtemp()
    path = os.path.join(folder, "listener")
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(0)
    first, second = socket.socket(socket.AF_UNIX), socket.socket(socket.AF_UNIX)
    first.connect(path)

    def afterwards():
        os.unlink(path)
        os.rmdir(folder)
        try:
            second.send(b"x")
        except OSError as error:
            return errno.errorcode[error.errno]
        finally:
            listener.close()
            first.close()

    return (lambda: second.connect(path)), afterwards


def os_lockf():
    locked = tempfile.TemporaryFile()
    ready, tell = os.pipe()
    child = os.fork()
    if child == 0:
        LIBC.prctl(1, signal.SIGKILL, 0, 0, 0)  # PR_SET_PDEATHSIG
        os.lockf(locked.fileno(), os.F_LOCK, 0)
        os.write(tell, b"x")
        signal.pause()
    os.read(ready, 1)

    def afterwards():
        os.kill(child, signal.SIGKILL)
        return os.waitpid(child, 0)[1]

    return (lambda: os.lockf(locked.fileno(), os.F_LOCK, 0)), afterwards


def eventfd_read():
    descriptor = os.eventfd(0)
    return (lambda: os.eventfd_read(descriptor)), lambda: None


def ctypes_read():
    """The C library called directly; errno is looked at, and nothing is raised."""
    reader, writer = os.pipe()
    buffer = ctypes.create_string_buffer(1)

    def call():
        got = LIBC.read(reader, buffer, 1)
        return [got, errno.errorcode[ctypes.get_errno()]]

    return call, lambda: writer > 0


def library_raises():
    """A library that calls the C library directly and turns errno into an exception."""
    reader, writer = os.pipe()
    buffer = ctypes.create_string_buffer(1)

    def call():
        if LIBC.read(reader, buffer, 1) < 0:
            raise OSError(ctypes.get_errno(), "read failed")

    return call, lambda: writer > 0


def handler_raises():
    signal.signal(signal.SIGUSR1, on_signal_raise)
    ours, theirs = socket.socketpair()
    return (lambda: ours.recv(10)), lambda: theirs.fileno() > 0


def main():
    signal.signal(signal.SIGUSR1, on_signal)
    call, afterwards = globals()[sys.argv[1]]()
    print("ready")
    sys.stdin.readline()
    started = time.time()
    seen = {"result": None, "error": None}
    try:
        seen["result"] = call()
    except (OSError, GaveUp) as error:
        seen["seconds"] = time.time() - started
        seen["error"] = [type(error).__name__, getattr(error, "errno", None)]
        # Said from here: what was caught is forgotten at the end of the block.
        os.write(2, b"caught\n")
    else:
        seen["seconds"] = time.time() - started
    seen["afterwards"] = afterwards()
    print(json.dumps(seen))


main()
