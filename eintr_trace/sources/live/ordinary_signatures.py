"""The arguments of calls that do not block, which only a trace of every call shows."""

from __future__ import annotations

import struct
from typing import Final

from eintr_trace.facts import ordinary_call_constants as constants
from eintr_trace.facts.call_constants import OPEN_FLAGS, constant_text, flags_text
from eintr_trace.facts.signals import signal_name, signal_set_text
from eintr_trace.sources.live.call_arguments import (
    CallArguments,
    Render,
    non_null,
    show_constant_of,
    show_directory_fd,
    show_fd,
    show_flags_of,
    show_hexadecimal,
    show_path,
    show_pointer,
    show_signal_set,
    show_signed_int,
    show_signed_long,
    show_size,
    show_unsigned_int,
)

_SIGACTION: Final = struct.Struct("<QQQQ")  # handler, flags, restorer, mask: linux/signal_types.h
_ITIMERVAL: Final = struct.Struct("<qqqq")


def show_signal(call: CallArguments, index: int) -> str:
    """Show the number of a signal; 0 is none (kill(2))."""
    signo = call.signed(index)
    return signal_name(signo) if signo > 0 else str(signo)


@non_null
def show_signal_action(call: CallArguments, index: int) -> str:
    """Show a struct sigaction as the kernel has it."""
    data = call.memory(call.address(index), _SIGACTION.size)
    handler, flags, restorer, mask = _SIGACTION.unpack(data)
    parts = [
        f"sa_handler={constant_text(handler, constants.HANDLERS)}",
        f"sa_mask={signal_set_text(mask)}",
        f"sa_flags={flags_text(flags, constants.ACTION_FLAGS)}",
    ]
    if flags & constants.SA_RESTORER:
        parts.append(f"sa_restorer={restorer:#x}")
    return f"{{{', '.join(parts)}}}"


@non_null
def show_interval(call: CallArguments, index: int) -> str:
    """Show a struct itimerval."""
    every, every_us, first, first_us = _ITIMERVAL.unpack(
        call.memory(call.address(index), _ITIMERVAL.size)
    )
    return (
        f"{{it_interval={{tv_sec={every}, tv_usec={every_us}}},"
        f" it_value={{tv_sec={first}, tv_usec={first_us}}}}}"
    )


def _protection(call: CallArguments, index: int) -> str:
    value = call.unsigned(index)
    return flags_text(value, constants.PROTECTIONS) if value else "PROT_NONE"


def _map_flags(call: CallArguments, index: int) -> str:
    value = call.unsigned(index)
    kind = value & constants.MAP_TYPE_BITS
    rest = value & ~constants.MAP_TYPE_BITS
    named = constants.MAP_TYPES.get(kind) or f"{kind:#x} /* MAP_??? */"
    return f"{named}|{flags_text(rest, constants.MAP_FLAGS)}" if rest else named


def _access_mode(call: CallArguments, index: int) -> str:
    value = call.unsigned(index)
    return flags_text(value, constants.ACCESS_MODES) if value else "F_OK"


def _offset(call: CallArguments, index: int) -> str:
    return f"{call.address(index):#x}" if call.address(index) else "0"


_TIMER: Final = show_constant_of(constants.INTERVAL_TIMERS)

# Each as in section 2 of the manual pages; what a call writes is shown when it has come back.
ORDINARY_SIGNATURES: Final[dict[str, tuple[Render, ...]]] = {
    "access": (show_path, _access_mode),
    "alarm": (show_unsigned_int,),
    "arch_prctl": (show_constant_of(constants.ARCH_OPERATIONS), show_hexadecimal),
    "brk": (show_pointer,),
    "epoll_create1": (show_flags_of(constants.EPOLL_FLAGS),),
    "getrandom": (show_pointer, show_size, show_flags_of(constants.RANDOM_FLAGS)),
    "kill": (show_signed_int, show_signal),
    "lseek": (show_fd, show_signed_long, show_constant_of(constants.SEEK_WHENCES)),
    "madvise": (show_pointer, show_size, show_constant_of(constants.ADVICE)),
    "mmap": (
        show_pointer,
        show_size,
        _protection,
        _map_flags,
        show_fd,
        _offset,
    ),
    "mprotect": (show_pointer, show_size, _protection),
    "openat2": (show_directory_fd, show_path, show_pointer, show_size),
    "pipe2": (show_pointer, show_flags_of(OPEN_FLAGS)),
    "rseq": (show_pointer, show_hexadecimal, show_unsigned_int, show_hexadecimal),
    "rt_sigaction": (show_signal, show_signal_action, show_pointer, show_size),
    "rt_sigprocmask": (
        show_constant_of(constants.MASK_ACTIONS),
        show_signal_set,
        show_pointer,
        show_size,
    ),
    "setitimer": (_TIMER, show_interval, show_pointer),
    "shutdown": (show_fd, show_constant_of(constants.SHUTDOWNS)),
    "tgkill": (show_signed_int, show_signed_int, show_signal),
}
