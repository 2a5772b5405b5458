"""Logs to events: which lines are told, and as what."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.model.events import (
    Disposition,
    Event,
    FollowEnded,
    HandlerReturned,
    HandlerReturning,
    ProcessSeen,
    SignalDelivered,
    SyscallEntered,
    SyscallExited,
    TraceEnded,
    Warned,
)
from eintr_trace.model.trace import Trace, TraceClock
from eintr_trace.model.trace_lines import CallInterrupted, LogLine
from eintr_trace.sources.strace_log.source import read_log


def trace_of(text: str, own_pid: int | None = None) -> Trace:
    lines = enumerate(text.strip().splitlines(), 1)
    return read_log(lines, "log", own_pid=own_pid)


def events_of(text: str) -> list[Event]:
    return list(trace_of(text).events)


def kinds(events: list[Event]) -> list[type[Event]]:
    return [type(event) for event in events if not isinstance(event, LogLine)]


def line_numbers(events: list[Event]) -> list[int]:
    return [event.number for event in events if isinstance(event, LogLine)]


RECV = "recvfrom(3, 0x7ff, 4, 0, NULL, NULL)"
USR1 = "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=9, si_uid=0} ---"

RETRIED = f"""
close(5) = 0
{RECV} = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
{USR1}
rt_sigreturn({{mask=[]}}) = -1 EINTR (Interrupted system call)
{RECV} = 4
close(3) = 0
"""


def test_only_the_lines_of_an_interruption_are_told() -> None:
    events = events_of(RETRIED)
    assert line_numbers(events) == [2, 3, 4, 5]
    assert kinds(events) == [
        ProcessSeen,
        SyscallEntered,
        SyscallExited,
        SignalDelivered,
        HandlerReturning,
        HandlerReturned,
        SyscallEntered,
        SyscallExited,
        FollowEnded,
        Warned,  # it does not begin with execve
        TraceEnded,
    ]


def delivery(events: list[Event]) -> SignalDelivered:
    (found,) = (event for event in events if isinstance(event, SignalDelivered))
    return found


def test_what_a_delivery_says() -> None:
    found = delivery(events_of(RETRIED))
    assert (found.signal.name, found.signal.code, found.signal.sender_pid) == (
        "SIGUSR1",
        "SI_USER",
        9,
    )
    assert found.disposition is None
    assert found.call is not None
    assert found.call.retval == -512
    assert found.call.syscall.text == RECV
    assert found.call.syscall.args == (3, 0x7FF, 4, 0, 0, 0)
    assert found.call.syscall.nr == 45
    assert found.call.syscall.descriptor is not None
    assert found.call.syscall.descriptor.fd == 3


def test_the_disposition_is_that_of_the_last_rt_sigaction() -> None:
    action = "rt_sigaction(SIGUSR1, {sa_handler=%s, sa_mask=[], sa_flags=0}, NULL, 8) = 0"
    for handler, disposition in (
        ("0x7f1aeb2d4d00", Disposition.CAUGHT),
        ("SIG_IGN", Disposition.IGNORED),
        ("SIG_DFL", Disposition.DEFAULT),
    ):
        log = f"{action % 'SIG_DFL'}\n{action % handler}\n{USR1}"
        assert delivery(events_of(log)).disposition is disposition


def test_arguments_that_are_missing_say_nothing() -> None:
    cut = "rt_sigaction(, {sa_handler=0x5}, NULL, 8) = 0\ntgkill(, 7, SIGUSR1) = 0"
    assert delivery(events_of(f"{cut}\n{USR1}")).disposition is None


def test_a_call_on_two_lines_among_those_of_another_thread() -> None:
    events = events_of(f"""
[pid 7] recvfrom(3,  <unfinished ...>
[pid 8] close(1) = 0
[pid 7] <... recvfrom resumed>0x7ff, 4, 0, NULL, NULL) = ? ERESTARTSYS (To be restarted)
[pid 7] {USR1}
[pid 7] rt_sigreturn({{mask=[]}}) = -1 EINTR (Interrupted system call)
[pid 7] recvfrom(3,  <unfinished ...>
[pid 8] close(2) = 0
[pid 7] <... recvfrom resumed>"abcd", 4, 0, NULL, NULL) = 4
""")
    assert line_numbers(events) == [1, 3, 4, 5, 6, 8]
    call = delivery(events).call
    assert call is not None
    assert call.syscall.text == RECV
    assert {event.tid for event in events} == {0, 7}


def test_an_interrupted_call_without_a_signal() -> None:
    log = "read(3, 0x7ff, 4) = -1 EINTR (Interrupted system call) (INJECTED)\nclose(3) = 0"
    found = [event for event in events_of(log) if isinstance(event, CallInterrupted)]
    assert [(event.injected, event.call.retval) for event in found] == [(True, -4)]
    log = "read(3, 0x7ff, 4) = ? ERESTARTSYS (To be restarted if SA_RESTART is set)"
    found = [event for event in events_of(log) if isinstance(event, CallInterrupted)]
    assert [(event.injected, event.call.retval) for event in found] == [(False, -512)]


def test_the_program_is_told_where_a_log_ends_with_its_only_interrupted_call() -> None:
    program = 'execve("/usr/bin/python3.13", ["python3.13"], 0x7ffc) = 0'
    log = f"{program}\n{RECV} = -1 EINTR (Interrupted system call) (INJECTED)"
    (seen,) = (event for event in events_of(log) if isinstance(event, ProcessSeen))
    assert seen.interpreter is not None
    assert seen.interpreter.version.startswith("3.13")


def test_a_call_came_back_by_the_time_of_the_next_line_where_strace_says_no_more() -> None:
    def came_back_s(rest: str) -> float:
        log = f"""
12:00:00 {RECV} = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
12:00:02 {USR1}
12:00:02 rt_sigreturn({{mask=[]}}) = -1 EINTR (Interrupted system call)
{rest}"""
        exits = [event for event in events_of(log) if isinstance(event, SyscallExited)]
        return exits[-1].time_ns / 1e9 - 12 * 3600

    assert came_back_s(f"12:00:02 {RECV} = 4\n12:00:05 close(3) = 0") == 5
    assert came_back_s(f"12:00:02 {RECV} = 4 <1.5>\n12:00:05 close(3) = 0") == 3.5


def test_the_clock() -> None:
    assert trace_of("close(3) = 0").header.clock is TraceClock.LINE_NUMBERS
    assert trace_of("12:00:00 close(3) = 0").header.clock is TraceClock.TIME_OF_DAY
    assert trace_of("1700000000.1 close(3) = 0").header.clock is TraceClock.EPOCH
    assert trace_of("     0.1 close(3) = 0").header.clock is TraceClock.RELATIVE


def test_a_call_made_again_is_told_before_it_is_known_when_it_came_back() -> None:
    lines = [
        f"12:00:00 {RECV} = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
        f"12:00:02 {USR1}",
        "12:00:02 rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)",
        f"12:00:02 {RECV} = 4",
    ]
    taken: list[int] = []

    def stream() -> Iterator[tuple[int, str]]:
        for number, text in enumerate([*lines, "12:00:05 close(3) = 0"], 1):
            taken.append(number)
            yield number, text

    when = [(type(event), len(taken)) for event in read_log(stream(), "log").events]
    assert (SyscallEntered, 4) in when
    assert when.index((SyscallExited, 5)) > when.index((SyscallEntered, 4))
    assert sum(kind is SyscallEntered for kind, _ in when) == 2


def test_a_return_from_a_handler_on_two_lines_is_no_call() -> None:
    events = events_of(f"""
[pid 7] {RECV} = ? ERESTARTSYS (To be restarted if SA_RESTART is set)
[pid 7] {USR1}
[pid 7] rt_sigreturn({{mask=[]}} <unfinished ...>
[pid 8] close(1) = 0
[pid 7] <... rt_sigreturn resumed>) = -1 EINTR (Interrupted system call)
""")
    assert [type(event) for event in events].count(SyscallEntered) == 1
    assert [type(event) for event in events].count(HandlerReturning) == 1
