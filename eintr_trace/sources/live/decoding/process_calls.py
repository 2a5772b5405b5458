"""Calls that make, wait for and ask about processes; signals that are asked for."""

from __future__ import annotations

import struct
from typing import Final

from eintr_trace.facts import process_call_constants as constants
from eintr_trace.facts.call_constants import constant_text, flags_text
from eintr_trace.facts.event_call_constants import STACK_FLAGS
from eintr_trace.facts.ordinary_call_constants import INTERVAL_TIMERS
from eintr_trace.facts.signals import signal_code_name, signal_name
from eintr_trace.sources.live.call_arguments import (
    CallArguments,
    Render,
    UnreadableError,
    non_null,
    show_constant_of,
    show_fd,
    show_hexadecimal,
    show_path,
    show_pointer,
    show_signal_set,
    show_signed_int,
    show_size,
    show_unsigned_int,
)
from eintr_trace.sources.live.decoding.family import Family
from eintr_trace.sources.live.decoding.structures import (
    bracketed,
    date_text,
    show_given_int,
    show_given_unsigned,
    show_structure,
    timeval_text,
)
from eintr_trace.sources.live.tracee_text import hexadecimal_text, quoted

_POINTERS: Final = struct.Struct("<Q")
_USAGE: Final = struct.Struct("<4q")  # the beginning of struct rusage, linux/resource.h
_LIMIT: Final = struct.Struct("<QQ")  # struct rlimit64, linux/resource.h
_CHILD: Final = struct.Struct("<iii4xiIi4xqq")  # siginfo_t of SIGCHLD, asm-generic/siginfo.h
_SENT: Final = struct.Struct("<iii4xiI")
_STACK: Final = struct.Struct("<QiiQ")  # stack_t, asm/signal.h
_CLONE: Final = struct.Struct("<11Q")  # struct clone_args, linux/sched.h
_CLONE_BYTES: Final = 88
_UTSNAME: Final = struct.Struct("<65s65s")  # the beginning of struct new_utsname
_SYSINFO: Final = struct.Struct("<q3Q6QH6xQQI")  # struct sysinfo, linux/sysinfo.h
_TIMES: Final = struct.Struct("<4q")  # struct tms, linux/times.h
_TIMEVAL: Final = struct.Struct("<qq")
_MOST_STRINGS: Final = 32
_STRING_BYTES: Final = 33
_ENVIRONMENT_BYTES: Final = 8192
_MOST_RANDOM_BYTES: Final = 32
_KIB: Final = 1024
_WIFSIGNALED_BITS: Final = 0x7F
_CORE_BIT: Final = 0x80
_STOPPED: Final = 0x7F
_CONTINUED: Final = 0xFFFF
_CLD_EXITED: Final = 1
_SIGCHLD: Final = 17


def status_text(status: int) -> str:
    """Write a wait status (wait(2), WIFEXITED and its kin)."""
    low, high = status & 0xFF, status >> 8 & 0xFF
    if status & 0xFFFF == _CONTINUED:
        return "[{WIFCONTINUED(s)}]"
    if low == _STOPPED:
        return f"[{{WIFSTOPPED(s) && WSTOPSIG(s) == {_signal(high)}}}]"
    if not low & _WIFSIGNALED_BITS:
        return f"[{{WIFEXITED(s) && WEXITSTATUS(s) == {high}}}]"
    core = " && WCOREDUMP(s)" if low & _CORE_BIT else ""
    return f"[{{WIFSIGNALED(s) && WTERMSIG(s) == {_signal(low & _WIFSIGNALED_BITS)}{core}}}]"


def _signal(signo: int) -> str:
    return signal_name(signo) if signo > 0 else str(signo)


def _when_returned(show: Render) -> Render:
    """Show a pointer where the call gave nothing: waitpid(2) with WNOHANG."""
    return lambda call, index: (show if call.returned else show_pointer)(call, index)


def _usage_text(user: int, user_us: int, system: int, system_us: int) -> str:
    return (
        f"{{ru_utime={timeval_text(user, user_us)},"
        f" ru_stime={timeval_text(system, system_us)}, ...}}"
    )


_show_status: Final = show_structure(struct.Struct("<i"), status_text)
_show_usage: Final = show_structure(_USAGE, _usage_text)


@non_null
def _show_siginfo(call: CallArguments, index: int) -> str:
    """Show the siginfo_t that waitid(2) or sigtimedwait(2) gave."""
    data = call.memory(call.address(index), _CHILD.size)
    signo, _errno, code, pid, uid, status, user, system = _CHILD.unpack(data)
    if not signo:
        return "{}"
    head = f"si_signo={_signal(signo)}, si_code={signal_code_name(signo, code) or code}"
    if signo == _SIGCHLD and code > 0:
        shown = status if code == _CLD_EXITED else _signal(status)
        return (
            f"{{{head}, si_pid={pid}, si_uid={uid}, si_status={shown},"
            f" si_utime={user}, si_stime={system}}}"
        )
    return f"{{{head}, si_pid={pid}, si_uid={uid}}}" if code <= 0 else f"{{{head}}}"


def _signal_result(call: CallArguments) -> str | None:
    return f"{call.returned} ({_signal(call.returned)})" if call.returned > 0 else None


def _limit_text(soft: int, hard: int) -> str:
    return f"{{rlim_cur={_limit(soft)}, rlim_max={_limit(hard)}}}"


def _limit(value: int) -> str:
    if value == constants.RLIM64_INFINITY:
        return "RLIM64_INFINITY"
    return f"{value // _KIB}*{_KIB}" if value > _KIB and not value % _KIB else str(value)


@non_null
def _show_strings(call: CallArguments, index: int) -> str:
    """Show an array of strings that ends with a null pointer, and of each the beginning."""
    data = call.up_to(call.address(index), (_MOST_STRINGS + 1) * _POINTERS.size)
    items: list[str] = []
    for (address,) in _POINTERS.iter_unpack(data[: len(data) // _POINTERS.size * _POINTERS.size]):
        if not address:
            return f"[{', '.join(items)}]"
        if len(items) == _MOST_STRINGS:
            break
        items.append(_string_text(call, address))
    return f"[{', '.join([*items, '...'])}]"


def _string_text(call: CallArguments, address: int) -> str:
    try:
        text, end, _ = call.up_to(address, _STRING_BYTES).partition(b"\0")
    except UnreadableError:
        return f"{address:#x}"
    return quoted(text) if end else quoted(text[: _STRING_BYTES - 1]) + "..."


@non_null
def _show_environment(call: CallArguments, index: int) -> str:
    """Count the strings of an environment; without a count where there are very many."""
    data = call.up_to(call.address(index), _ENVIRONMENT_BYTES)
    pointer = f"{call.address(index):#x}"
    whole = data[: len(data) // _POINTERS.size * _POINTERS.size]
    for count, (address,) in enumerate(_POINTERS.iter_unpack(whole)):
        if not address:
            return f"{pointer} /* {count} {'var' if count == 1 else 'vars'} */"
    return pointer


def _clone_flags(value: int, exit_signal: int) -> str:
    names = flags_text(value, constants.CLONE_FLAGS) if value else ""
    return "|".join(part for part in (names, _signal(exit_signal) if exit_signal else "") if part)


def _show_clone_stack(call: CallArguments, index: int) -> str:
    return f"child_stack={show_pointer(call, index)}"


def _show_clone_flags(call: CallArguments, index: int) -> str:
    value = call.address(index)
    text = _clone_flags(value & ~constants.CLONE_SIGNAL_BITS, value & constants.CLONE_SIGNAL_BITS)
    return f"flags={text or '0'}"


def _show_parent_tid(call: CallArguments, index: int) -> str:
    return f"parent_tid={show_pointer(call, index)}"


def _show_given_parent_tid(call: CallArguments, index: int) -> str:
    return f"parent_tid={show_given_int(call, index)}"


def _show_child_tid(call: CallArguments, index: int) -> str:
    return f"child_tidptr={show_pointer(call, index)}"


def _show_tls(call: CallArguments, index: int) -> str:
    return f"tls={call.address(index):#x}"


def _clone_positions(call: CallArguments) -> tuple[int, ...]:
    """In strace's order: clone(2), C library/kernel differences."""
    flags = call.address(0)
    shown = [1, 0]
    if flags & (constants.CLONE_PARENT_SETTID | constants.CLONE_PIDFD):
        shown.append(2)
    if flags & constants.CLONE_SETTLS:
        shown.append(4)
    if flags & (constants.CLONE_CHILD_SETTID | constants.CLONE_CHILD_CLEARTID):
        shown.append(3)
    return tuple(shown)


@non_null
def _show_clone_arguments(call: CallArguments, index: int) -> str:
    """Show a struct clone_args (clone3(2)); its size is the next argument."""
    size = min(call.address(index + 1), _CLONE_BYTES)
    data = call.memory(call.address(index), size).ljust(_CLONE_BYTES, b"\0")
    fields = _CLONE.unpack(data)
    flags, pidfd, child, parent, exit_signal, stack, stack_size, tls, *_ = fields
    sets_child = flags & (constants.CLONE_CHILD_SETTID | constants.CLONE_CHILD_CLEARTID)
    parts = [f"flags={flags_text(flags, constants.CLONE_FLAGS) if flags else '0'}"]
    if flags & constants.CLONE_PIDFD:
        parts.append(f"pidfd={_pointer(pidfd)}")
    if sets_child:
        parts.append(f"child_tid={_pointer(child)}")
    if flags & constants.CLONE_PARENT_SETTID:
        parts.append(f"parent_tid={_pointer(parent)}")
    parts.append(f"exit_signal={_signal(exit_signal) if exit_signal else 0}")
    parts.append(f"stack={_pointer(stack)}")
    parts.append(f"stack_size={stack_size:#x}" if stack_size else "stack_size=0")
    if flags & constants.CLONE_SETTLS:
        parts.append(f"tls={_pointer(tls)}")
    return f"{{{', '.join(parts)}}}"


@non_null
def _show_given_clone(call: CallArguments, index: int) -> str:
    text = _show_clone_arguments(call, index)
    (*_, parent) = struct.unpack("<4Q", call.memory(call.address(index), 32))
    (flags,) = _POINTERS.unpack(call.memory(call.address(index), _POINTERS.size))
    if not flags & constants.CLONE_PARENT_SETTID:
        return text
    (tid,) = struct.unpack("<i", call.memory(parent, 4))
    return f"{text} => {{parent_tid={bracketed(tid)}}}"


def _pointer(address: int) -> str:
    return f"{address:#x}" if address else "NULL"


def _names_text(system: bytes, node: bytes) -> str:
    return f"{{sysname={_c_string(system)}, nodename={_c_string(node)}, ...}}"


def _c_string(data: bytes) -> str:
    return quoted(data.split(b"\0", 1)[0])


def _machine_text(*fields: int) -> str:
    uptime, one, five, fifteen, *memory, processes, high, high_free, unit = fields
    names = ("totalram", "freeram", "sharedram", "bufferram", "totalswap", "freeswap")
    sizes = ", ".join(f"{name}={size}" for name, size in zip(names, memory, strict=True))
    return (
        f"{{uptime={uptime}, loads=[{one}, {five}, {fifteen}], {sizes}, procs={processes},"
        f" totalhigh={high}, freehigh={high_free}, mem_unit={unit}}}"
    )


def _spent_text(user: int, system: int, child_user: int, child_system: int) -> str:
    return (
        f"{{tms_utime={user}, tms_stime={system},"
        f" tms_cutime={child_user}, tms_cstime={child_system}}}"
    )


def _show_processors(call: CallArguments, index: int) -> str:
    """Show the processors of a mask; the result is its size (sched_setaffinity(2))."""
    data = call.memory(call.address(index), min(max(call.returned, 1), 128))
    bits = int.from_bytes(data, "little")
    members = [str(cpu) for cpu in range(bits.bit_length()) if bits >> cpu & 1]
    return f"[{' '.join(members)}]"


def _show_random(call: CallArguments, index: int) -> str:
    """Show random bytes in hexadecimal: getrandom(2)."""
    data = call.up_to(call.address(index), min(call.returned, _MOST_RANDOM_BYTES))
    more = "..." if call.returned > len(data) else ""
    return hexadecimal_text(data) + more


def _stack_text(address: int, flags: int, _padding: int, size: int) -> str:
    shown = flags_text(flags & 0xFFFFFFFF, STACK_FLAGS)
    return f"{{ss_sp={_pointer(address)}, ss_flags={shown}, ss_size={size}}}"


_show_stack: Final = show_structure(_STACK, _stack_text)


def _show_prctl_argument(call: CallArguments, index: int) -> str:
    match call.unsigned(0):
        case constants.PR_SET_NAME:
            return _string_text(call, call.address(index))
        case constants.PR_SET_PDEATHSIG:
            return _signal(call.signed(index))
        case constants.PR_SET_DUMPABLE:
            return constant_text(call.unsigned(index), constants.DUMPABLE)
        case _:
            return show_hexadecimal(call, index)


def _prctl_positions(call: CallArguments) -> tuple[int, ...]:
    count = constants.PRCTL_ARGUMENTS.get(call.unsigned(0), 4)
    return tuple(range(count + 1))


def _prctl_result(call: CallArguments) -> str | None:
    if call.unsigned(0) != constants.PR_GET_DUMPABLE:
        return None
    return f"{call.returned} ({constant_text(call.returned, constants.DUMPABLE)})"


def _scheduler_result(call: CallArguments) -> str | None:
    return f"{call.returned} ({constant_text(call.returned, constants.SCHEDULERS)})"


def _time_result(call: CallArguments) -> str | None:
    date = date_text(call.returned)
    return f"{call.returned} ({date})" if date else None


_LIMIT_NAME: Final = show_constant_of(constants.LIMITS)
_show_limit: Final = show_structure(_LIMIT, _limit_text)
_USERS: Final = show_constant_of(constants.USERS)
_EXECUTED: Final[tuple[Render, ...]] = (show_path, _show_strings, _show_environment)
_THREE_IDS: Final[dict[int, Render]] = dict.fromkeys((0, 1, 2), show_given_unsigned)
_WAITED: Final[dict[int, Render]] = {
    1: _when_returned(_show_status),
    3: _when_returned(_show_usage),
}

PROCESS_CALLS: Final = Family(
    # Each as in section 2 of the manual pages.
    entered={
        "clone": (
            _show_clone_flags,
            _show_clone_stack,
            _show_parent_tid,
            _show_child_tid,
            _show_tls,
        ),
        "clone3": (_show_clone_arguments, show_size),
        "execve": _EXECUTED,
        "getgroups": (show_signed_int, show_pointer),
        "getitimer": (show_constant_of(INTERVAL_TIMERS), show_pointer),
        "getpriority": (show_constant_of(constants.PRIORITIES), show_signed_int),
        "getresgid": (show_pointer,) * 3,
        "getresuid": (show_pointer,) * 3,
        "getrlimit": (_LIMIT_NAME, show_pointer),
        "getrusage": (_USERS, show_pointer),
        "gettimeofday": (show_pointer, show_pointer),
        "pidfd_open": (show_signed_int, show_unsigned_int),
        "pidfd_send_signal": (show_fd, show_signed_int, show_pointer, show_unsigned_int),
        "prctl": (show_constant_of(constants.PRCTL_OPERATIONS), *(_show_prctl_argument,) * 4),
        "prlimit64": (show_signed_int, _LIMIT_NAME, _show_limit, show_pointer),
        "rt_sigpending": (show_pointer, show_size),
        "sched_getaffinity": (show_signed_int, show_size, show_pointer),
        "setrlimit": (_LIMIT_NAME, _show_limit),
        "sigaltstack": (_show_stack, show_pointer),
    },
    given={
        "clone": {2: _show_given_parent_tid},
        "clone3": {0: _show_given_clone},
        "getrandom": {0: _show_random},
        "getresgid": _THREE_IDS,
        "getresuid": _THREE_IDS,
        "getrlimit": {1: _show_limit},
        "getrusage": {1: _show_usage},
        "gettimeofday": {0: show_structure(_TIMEVAL, timeval_text)},
        "prlimit64": {3: _show_limit},
        "rt_sigpending": {0: show_signal_set},
        "rt_sigtimedwait": {1: _show_siginfo},
        "sched_getaffinity": {2: _show_processors},
        "sigaltstack": {1: _show_stack},
        "sysinfo": {0: show_structure(_SYSINFO, _machine_text)},
        "times": {0: show_structure(_TIMES, _spent_text)},
        "uname": {0: show_structure(_UTSNAME, _names_text)},
        "wait4": _WAITED,
        "waitid": {2: _show_siginfo, 4: _show_usage},
    },
    results={
        "prctl": _prctl_result,
        "rt_sigtimedwait": _signal_result,
        "sched_getscheduler": _scheduler_result,
        "time": _time_result,
    },
    positions={"clone": _clone_positions, "prctl": _prctl_positions},
)
