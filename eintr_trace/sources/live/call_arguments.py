"""One argument of a system call as text, by what it is; strace's spelling.

Memory is read a few times per call at most and every read may fail: the pointer is shown
then. At a signal stop the kernel has already written back the time that is left (select,
pselect6, ppoll), so that is what these show.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from typing import Final

from eintr_trace.facts import call_constants as constants
from eintr_trace.facts.call_constants import constant_text, flags_text
from eintr_trace.facts.signals import signal_set_text
from eintr_trace.model.events import FileDescriptor
from eintr_trace.sources.live.tracee_text import descriptor_text, quoted, socket_address_text

Read = Callable[[int, int], bytes]
"""``read(address, size_bytes)`` gives up to that many bytes, fewer where memory ends.

It may raise ``OSError``.
"""

MAX_READS: Final = 48  # execve: a path, two arrays and 32 strings; most calls take one or two
DATA_BYTES: Final = 32  # strace -s 32, its default
_PATH_BYTES: Final = 256
_ARRAY_ITEMS: Final = 16
_FD_SETSIZE: Final = 1024

INT_BITS: Final = 32
LONG_BITS: Final = 64
_POINTER_BYTES: Final = 8
_POLLFD: Final = struct.Struct("<iHH")
_TIMESPEC: Final = struct.Struct("<qq")
_FLOCK: Final = struct.Struct("<hh4xqq")
_IOVEC: Final = struct.Struct("<QQ")
_SIGSET: Final = struct.Struct("<Q")
_INT: Final = struct.Struct("<i")


class UnreadableError(Exception):
    """An argument, or the memory it points to, is not there, or too much was read already."""


class CallArguments:
    """The arguments of one call, and the memory they point to; ``returned`` is its result.

    ``length_before`` is what the length that it changes (accept(2)) was when it was made.
    """

    def __init__(
        self,
        args: tuple[int, ...],
        read: Read,
        descriptor: FileDescriptor | None,
        returned: int = 0,
        length_before: int | None = None,
    ) -> None:
        self.returned = returned
        self.length_before = length_before
        self._args = args
        self._descriptor = descriptor
        self._read = read
        self._reads_left = MAX_READS

    def unsigned(self, index: int, bits: int = INT_BITS) -> int:
        """Give the low ``bits`` of an argument; raises UnreadableError if it is not there."""
        try:
            return self._args[index] & (1 << bits) - 1
        except IndexError as error:
            raise UnreadableError from error

    def signed(self, index: int, bits: int = INT_BITS) -> int:
        """Give the same as a two's complement number."""
        value = self.unsigned(index, bits)
        return value - (1 << bits) if value >> bits - 1 else value

    def address(self, index: int) -> int:
        """Give a whole register."""
        return self.unsigned(index, LONG_BITS)

    def up_to(self, address: int, size_bytes: int) -> bytes:
        """Read at most ``size_bytes``, at least one; raises UnreadableError."""
        if not self._reads_left:
            raise UnreadableError
        self._reads_left -= 1
        try:
            data = self._read(address, size_bytes)
        except OSError as error:
            raise UnreadableError from error
        if not data:
            raise UnreadableError
        return data

    def memory(self, address: int, size_bytes: int) -> bytes:
        """Read exactly ``size_bytes``; raises UnreadableError."""
        if not size_bytes:
            return b""
        data = self.up_to(address, size_bytes)
        if len(data) < size_bytes:
            raise UnreadableError
        return data

    def fd_text(self, fd: int) -> str:
        """Write a descriptor, with what it refers to if that is known."""
        return descriptor_text(fd, self._descriptor)


Render = Callable[[CallArguments, int], str]
"""Gives the text of one argument; ``UnreadableError`` makes it the pointer."""


def show_fd(call: CallArguments, index: int) -> str:
    """Show a descriptor."""
    return call.fd_text(call.signed(index))


def show_directory_fd(call: CallArguments, index: int) -> str:
    """Show the descriptor of a directory, or AT_FDCWD."""
    return "AT_FDCWD" if call.signed(index) == constants.AT_FDCWD else show_fd(call, index)


def show_pointer(call: CallArguments, index: int) -> str:
    """Show an address, or NULL."""
    return f"{call.address(index):#x}" if call.address(index) else "NULL"


def show_hexadecimal(call: CallArguments, index: int) -> str:
    """Show a register as it is."""
    return f"{call.address(index):#x}"


def show_signed_int(call: CallArguments, index: int) -> str:
    """Show 32 bits with a sign."""
    return str(call.signed(index))


def show_unsigned_int(call: CallArguments, index: int) -> str:
    """Show 32 bits without a sign."""
    return str(call.unsigned(index))


def show_signed_long(call: CallArguments, index: int) -> str:
    """Show 64 bits with a sign."""
    return str(call.signed(index, LONG_BITS))


def show_size(call: CallArguments, index: int) -> str:
    """Show 64 bits without a sign."""
    return str(call.address(index))


def show_mode(call: CallArguments, index: int) -> str:
    """Show a file mode in octal."""
    return f"0{call.unsigned(index):o}" if call.unsigned(index) else "000"


def show_constant_of(names: Mapping[int, str]) -> Render:
    """Show one of some constants by name."""
    return lambda call, index: constant_text(call.unsigned(index), names)


def show_flags_of(names: Mapping[int, str]) -> Render:
    """Show some flags by name."""
    return lambda call, index: flags_text(call.unsigned(index), names)


def show_open_flags(call: CallArguments, index: int) -> str:
    """Show the access mode and flags of open(2)."""
    value = call.unsigned(index)
    mode = constant_text(value & constants.O_ACCMODE, constants.OPEN_MODES)
    rest = value & ~constants.O_ACCMODE
    return f"{mode}|{flags_text(rest, constants.OPEN_FLAGS)}" if rest else mode


def non_null(render: Render) -> Render:
    """Show a null pointer as NULL and everything else with ``render``."""
    return lambda call, index: render(call, index) if call.address(index) else "NULL"


@non_null
def show_path(call: CallArguments, index: int) -> str:
    """Show a path, up to its NUL byte."""
    text, end, _ = call.up_to(call.address(index), _PATH_BYTES).partition(b"\0")
    return quoted(text) if end else quoted(text) + "..."


@non_null
def show_data(call: CallArguments, index: int) -> str:
    """Show the bytes of a buffer whose length is the next argument."""
    length = call.address(index + 1)
    if not length:
        return '""'
    data = call.up_to(call.address(index), min(length, DATA_BYTES))
    return quoted(data) + "..." if length > len(data) else quoted(data)


@non_null
def show_timespec(call: CallArguments, index: int) -> str:
    """Show a struct timespec."""
    seconds, fraction = _TIMESPEC.unpack(call.memory(call.address(index), _TIMESPEC.size))
    return f"{{tv_sec={seconds}, tv_nsec={fraction}}}"


@non_null
def show_timeval(call: CallArguments, index: int) -> str:
    """Show a struct timeval."""
    seconds, fraction = _TIMESPEC.unpack(call.memory(call.address(index), _TIMESPEC.size))
    return f"{{tv_sec={seconds}, tv_usec={fraction}}}"


@non_null
def show_length_pointer(call: CallArguments, index: int) -> str:
    """Show the int that is pointed to."""
    return f"[{_INT.unpack(call.memory(call.address(index), _INT.size))[0]}]"


@non_null
def show_socket_address(call: CallArguments, index: int) -> str:
    """Show a struct sockaddr whose length is the next argument."""
    length = min(call.unsigned(index + 1), _PATH_BYTES)
    text = socket_address_text(call.up_to(call.address(index), length)) if length else None
    return text or show_pointer(call, index)


@non_null
def show_signal_set(call: CallArguments, index: int) -> str:
    """Show a sigset_t."""
    (mask,) = _SIGSET.unpack(call.memory(call.address(index), _SIGSET.size))
    return signal_set_text(mask)


@non_null
def show_pollfds(call: CallArguments, index: int) -> str:
    """Show pollfd structures; their number is the next argument."""
    items = [_pollfd(call, fd, events) for fd, events in _pollfds(call, index)]
    return _array(items, call.unsigned(index + 1))


def polled_descriptors(call: CallArguments, index: int) -> set[int]:
    """Give the descriptors of pollfd structures; raises UnreadableError if not all are read."""
    if call.unsigned(index + 1) > _ARRAY_ITEMS:
        raise UnreadableError
    return {fd for fd, _ in _pollfds(call, index) if fd >= 0}


def _pollfds(call: CallArguments, index: int) -> list[tuple[int, int]]:
    """Read descriptor and events of the first pollfd structures (poll(2))."""
    count = min(call.unsigned(index + 1), _ARRAY_ITEMS)
    data = call.memory(call.address(index), count * _POLLFD.size) if count else b""
    return [(fd, events) for fd, events, _ in _POLLFD.iter_unpack(data)]


def _pollfd(call: CallArguments, fd: int, events: int) -> str:
    if fd < 0:
        return f"{{fd={fd}}}"
    return f"{{fd={call.fd_text(fd)}, events={flags_text(events, constants.POLL_EVENTS)}}}"


@non_null
def show_iovecs(call: CallArguments, index: int) -> str:
    """Show iovec structures; their number is the next argument."""
    count = call.address(index + 1)
    if not count:
        return "[]"
    data = call.memory(call.address(index), min(count, _ARRAY_ITEMS) * _IOVEC.size)
    items = [f"{{iov_base={base:#x}, iov_len={size}}}" for base, size in _IOVEC.iter_unpack(data)]
    return _array(items, count)


def _array(items: list[str], count: int) -> str:
    more = ["..."] if count > len(items) else []
    return f"[{', '.join(items + more)}]"


@non_null
def show_fd_set(call: CallArguments, index: int) -> str:
    """Show the descriptors of an fd_set."""
    members = fd_set_members(call, index)
    more = " ..." if len(members) > _ARRAY_ITEMS else ""
    return f"[{' '.join(call.fd_text(fd) for fd in members[:_ARRAY_ITEMS])}{more}]"


def fd_set_members(call: CallArguments, index: int) -> list[int]:
    """Give the descriptors of an fd_set (select(2)), of which ``nfds`` is the first argument."""
    nfds = min(max(call.signed(0), 0), _FD_SETSIZE)
    if not nfds:
        return []
    words = -(-nfds // LONG_BITS)
    bits = int.from_bytes(call.memory(call.address(index), words * _POINTER_BYTES), "little")
    return [fd for fd in range(nfds) if bits >> fd & 1]


@non_null
def show_record_lock(call: CallArguments, index: int) -> str:
    """Show a struct flock."""
    kind, whence, start, length = _FLOCK.unpack(call.memory(call.address(index), _FLOCK.size))
    return (
        f"{{l_type={constant_text(kind, constants.LOCK_TYPES)}, "
        f"l_whence={constant_text(whence, constants.WHENCES)}, l_start={start}, l_len={length}}}"
    )


_TIMED_FUTEXES: Final = frozenset(
    {"FUTEX_WAIT", "FUTEX_WAIT_BITSET", "FUTEX_WAIT_REQUEUE_PI", "FUTEX_LOCK_PI", "FUTEX_LOCK_PI2"}
)


def futex_operation(call: CallArguments) -> str | None:
    """Name what a futex(2) call does, without its flags."""
    flags = constants.FUTEX_PRIVATE_FLAG | constants.FUTEX_CLOCK_REALTIME
    return constants.FUTEX_OPERATIONS.get(call.unsigned(1) & ~flags)


def show_futex_operation(call: CallArguments, index: int) -> str:
    """Show the operation of a futex(2) call with its flags."""
    value = call.unsigned(index)
    private, realtime = constants.FUTEX_PRIVATE_FLAG, constants.FUTEX_CLOCK_REALTIME
    text = constant_text(value & ~(private | realtime), constants.FUTEX_OPERATIONS)
    text += "_PRIVATE" if value & private else ""
    return text + ("|FUTEX_CLOCK_REALTIME" if value & realtime else "")


def show_futex_timeout(call: CallArguments, index: int) -> str:
    """Show the fourth argument of futex(2): a time, or a number, as the operation has it."""
    timed = futex_operation(call) in _TIMED_FUTEXES
    return show_timespec(call, index) if timed else show_unsigned_int(call, index)


def show_futex_bitset(call: CallArguments, index: int) -> str:
    """Show the last argument of futex(2)."""
    value = call.unsigned(index)
    if futex_operation(call) == "FUTEX_CMP_REQUEUE":
        return str(value)
    return "FUTEX_BITSET_MATCH_ANY" if value == constants.FUTEX_BITSET_MATCH_ANY else f"{value:#x}"


def show_fcntl_argument(call: CallArguments, index: int) -> str:
    """Show the third argument of fcntl(2): a lock, or a number, as the command has it."""
    locks = constants.FCNTL_COMMANDS.get(call.unsigned(1)) in constants.FCNTL_WITH_LOCK
    return show_record_lock(call, index) if locks else show_hexadecimal(call, index)
