"""Whatever a log holds: never an unhandled error, nothing lost beside it, linear work."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from eintr_trace.analysis.judge import Judge
from eintr_trace.errors import MalformedInputError
from eintr_trace.model.events import Event, SignalDelivered, TraceEnded, Warned
from eintr_trace.sources.strace_log.lexer import MAX_LINE_CHARACTERS, read_line
from eintr_trace.sources.strace_log.source import read_log
from eintr_trace.sources.strace_log.text_lines import numbered_lines

if TYPE_CHECKING:
    from _typeshed import TraceFunction

RECV = "recvfrom(3, 0x7ff, 4, 0, NULL, NULL)"
EPISODE = [
    f"{RECV} = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
    "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=9, si_uid=0} ---",
    "rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)",
    f"{RECV} = 4",
]
PIECES = st.sampled_from(
    [
        "[pid  7] ",
        "7    ",
        "7<a b> ",
        "12:00:01 ",
        "1700000000.5 ",
        "     0.1 ",
        "(+     0.1) ",
        "[  45] ",
        "[00007f0000000000] ",
        "[????????????????] ",
        "recvfrom(",
        "execve(",
        "clone(",
        "clone3({flags=CLONE_THREAD}",
        "rt_sigaction(",
        "rt_sigreturn(",
        "tgkill(1, 2",
        "poll([{fd=",
        "restart_syscall(<... resuming interrupted read ...>",
        "select(5, [3",
        "set_tid_address(",
        "3",
        "-1",
        "0x7f",
        "18446744073709551616",
        "99999999999999999999999",
        ", ",
        ")",
        "(",
        "{",
        "}",
        "[",
        "]",
        '"',
        '\\"',
        '"a"...',
        "<",
        ">",
        "->",
        "/*",
        "*/",
        "3</a>",
        "3<TCP:[a->b]>",
        " = ",
        " = ?",
        " = -1",
        " ERESTARTSYS",
        " EINTR",
        " ENOENT",
        " (INJECTED)",
        " <0.5>",
        " <unfinished ...>",
        "<... recvfrom resumed>",
        " <detached ...>",
        "--- SIGUSR1 ",
        "--- ",
        " ---",
        "{si_signo=SIGUSR1, si_code=SI_USER, si_pid=7}",
        "si_pid=99999999999999999999",
        "--- stopped by ",
        "SIGSTOP",
        "+++ exited with ",
        "+++ killed by SIGKILL +++",
        " +++",
        "+++ superseded by execve in pid ",
        " > /a(f+0x1) [0x2]",
        " > ",
        "strace: Process 7 attached",
        "\0",
        "\x1b[2J",
        "\udc80",
        "é",
    ]
)
LINES = st.lists(st.lists(PIECES, max_size=12).map("".join) | st.sampled_from(EPISODE), max_size=30)


def judged(log: bytes) -> list[Event]:
    """The events of a log, each taken in by a judge as well."""
    trace = read_log(numbered_lines(io.BytesIO(log)), "log")
    judge = Judge(trace.header)
    events = []
    for event in trace.events:
        events.append(event)
        for _ in judge.feed(event):
            pass
    judge.finish()
    return events


def encoded(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape")


@settings(deadline=None, max_examples=150)
@given(lines=LINES)
def test_any_lines(lines: list[str]) -> None:
    events = judged(encoded(["close(3) = 0", *lines]))
    assert isinstance(events[-1], TraceEnded)


@settings(deadline=None, max_examples=100)
@given(log=st.binary(max_size=400))
@example(b"close(3) = 0\n\xff\xfe\n")
def test_any_bytes(log: bytes) -> None:
    try:
        judged(log)
    except MalformedInputError:
        return


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_a_log_cut_anywhere(data: st.DataObject) -> None:
    log = encoded(["close(3) = 0", *EPISODE * 2])
    events = judged(log[: data.draw(st.integers(13, len(log)))])
    assert isinstance(events[-1], TraceEnded)


def malformed(events: list[Event]) -> list[str]:
    """What is said of lines that are none of strace's."""
    warnings = [event.text for event in events if isinstance(event, Warned)]
    return [text for text in warnings if "none of strace's" in text]


@pytest.mark.parametrize(
    "garbage",
    ["garbage", "\0\0\0", "recvfrom(3, 0x", "--- SIGUSR1", "[pid ", "<... recv", "x" * 2_000_000],
)
@pytest.mark.parametrize("at", range(1, 5))
def test_a_malformed_line_is_named_and_nothing_else_is_lost(garbage: str, at: int) -> None:
    lines = ["close(3) = 0", *EPISODE]
    lines.insert(at, garbage)
    events = judged(encoded(lines))
    assert malformed(events) == [f"line {at + 1} is none of strace's, or is cut: left out"]
    (delivered,) = (event for event in events if isinstance(event, SignalDelivered))
    assert delivered.call is not None
    assert delivered.call.syscall.text == RECV


def test_many_malformed_lines_are_summed_up() -> None:
    events = judged(encoded(["close(3) = 0", *["garbage"] * 1000]))
    warnings = malformed(events)
    assert len(warnings) == 6
    assert warnings[-1] == "995 more lines are none of strace's, or cut: left out"


def test_the_programs_own_output_within_a_line() -> None:
    """2>&1: strace has written the arguments, the program writes, strace writes the result."""
    lines = ["close(3) = 0", r'write(1, "hello\n", 6hello', ")        = 6", *EPISODE]
    events = judged(encoded(lines))
    assert not malformed(events)


def steps_of(work: Callable[[], object]) -> int:
    """How many lines of Python a piece of work executes."""
    steps = 0

    def count(_frame: FrameType, event: str, _argument: object) -> TraceFunction:
        nonlocal steps
        steps += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return steps


def log_of(lines: list[str], times: int) -> bytes:
    return encoded(["close(3) = 0", *lines * times])


@pytest.mark.parametrize(
    "lines",
    [
        EPISODE,
        ["close(5) = 0"],
        ["garbage"],
        [f"7  {EPISODE[0]}", "8  recvfrom(3,  <unfinished ...>", f"7  {EPISODE[1]}"],
    ],
)
def test_twice_the_log_is_twice_the_work(lines: list[str]) -> None:
    once = steps_of(lambda: judged(log_of(lines, 40)))
    twice = steps_of(lambda: judged(log_of(lines, 80)))
    assert twice < 2.3 * once


@pytest.mark.parametrize(
    "text",
    [
        "(",
        ")",
        "{",
        '"',
        "\\",
        "<",
        "1<",
        "/*",
        "1</*",
        ",",
        ' "',
        "->",
        "1<1<->",
        "[",
        "] ",
        "--- ",
        "si_a=",
    ],
)
@pytest.mark.parametrize(
    "before", ["f(", "", "--- SIGUSR1 {", " > ", "f(3) = 1 ", "<... f resumed>"]
)
def test_the_longest_line_takes_no_time(before: str, text: str) -> None:
    """A pattern that goes back over a line again and again would take hours."""
    line = before + text * (MAX_LINE_CHARACTERS // 64 // len(text))
    read_line(line)
    read_line(line + ") = -1 EINTR")
