"""Entries of system calls, made of the table of what a signal does to each."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Final

from eintr_trace.facts.glossary.entry import Entry, Table, Topic
from eintr_trace.facts.glossary.examples import examples
from eintr_trace.facts.glossary.functions import best_name, eras_said, rows_of_call
from eintr_trace.facts.libc_wrappers import wrappers_of
from eintr_trace.facts.restart_codes import (
    RESTART_RULES,
    AfterSignal,
    RestartCode,
    honours_sa_restart,
)
from eintr_trace.facts.syscalls import (
    BOOKKEEPING_CALLS,
    InterruptibleCall,
    Signal7,
    TimeLimit,
    all_interruptible_calls,
    interruptible_calls,
    is_sending,
)

_TABLE: Final = "eintr_trace/facts/interruptible_calls.json"
_WRITTEN_BY_HAND: Final = frozenset({"rt_sigreturn", "restart_syscall"})
_AFTER: Final = {
    AfterSignal.EINTR: "EINTR",
    AfterSignal.SAME_CALL: "again",
    AfterSignal.RESTART_SYSCALL: "restart_syscall",
}
_SIGNAL7: Final = {
    Signal7.RESTARTED: "restarted",
    Signal7.NEVER_RESTARTED: "never restarted",
    Signal7.NOT_LISTED: "nothing",
}
_HEADERS: Final = ("case", "code", "handler", "and SA_RESTART", "no handler", "signal(7) says")


@cache
def call_entries() -> tuple[Entry, ...]:
    """Give an entry for each call that was measured, or that interpreters make by themselves."""
    measured = dict.fromkeys(call.syscall for call in all_interruptible_calls())
    own = (name for name in BOOKKEEPING_CALLS if name not in measured)
    return (
        *(_measured(name) for name in measured),
        *(_bookkeeping(name) for name in own if name not in _WRITTEN_BY_HAND),
    )


def not_measured(syscall: str) -> Entry:
    """Give what there is to say of a call that the tables do not have."""
    return Entry(
        words=(syscall,),
        topic=Topic.CALLS,
        short=(
            f"{syscall} is a system call that was not measured: whether a signal interrupts it,"
            " and with which code, the tables of eintr-trace do not say. Most calls never wait,"
            " or only for a disk, which no signal interrupts."
        ),
        why=(
            "signal(7) lists the calls that wait for something a signal may cut short: slow"
            " devices (pipes, terminals, sockets), locks, children, time, and signals"
            " themselves. I/O on a local disk is not among them.",
            "A trace shows what is true of this one: where it is interrupted, eintr-trace says"
            " with which code, and what the kernel made of that.",
        ),
        see_also=("EINTR", "ERESTARTSYS"),
        see_it=f"man 2 {syscall}",
        shows="EINTR among its errors, if it can fail so",
        citation=("signal(7), Interruption of system calls by signal handlers", _TABLE),
    )


def _measured(syscall: str) -> Entry:
    cases = interruptible_calls(syscall)
    example = examples()[syscall]
    codes = _codes(cases)
    return Entry(
        words=(syscall, f"{syscall}(2)", *sorted(wrappers_of(syscall))),
        topic=Topic.CALLS,
        short=f"{_short(syscall, cases)} {_python_in_short(syscall)}",
        why=tuple(_why(syscall, cases)),
        see_also=(*(code.name for code in codes), "SA_RESTART", *_functions(syscall)),
        see_it=example.command,
        shows=example.shows or f"{syscall}, and {' or '.join(code.name for code in codes)}",
        citation=_citation(cases),
        table=Table(_HEADERS, tuple(map(_row, cases))),
    )


def _codes(cases: tuple[InterruptibleCall, ...]) -> tuple[RestartCode, ...]:
    return tuple(dict.fromkeys(call.code for call in cases if call.code is not None))


def _short(syscall: str, cases: tuple[InterruptibleCall, ...]) -> str:
    codes = _codes(cases)
    if not codes:
        return f"A signal was not seen to make {syscall} fail: it came back with its result."
    if len(codes) == 1:
        (code,) = codes
        return f"A signal ends a waiting {syscall} with {code.name}: {_with_sa_restart(code)}."
    parts = [code.name + _condition(code, cases, syscall) for code in codes]
    honoured = [code.name for code in codes if honours_sa_restart(code)]
    after = f"SA_RESTART matters to {honoured[0]} alone" if honoured else "SA_RESTART changes none"
    return f"A signal ends a waiting {syscall} with {' or '.join(parts)}; {after}."


def _with_sa_restart(code: RestartCode) -> str:
    if honours_sa_restart(code):
        return "with SA_RESTART the kernel makes it again, without it the program gets EINTR"
    if code is RestartCode.ERESTARTNOINTR:
        return "the kernel always makes it again"
    if code is RestartCode.EINTR:
        return "the program gets EINTR, whether or not a handler ran, SA_RESTART or not"
    return "the program gets EINTR once a handler has run, SA_RESTART or not"


def _condition(code: RestartCode, cases: tuple[InterruptibleCall, ...], syscall: str) -> str:
    """Say when a call has this of its codes; nothing of the one that needs no condition."""
    limits = {
        other: {call.time_limit for call in cases if call.code is other} for other in _codes(cases)
    }
    alike = [other for other in _codes(cases) if limits[other] == limits[code]]
    if len(alike) > 1:
        if code is alike[0] and TimeLimit.NONE in limits[code]:
            return ""
        return f" ({', '.join(call.case for call in cases if call.code is code)})"
    if limits[code] == {TimeLimit.SOCKET}:
        return f" (a socket with {'SO_SNDTIMEO' if is_sending(syscall) else 'SO_RCVTIMEO'})"
    return " (with a timeout)" if limits[code] == {TimeLimit.CALL} else ""


def _why(syscall: str, cases: tuple[InterruptibleCall, ...]) -> Iterator[str]:
    for code in _codes(cases):
        yield f"{code.name}: {RESTART_RULES[code].meaning}."
    wrong = [call for call in cases if call.signal7_agrees is False]
    if wrong:
        named = ", ".join(call.case for call in wrong)
        yield f"signal(7) of man-pages 6.20 says otherwise of {named}; this table was measured."
    for call in cases:
        if call.note is not None:
            yield f"{call.case}: {call.note}."
    for row in rows_of_call(syscall):
        yield f"{', '.join(row.names)}: {eras_said(row)}."
    wrappers = sorted(wrappers_of(syscall))
    if wrappers:
        yield f"In C it is made by {', '.join(f'{name}()' for name in wrappers)} as well."


def _python_in_short(syscall: str) -> str:
    rows = rows_of_call(syscall)
    if not rows:
        return "No function of Python's standard library is known to wait in it."
    names = [best_name(row) for row in rows]
    some = ", ".join(names[:3]) + (" and others" if len(names) > 3 else "")  # noqa: PLR2004
    since = {row.retry_since for row in rows}
    if since == {(3, 5)}:
        verb = "calls" if len(names) == 1 else "call"
        return f"Python waits in it for {some}, which {verb} again from 3.5 on."
    return f"Python waits in it for {some}, which do not all do the same about EINTR."


def _functions(syscall: str) -> tuple[str, ...]:
    return tuple(best_name(row) for row in rows_of_call(syscall)[:4])


def _row(call: InterruptibleCall) -> tuple[str, ...]:
    if call.code is None:
        return (call.case, "none", "no EINTR", "no EINTR", "no EINTR", _SIGNAL7[call.signal7])
    rule = RESTART_RULES[call.code]
    differs = " (wrong)" if call.signal7_agrees is False else ""
    return (
        call.case,
        call.code.name,
        _AFTER[rule.handler],
        _AFTER[rule.handler_sa_restart],
        _AFTER[rule.no_handler],
        _SIGNAL7[call.signal7] + differs,
    )


def _citation(cases: tuple[InterruptibleCall, ...]) -> tuple[str, ...]:
    measured = tuple(
        dict.fromkeys(
            "from the source only, not run" if call.run_on is None else f"measured: {call.run_on}"
            for call in cases
        )
    )
    return (*dict.fromkeys(call.source for call in cases), *measured, _TABLE)


def _bookkeeping(syscall: str) -> Entry:
    why, citation = BOOKKEEPING_CALLS[syscall]
    example = examples()[syscall]
    return Entry(
        words=(syscall, f"{syscall}(2)"),
        topic=Topic.CALLS,
        short=(
            f"{syscall} is a call that an interpreter makes on its own account: {why}. Seen after"
            " an interruption, it says nothing of what the program does about it."
        ),
        why=(
            "To tell who answered EINTR, eintr-trace looks at the calls that follow. Those that"
            " the C library and the interpreter make by themselves come in between under any"
            " verdict, so they are passed over.",
            "It is not among the calls that a signal was seen to interrupt.",
        ),
        see_also=("following-call", "EINTR", "rt_sigreturn"),
        see_it=example.command,
        shows=example.shows or syscall,
        citation=(citation, "eintr_trace/facts/syscalls.py, BOOKKEEPING_CALLS"),
    )
