"""What the setups of several scenarios need; valid on Python 2.7 and 3.x."""

import fcntl
import os
import signal
import socket
import tempfile


def listening():
    """A TCP listener of this machine only."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    return listener


def connected():
    """Two connected TCP sockets; those of socketpair() are of another type in Python 2.7."""
    listener = listening()
    near = socket.create_connection(listener.getsockname())
    far, _ = listener.accept()
    return near, far


def fill(sock):
    """Send until no more fits."""
    sock.setblocking(False)
    try:
        while True:
            sock.send(b"x" * 65536)
    except socket.error:
        sock.setblocking(True)


def full_pipe():
    """A pipe, reader and writer, into which no more fits."""
    reader, writer = os.pipe()
    flags = fcntl.fcntl(writer, fcntl.F_GETFL)
    fcntl.fcntl(writer, fcntl.F_SETFL, flags | os.O_NONBLOCK)
    try:
        while True:
            os.write(writer, b"x" * 4096)
    except OSError:
        fcntl.fcntl(writer, fcntl.F_SETFL, flags)
    return reader, writer


def locked_by_child():
    """A file that a child has locked; it unlocks when it is written to the descriptor."""
    locked = tempfile.TemporaryFile()  # noqa: SIM115 - stays open as long as the program runs
    reader, writer = os.pipe()
    locks, say_it_locks = os.pipe()
    if not os.fork():
        fcntl.lockf(locked, fcntl.LOCK_EX)
        os.write(say_it_locks, b"x")
        os.read(reader, 1)
        fcntl.lockf(locked, fcntl.LOCK_UN)
        while True:
            signal.pause()
    os.read(locks, 1)
    return locked, writer


def forking():
    """Return multiprocessing as it starts processes by fork; 3.14 has another default."""
    import multiprocessing

    if hasattr(multiprocessing, "get_context"):
        return multiprocessing.get_context("fork")
    return multiprocessing


def terminal():
    """Make a terminal the standard input and output; return the other end, its keyboard."""
    keyboard, screen = os.openpty()
    os.dup2(screen, 0)
    os.dup2(screen, 1)
    return keyboard
