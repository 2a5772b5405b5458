"""Block in the system call named on the command line, made through libc with chosen arguments.

Writes "blocking PID" before the call and "returned" after it; a SIGUSR1 interrupts it.
"""

import ctypes
import fcntl
import os
import select
import signal
import socket
import struct
import sys
import tempfile
import time

LIBC = ctypes.CDLL(None, use_errno=True)
KEPT = []  # what a call needs stays alive here
FULL = b"ab\0" + b'1\n"\x80\x7f1\t' + b"q" * 100


def say(line):
    os.writev(1, [line])  # not write(2), which is one of the cases


def buffer(data):
    made = ctypes.create_string_buffer(bytes(data), len(data))
    KEPT.append(made)
    return ctypes.c_void_p(ctypes.addressof(made))


def kept(made):
    KEPT.append(made)
    return made


def syscall(number, *args):
    # Registers are 64 bits wide: a plain int would leave the upper half of one undefined.
    wide = [arg if isinstance(arg, ctypes.c_void_p) else ctypes.c_long(arg or 0) for arg in args]
    return lambda: LIBC.syscall(ctypes.c_long(number), *wide)


def timespec(seconds, fraction=0):
    return buffer(struct.pack("qq", seconds, fraction))


def full_pipe():
    reader, writer = os.pipe()
    KEPT.append(reader)
    os.set_blocking(writer, False)
    try:
        while True:
            os.write(writer, b"x" * 65536)
    except OSError:
        os.set_blocking(writer, True)
    return writer


def full_socket():
    one, other = kept(socket.socketpair())
    one.setblocking(False)
    try:
        while True:
            one.send(b"x" * 65536)
    except OSError:
        one.setblocking(True)
    return one.fileno()


def sleeping_child():
    pid = os.fork()
    if pid == 0:
        LIBC.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        while True:
            signal.pause()
    return pid


def listener(family, address, backlog):
    made = kept(socket.socket(family))
    made.bind(address)
    made.listen(backlog)
    return made


def full_listener(family, address):
    made = listener(family, address, 0)
    for _ in range(3):
        client = kept(socket.socket(family))
        client.setblocking(False)
        client.connect_ex(made.getsockname())
    return made


def read():
    return syscall(0, kept(os.pipe())[0], buffer(bytes(4096)), 4096)


def write():
    return syscall(1, full_pipe(), buffer(FULL), len(FULL))


def write_short():
    return syscall(1, full_pipe(), buffer(b"a\\b"), 3)


def poll():
    reader, writer = kept(os.pipe())
    fds = struct.pack("iHH", reader, 3, 0) + struct.pack("iHH", -1, 1, 0)
    return syscall(7, buffer(fds), 2, 600000)


def ppoll():
    fds = struct.pack("iHH", kept(os.pipe())[0], 0x2001, 0)
    return syscall(271, buffer(fds), 1, timespec(600, 250), buffer(struct.pack("Q", 1 << 11)), 8)


def select_():
    first, second = kept(os.pipe())[0], kept(os.pipe())[0]
    sets = struct.pack("16Q", 1 << first | 1 << second, *[0] * 15)
    return syscall(23, second + 1, buffer(sets), 0, buffer(bytes(128)), timespec(600, 250))


def pselect6():
    reader = kept(os.pipe())[0]
    sets = struct.pack("16Q", 1 << reader, *[0] * 15)
    return syscall(270, reader + 1, buffer(sets), 0, 0, 0, 0)


def epoll_wait():
    return syscall(232, kept(select.epoll()).fileno(), buffer(bytes(48)), 4, -1)


def epoll_pwait():
    return syscall(281, kept(select.epoll()).fileno(), buffer(bytes(48)), 4, 600000, 0, 8)


def nanosleep():
    return syscall(35, timespec(600, 250), 0)


def clock_nanosleep():
    return syscall(230, 1, 0, timespec(600, 250), 0)


def clock_nanosleep_absolute():
    return syscall(230, 0, 1, timespec(int(time.time()) + 600), 0)


def futex_wait():
    return syscall(202, buffer(bytes(4)), 0, 0, timespec(600), 0, 0)


def futex_wait_bitset():
    return syscall(202, buffer(bytes(4)), 9 | 128 | 256, 0, 0, 0, -1)


def futex_lock_pi():
    # Held by a child: a futex with the owner's number in it (futex(2)).
    word = buffer(struct.pack("I", sleeping_child()))
    return syscall(202, word, 6 | 128, 0, 0, 0, 0)


def wait4():
    sleeping_child()
    return syscall(61, -1, buffer(bytes(4)), 0x40000002, 0)


def waitid():
    return syscall(247, 1, sleeping_child(), buffer(bytes(128)), 4, 0)


def opened_twice():
    # A file without a name, so that nothing is left behind, opened a second time.
    first = kept(tempfile.TemporaryFile())
    return first, kept(open("/proc/self/fd/%d" % first.fileno(), "r+"))


def flock():
    first, second = opened_twice()
    fcntl.flock(first, fcntl.LOCK_EX)
    return syscall(73, second.fileno(), fcntl.LOCK_SH)


def fcntl_ofd_setlkw():
    lock = struct.pack("hh4xqqi4x", fcntl.F_WRLCK, 0, 1, 10, 0)
    first, second = opened_twice()
    fcntl.fcntl(first, 37, lock)
    return syscall(72, second.fileno(), 38, buffer(lock))


def openat():
    with tempfile.TemporaryDirectory() as directory:
        os.mkfifo(directory + "/fifo")
        path = os.open(directory + "/fifo", os.O_PATH)
    name = b"/proc/self/fd/%d" % path
    return syscall(257, -100, buffer(name + b"\0"), os.O_WRONLY | os.O_CLOEXEC)


def accept():
    made = listener(socket.AF_INET, ("127.0.0.1", 0), 1)
    length = buffer(struct.pack("I", 128))
    return syscall(43, made.fileno(), buffer(bytes(128)), length)


def accept4():
    made = listener(socket.AF_INET, ("127.0.0.1", 0), 1)
    return syscall(288, made.fileno(), 0, 0, socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)


def connect_inet():
    port = full_listener(socket.AF_INET, ("127.0.0.1", 0)).getsockname()[1]
    address = struct.pack("=H", socket.AF_INET) + struct.pack("!H", port)
    address += socket.inet_aton("127.0.0.1") + bytes(8)
    return syscall(42, kept(socket.socket()).fileno(), buffer(address), len(address))


def connect_inet6():
    port = full_listener(socket.AF_INET6, ("::1", 0)).getsockname()[1]
    address = struct.pack("=H", socket.AF_INET6) + struct.pack("!HI", port, 0)
    address += socket.inet_pton(socket.AF_INET6, "::1") + bytes(4)
    made = kept(socket.socket(socket.AF_INET6))
    return syscall(42, made.fileno(), buffer(address), len(address))


def connect_abstract():
    name = b"\0raw-call-%d" % os.getpid()
    made = listener(socket.AF_UNIX, name, 0)
    kept(socket.socket(socket.AF_UNIX)).connect(made.getsockname())
    address = struct.pack("=H", socket.AF_UNIX) + name
    client = kept(socket.socket(socket.AF_UNIX))
    return syscall(42, client.fileno(), buffer(address), len(address))


def recvfrom():
    made = kept(socket.socketpair())[0]
    return syscall(45, made.fileno(), buffer(bytes(16)), 16, 0x102, 0, 0)


def recvfrom_udp():
    made = kept(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
    made.bind(("127.0.0.1", 0))
    length = buffer(struct.pack("I", 16))
    return syscall(45, made.fileno(), buffer(bytes(16)), 16, 0, buffer(bytes(16)), length)


def sendto():
    return syscall(44, full_socket(), buffer(FULL), len(FULL), 0x4000, 0, 0)


def readv():
    iovec = struct.pack("PN", buffer(bytes(8)).value, 8)
    return syscall(19, kept(os.pipe())[0], buffer(iovec), 1)


def rt_sigtimedwait():
    mask = buffer(struct.pack("Q", 1 << 11 | 1 << 33))
    return syscall(128, mask, 0, timespec(600), 8)


def rt_sigsuspend():
    return syscall(130, buffer(struct.pack("Q", 2**64 - 1 & ~(1 << 9))), 8)


def pause():
    return syscall(34)


def sendfile():
    source = kept(open(sys.executable, "rb"))
    return syscall(40, full_pipe(), source.fileno(), 0, 1000)


def main():
    signal.signal(signal.SIGUSR1, lambda *_: None)
    call = globals()[sys.argv[1]]()
    say(b"blocking %d\n" % os.getpid())
    call()
    say(b"returned\n")


main()
