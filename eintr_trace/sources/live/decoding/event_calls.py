"""Calls that wait for descriptors and timers, and what they found."""

from __future__ import annotations

import struct
from typing import Final

from eintr_trace.facts import event_call_constants as constants
from eintr_trace.facts.call_constants import CLOCKS, POLL_EVENTS, constant_text, flags_text
from eintr_trace.facts.signals import signal_name, signal_set_text
from eintr_trace.sources.live.call_arguments import (
    INT_BITS,
    CallArguments,
    Render,
    UnreadableError,
    fd_set_members,
    non_null,
    show_constant_of,
    show_fd,
    show_fd_set,
    show_flags_of,
    show_path,
    show_pointer,
    show_signal_set,
    show_signed_int,
    show_size,
    show_timespec,
    show_timeval,
    show_unsigned_int,
)
from eintr_trace.sources.live.decoding.family import Family
from eintr_trace.sources.live.decoding.structures import (
    array_text,
    show_given_int,
    show_interval_spec,
    show_structure,
    timespec_text,
)

_POLLFD: Final = struct.Struct("<ihH")  # asm-generic/poll.h: fd, events, revents
_EVENT: Final = struct.Struct("<IQ")  # struct epoll_event, packed: linux/eventpoll.h
_SIGSET_ARGUMENT: Final = struct.Struct("<QQ")  # of pselect6: fs/select.c
_SIGSET: Final = struct.Struct("<Q")
_SIGEVENT: Final = struct.Struct("<Qiii")  # asm-generic/siginfo.h: value, signo, notify, tid
_MOST_ITEMS: Final = 32


def _event_text(events: int, data: int) -> str:
    return (
        f"{{events={flags_text(events, constants.EPOLL_EVENTS)},"
        f" data={{u32={data & (1 << INT_BITS) - 1}, u64={data}}}}}"
    )


_show_event: Final = show_structure(_EVENT, _event_text)


def _show_event_to_set(call: CallArguments, index: int) -> str:
    """Show the event that epoll_ctl(2) sets; deleting takes none."""
    deletes = constants.EPOLL_OPERATIONS.get(call.unsigned(1)) == "EPOLL_CTL_DEL"
    return show_pointer(call, index) if deletes else _show_event(call, index)


@non_null
def _show_events(call: CallArguments, index: int) -> str:
    """Show the events that epoll_wait(2) gave: as many as it returned."""
    count = min(call.returned, _MOST_ITEMS)
    data = call.memory(call.address(index), count * _EVENT.size) if count else b""
    return array_text([_event_text(*one) for one in _EVENT.iter_unpack(data)], call.returned)


def _poll_result(call: CallArguments) -> str | None:
    return _found(call, _polled(call))


def _ppoll_result(call: CallArguments) -> str | None:
    return _found(call, [*_polled(call), *_left(call, 2, show_timespec)])


def _polled(call: CallArguments) -> list[str]:
    """Give the descriptors that poll(2) found something of."""
    if not call.returned or not call.address(0):
        return []
    count = min(call.unsigned(1), _MOST_ITEMS)
    data = call.memory(call.address(0), count * _POLLFD.size)
    found = [
        f"{{fd={call.fd_text(fd)}, revents={flags_text(given, POLL_EVENTS)}}}"
        for fd, _, given in _POLLFD.iter_unpack(data)
        if given
    ]
    return [array_text(found, call.returned)]


def _select_result(call: CallArguments) -> str | None:
    return _found(call, [*_selected(call), *_left(call, 4, show_timeval)])


def _pselect_result(call: CallArguments) -> str | None:
    return _found(call, [*_selected(call), *_left(call, 4, show_timespec)])


def _selected(call: CallArguments) -> list[str]:
    return [
        f"{name} {show_fd_set(call, index)}"
        for index, name in ((1, "in"), (2, "out"), (3, "except"))
        if call.returned and call.address(index) and fd_set_members(call, index)
    ]


def _left(call: CallArguments, index: int, show: Render) -> list[str]:
    """Give the time that the kernel says is left; it writes that back (select(2), Linux notes)."""
    return [f"left {show(call, index)}"] if call.returned and call.address(index) else []


def _found(call: CallArguments, parts: list[str]) -> str | None:
    return f"{call.returned} ({', '.join(parts)})" if parts else None


@non_null
def _show_waited_mask(call: CallArguments, index: int) -> str:
    """Show the last argument of pselect6(2): a pointer to a signal set, and its size."""
    address, size = _SIGSET_ARGUMENT.unpack(call.memory(call.address(index), _SIGSET_ARGUMENT.size))
    mask = "NULL"
    if address:
        try:
            mask = signal_set_text(_SIGSET.unpack(call.memory(address, _SIGSET.size))[0])
        except UnreadableError:
            mask = f"{address:#x}"
    return f"{{sigmask={mask}, sigsetsize={size}}}"


def _notification_text(value: int, signo: int, how: int, tid: int) -> str:
    parts = [f"sigev_value={{sival_int={_signed(value)}, sival_ptr={value:#x}}}"] if value else []
    parts.append(f"sigev_signo={signal_name(signo) if signo > 0 else signo}")
    parts.append(f"sigev_notify={constant_text(how, constants.NOTIFICATIONS)}")
    if how == constants.SIGEV_THREAD_ID:
        parts.append(f"sigev_notify_thread_id={tid}")
    return f"{{{', '.join(parts)}}}"


def _signed(value: int) -> int:
    low = value & (1 << INT_BITS) - 1
    return low - (1 << INT_BITS) if low >> INT_BITS - 1 else low


def _timespec_left(call: CallArguments, index: int) -> str:
    return show_timespec(call, index)


_show_timespec_given: Final = show_structure(struct.Struct("<qq"), timespec_text)
_SELECT: Final[tuple[Render, ...]] = (show_signed_int, show_fd_set, show_fd_set, show_fd_set)
_CLOCK: Final = show_constant_of(CLOCKS)
_SET_TIMER: Final[tuple[Render, ...]] = (show_interval_spec, show_pointer)

EVENT_CALLS: Final = Family(
    # Each as in section 2 of the manual pages.
    entered={
        "clock_getres": (_CLOCK, show_pointer),
        "clock_gettime": (_CLOCK, show_pointer),
        "epoll_ctl": (
            show_fd,
            show_constant_of(constants.EPOLL_OPERATIONS),
            show_fd,
            _show_event_to_set,
        ),
        "eventfd2": (show_unsigned_int, show_flags_of(constants.EVENTFD_FLAGS)),
        "inotify_add_watch": (show_fd, show_path, show_flags_of(constants.INOTIFY_EVENTS)),
        "inotify_init1": (show_flags_of(constants.INOTIFY_FLAGS),),
        "pselect6": (*_SELECT, show_timespec, _show_waited_mask),
        "signalfd4": (
            show_signed_int,
            show_signal_set,
            show_size,
            show_flags_of(constants.SIGNALFD_FLAGS),
        ),
        "timer_create": (
            _CLOCK,
            show_structure(_SIGEVENT, _notification_text),
            show_pointer,
        ),
        "timer_delete": (show_signed_int,),
        "timer_settime": (show_signed_int, show_signed_int, *_SET_TIMER),
        "timerfd_create": (_CLOCK, show_flags_of(constants.TIMERFD_FLAGS)),
        "timerfd_gettime": (show_fd, show_pointer),
        "timerfd_settime": (show_fd, show_flags_of(constants.TIMERFD_SET_FLAGS), *_SET_TIMER),
    },
    given={
        "clock_getres": {1: _show_timespec_given},
        "clock_gettime": {1: _show_timespec_given},
        "epoll_pwait": {1: _show_events},
        "epoll_pwait2": {1: _show_events},
        "epoll_wait": {1: _show_events},
        "timer_create": {2: show_given_int},
        "timer_settime": {3: show_interval_spec},
        "timerfd_gettime": {1: show_interval_spec},
        "timerfd_settime": {3: show_interval_spec},
    },
    results={
        "poll": _poll_result,
        "ppoll": _ppoll_result,
        "pselect6": _pselect_result,
        "select": _select_result,
    },
)
