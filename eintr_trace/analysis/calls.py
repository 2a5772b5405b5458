"""System calls compared: which one is the interrupted call made again."""

from __future__ import annotations

from eintr_trace.analysis.logs.printed_arguments import printed_arguments
from eintr_trace.facts.restart_codes import restart_code
from eintr_trace.model.events import FileDescriptor, InterruptedCall, Syscall

RESTART_SYSCALL = "restart_syscall"
_WAIT_FOR_A_SIGNAL = frozenset({"pause", "rt_sigsuspend"})
_RECEIVES = frozenset({"recvfrom", "recvmsg", "read", "readv"})
_SENDS = frozenset({"sendto", "sendmsg", "write", "writev"})
_THIRD = 2
_MOST_DIGITS = 19
_LENGTH_IS_THIRD = frozenset({"read", "write", "recvfrom", "sendto", "pread64", "pwrite64"})

# How many of the printed arguments say which call it is, where it is not the first alone: the
# operation of futex(2), fcntl(2) and ioctl(2); the path; the sets; clock_nanosleep(2)'s flags.
_PRINTED = {"futex": 2, "fcntl": 2, "ioctl": 2, "openat": 2, "select": 4, "pselect6": 4}
_PRINTED |= {"clock_nanosleep": 2}
_DEADLINE_IS_THIRD = 3  # an absolute one stays the same however often the call is made


def was_interrupted(call: InterruptedCall | None) -> bool:
    """Tell whether the call was given up for a signal, rather than finished before it."""
    return call is not None and restart_code(call.retval) is not None


def is_meant_to_end(call: Syscall) -> bool:
    """Tell whether a signal is what the call waits for: pause(2), sigsuspend(2)."""
    return call.name in _WAIT_FOR_A_SIGNAL


def is_receive(call: Syscall) -> bool:
    """Tell whether the call takes data from its descriptor."""
    return call.name in _RECEIVES


def is_send(call: Syscall) -> bool:
    """Tell whether the call gives data to its descriptor."""
    return call.name in _SENDS


def socket_timeout(call: Syscall, descriptor: FileDescriptor) -> tuple[str, int] | None:
    """Give the option and the nanoseconds of the timeout that a call on a socket has.

    accept(2) heeds SO_RCVTIMEO, connect(2) SO_SNDTIMEO (socket(7)).
    """
    if is_receive(call) or call.name in {"accept", "accept4"}:
        option, timeout_ns = "SO_RCVTIMEO", descriptor.receive_timeout_ns
    elif is_send(call) or call.name == "connect":
        option, timeout_ns = "SO_SNDTIMEO", descriptor.send_timeout_ns
    else:
        return None
    return (option, timeout_ns) if timeout_ns else None


def same_call(one: Syscall, other: Syscall) -> bool:
    """Tell whether both are the same call on the same thing (first argument).

    Timeouts, buffers and lengths may differ: CPython's retries pass on the time that is left.
    Where a source has no argument values, the descriptor and the printed arguments decide.
    """
    if one.name != other.name:
        return False
    if one.args is not None and other.args is not None:
        return one.args[:1] == other.args[:1]
    before, now = printed_arguments(one.text), printed_arguments(other.text)
    count = _DEADLINE_IS_THIRD if before[1:2] == ("TIMER_ABSTIME",) else _PRINTED.get(one.name, 1)
    if one.descriptor is not None and other.descriptor is not None:
        return one.descriptor.fd == other.descriptor.fd and before[1:count] == now[1:count]
    return before[:count] == now[:count]


def asked_bytes(call: Syscall) -> int | None:
    """Give the length that a transfer asked for: the third argument of recv(2), read(2), …."""
    if call.name not in _LENGTH_IS_THIRD:
        return None
    if call.args is not None and len(call.args) > _THIRD:
        return call.args[_THIRD]
    printed = printed_arguments(call.text)  # a log has the values up to the first string only
    length = printed[_THIRD] if len(printed) > _THIRD else ""
    return int(length) if length.isdecimal() and len(length) <= _MOST_DIGITS else None
