"""Block in the call named on the command line, with a handler for SIGUSR1; valid on 2.7 and 3.x.

Writes lines to stdout: "blocking PID", then "handler" each time the Python handler runs, then
"raised TYPE ERRNO", or "returned" when the call came back without an exception.
"""

import array
import os
import select
import signal
import socket
import struct
import sys
import tempfile
import threading
import time

LONG = 600


def say(text):
    os.write(1, (text + "\n").encode())


def pipe_reader():
    return os.pipe()[0]


def other_process_holds(take):
    # A lock on a file is the process's: a child takes it and sleeps until it is killed.
    locked = tempfile.TemporaryFile()
    ready, tell = os.pipe()
    if os.fork() == 0:
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        take(locked)
        os.write(tell, b"x")
        while True:
            signal.pause()
    os.read(ready, 1)
    return locked


def child_that_waits():
    pid = os.fork()
    if pid == 0:
        import ctypes

        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
        signal.signal(signal.SIGUSR1, signal.SIG_IGN)
        while True:
            signal.pause()
    return pid


def recv():
    one, other = socket.socketpair()
    return lambda: (one.recv(1), other)


def recv_settimeout():
    one, other = socket.socketpair()
    one.settimeout(LONG)
    return lambda: (one.recv(1), other)


def recv_so_rcvtimeo():
    one, other = socket.socketpair()
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("qq", LONG, 0))
    return lambda: (one.recv(1), other)


def accept():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)
    return listener.accept


def select_select():
    readers = [pipe_reader()]
    return lambda: select.select(readers, [], [], LONG)


def poll():
    poller = select.poll()
    poller.register(pipe_reader(), select.POLLIN)
    return lambda: poller.poll(LONG * 1000)


def epoll():
    poller = select.epoll()
    poller.register(pipe_reader(), select.EPOLLIN)
    return lambda: poller.poll(LONG)


def sleep():
    return lambda: time.sleep(LONG)


def os_read():
    reader, writer = os.pipe()
    return lambda: (os.read(reader, 1), writer)


def buffered_read():
    reader, writer = os.pipe()
    source = os.fdopen(reader, "rb")
    return lambda: (source.read(1), writer)


def waitpid():
    pid = child_that_waits()
    return lambda: os.waitpid(pid, 0)


def fcntl_flock():
    import fcntl

    def take(opened):
        # A lock of flock(2) belongs to the open file: the child opens it anew.
        again = open("/proc/self/fd/%d" % opened.fileno(), "wb")
        fcntl.flock(again, fcntl.LOCK_EX)
        globals()["kept"] = again

    locked = other_process_holds(take)
    return lambda: fcntl.flock(locked, fcntl.LOCK_EX)


def fcntl_lockf():
    import fcntl

    locked = other_process_holds(lambda opened: fcntl.lockf(opened, fcntl.LOCK_EX))
    return lambda: fcntl.lockf(locked, fcntl.LOCK_EX)


def os_lockf():
    locked = other_process_holds(lambda opened: os.lockf(opened.fileno(), os.F_LOCK, 0))
    return lambda: os.lockf(locked.fileno(), os.F_LOCK, 0)


def lock_acquire():
    lock = threading.Lock()
    lock.acquire()
    return lock.acquire


def pause():
    return signal.pause


def eventfd_read():
    descriptor = os.eventfd(0)
    return lambda: os.eventfd_read(descriptor)


def sigtimedwait():
    return lambda: signal.sigtimedwait([signal.SIGUSR2], LONG)


def ioctl():
    # Wait for a notification of a seccomp filter that gives none: seccomp_unotify(2).
    import ctypes
    import fcntl

    libc = ctypes.CDLL(None, use_errno=True)
    allow_all = ctypes.create_string_buffer(struct.pack("HBBI", 0x06, 0, 0, 0x7FFF0000))
    program = struct.pack("HxxxxxxQ", 1, ctypes.addressof(allow_all))
    libc.prctl(38, 1, 0, 0, 0)  # PR_SET_NO_NEW_PRIVS
    # seccomp, its operation SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER
    listener = libc.syscall(317, 1, ctypes.c_ulong(8), program)
    if listener < 0:
        raise OSError(ctypes.get_errno(), "seccomp")
    received = array.array("b", bytes(bytearray(80)))  # struct seccomp_notif
    return lambda: fcntl.ioctl(listener, 0xC0502100, received)  # SECCOMP_IOCTL_NOTIF_RECV


def main():
    signal.signal(signal.SIGUSR1, lambda *_: say("handler"))
    call = globals()[sys.argv[1]]()
    say("blocking %d" % os.getpid())
    try:
        call()
    except Exception as error:
        errno = getattr(error, "errno", None) or (error.args or (None,))[0]
        say("raised %s %s" % (type(error).__name__, errno))
    else:
        say("returned")


main()
