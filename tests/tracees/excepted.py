"""Blocked with an exception pending, being handled, chained, wrapped or uncaught.

The argument names which. Valid on Python 2.7 and 3.
"""

import errno
import os
import select
import signal
import socket
import sys

from known_threads import ready


class Wrapped(Exception):
    """Keeps what it was made from as Thrift's TTransportException does."""

    def __init__(self, type, message, inner=None):
        Exception.__init__(self, message)
        self.type = type
        self.message = message
        self.inner = inner


class Own(Exception):
    pass


class CallError(socket.error):
    """An OSError of its own."""


def block():
    ready()
    signal.pause()


def interrupted():
    raise socket.error(errno.EINTR, "Interrupted system call")  # raised here


def handled():
    try:
        interrupted()
    except socket.error:  # caught here
        block()


def own_subclass():
    try:
        raise CallError(errno.EINTR, "Interrupted system call")
    except CallError:
        block()


def with_file_name():
    try:
        open(os.path.join(os.sep, "no", "such file"))
    except EnvironmentError:
        block()


def select_error():
    try:
        raise select.error(errno.EINTR, "Interrupted system call")
    except select.error:
        block()


def several_arguments():
    try:
        raise Own(7, "seven", None, [])
    except Own:
        block()


def wrapped():
    try:
        try:
            interrupted()
        except socket.error as error:
            raise Wrapped(0, "unexpected exception", inner=error)
    except Wrapped:  # caught here
        block()


def in_arguments():
    try:
        try:
            interrupted()
        except socket.error as error:
            made = Own("failed", error)
        raise made
    except Own:
        block()


def in_finally():
    try:
        interrupted()
    finally:
        block()


class Manager(object):
    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        block()


def in_with():
    with Manager():
        interrupted()


def generator():
    try:
        interrupted()
    except socket.error:
        yield 1


def in_generator():
    """The generator has the exception; its caller has none."""
    for _ in generator():
        block()


def caller_handles():
    """A caller's exception is still being handled."""
    try:
        interrupted()
    except socket.error:
        none = [item for item in ()]
        return nested(none)


def nested(_none):
    try:
        pass
    finally:
        block()


def named_and_nested():
    try:
        try:
            raise KeyError("first")
        except KeyError as error:
            error.seen = True
            interrupted()
    except socket.error:  # caught here
        block()


def none():
    block()


def in_attribute():
    made = Wrapped(0, "unexpected exception")
    try:
        interrupted()
    except socket.error as error:
        made.inner = error
    try:
        raise made
    except Wrapped:
        block()


def uncaught():
    """A hook blocks: frames are left."""
    sys.excepthook = lambda *_arguments: block()
    interrupted()


def after_unwind():
    """No Python frame is left when the thread blocks."""
    import atexit
    import ctypes

    if sys.version_info[0] == 2:  # atexit is written in Python, the printing is not
        nobody_reads, full = os.pipe()
        import fcntl

        fcntl.fcntl(full, fcntl.F_SETFL, os.O_NONBLOCK)
        try:
            while True:
                os.write(full, b"x" * 4096)
        except OSError:
            fcntl.fcntl(full, fcntl.F_SETFL, 0)
        os.dup2(full, 2)
    else:
        atexit.register(ctypes.CDLL(None).pause)
    ready()
    interrupted()


def pending():
    """A C function has raised, and blocks before it returns."""
    import blocking_raise

    ready()
    blocking_raise.call(socket.error)


globals()[sys.argv[1]]()
