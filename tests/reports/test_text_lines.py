"""Lines in strace's style: their order, their notes, and the verdict where it was decided."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest

from eintr_trace.analysis.judge import Judge
from eintr_trace.model.episodes import Episode
from eintr_trace.model.events import (
    Disposition,
    EndReason,
    Event,
    EventsLost,
    FollowEnded,
    HandlerReturned,
    HandlerReturning,
    InterruptedCall,
    ProcessExited,
    SignalDelivered,
    SignalInfo,
    Syscall,
    SyscallEntered,
    SyscallExited,
    TraceEnded,
)
from eintr_trace.model.trace import TraceMode, TraceSource
from eintr_trace.model.trace_lines import LinePart, LogLine, TraceLine
from eintr_trace.reports.detail import Detail
from eintr_trace.reports.layout import Layout
from eintr_trace.reports.strace_lines import StraceLog, StraceOrder
from eintr_trace.reports.text import TextReport, TextStyle
from tests.reports import samples

GOLDEN = Path(__file__).parent / "golden"
HEADER = replace(samples.HEADER, mode=TraceMode.EVERY_SYSCALL)
MAIN, WORKER = 100, 101

RECV = Syscall("recvfrom", 45, (3, 0x7F00, 4, 0, 0, 0), "recvfrom(3, 0x7f00, 4, 0, NULL, NULL)")
FUTEX = Syscall("futex", 202, (0x10,), "futex(0x10, FUTEX_WAIT_PRIVATE, 0, NULL)")
WRITE = Syscall("write", 1, (2, 0x20, 3), 'write(2, "\\33[2", 3)')
USR1 = SignalInfo(10, "SIGUSR1", "SI_USER", sender_pid=7, sender_uid=1000)


def entered(at: int, tid: int, call: Syscall) -> Event:
    return SyscallEntered(at, MAIN, tid, call)


def exited(at: int, tid: int, call: Syscall, retval: int, text: str | None = None) -> Event:
    return SyscallExited(at, MAIN, tid, call.name, call.nr, retval, text=text)


RUN: tuple[Event, ...] = (
    entered(1, WORKER, FUTEX),
    entered(2, MAIN, RECV),
    exited(3, MAIN, RECV, -512),
    SignalDelivered(4, MAIN, MAIN, USR1, Disposition.CAUGHT, InterruptedCall(RECV, -512)),
    HandlerReturning(5, MAIN, MAIN, -4, 0, saved_mask=1 << 13),
    HandlerReturned(6, MAIN, MAIN, -4),
    entered(7, MAIN, WRITE),
    FollowEnded(8, MAIN, MAIN, "the thread has gone on to another call"),
    exited(9, MAIN, WRITE, 3),
    exited(10, WORKER, FUTEX, -110),
    entered(11, MAIN, RECV),
    exited(12, MAIN, RECV, 4, 'recvfrom(3, "abcd", 4, 0, NULL, NULL)'),
    entered(13, MAIN, RECV),
    ProcessExited(14, MAIN, MAIN, None, 9, "SIGKILL"),
    TraceEnded(15, 0, 0, EndReason.TRACEES_GONE, deliveries=1, passed=0, lost=0),
)


def text_of(every_line: bool, width: int = 80, run: Sequence[Event] = RUN) -> str:
    stream = io.StringIO()
    style = TextStyle(Layout(width, colour=False), Detail.BLOCKS, UTC, every_line=every_line)
    report = TextReport(stream, HEADER, style)
    judge = Judge(HEADER, report.line)
    for event in run:
        for update in judge.feed(event):
            report.update(update)
    return stream.getvalue()


def equals_golden(name: str, text: str) -> None:
    path = GOLDEN / f"{name}.txt"
    if os.environ.get("EINTR_TRACE_REGENERATE"):
        path.write_text(text)
    assert text == path.read_text()


def test_every_line_as_it_comes() -> None:
    equals_golden("every_line", text_of(every_line=True))


def test_only_the_lines_of_an_episode() -> None:
    equals_golden("lines_of_an_episode", text_of(every_line=False))


def test_a_line_is_the_same_however_narrow_the_terminal_is() -> None:
    wide, narrow = (text_of(every_line=True, width=width).splitlines() for width in (110, 40))
    lines = [line for line in wide if line.startswith("[pid ")]
    assert len(max(lines, key=len)) > 100
    assert lines == [line for line in narrow if line.startswith("[pid ")]


def test_where_events_are_missing_no_thread_is_named() -> None:
    alone = (entered(2, MAIN, WRITE), EventsLost(3, 0, 0, 1), *RUN[-2:])
    assert "\neintr-trace: 1 event is missing here\n" in text_of(every_line=True, run=alone)
    assert "[pid " not in text_of(every_line=True, run=alone)
    several = (RUN[0], RUN[6], EventsLost(8, 0, 0, 120), *RUN[-2:])
    assert "\neintr-trace: 120 events are missing here\n" in text_of(every_line=True, run=several)


def test_the_lines_alone_are_those_of_strace_with_f_and_ttt() -> None:
    stream = io.StringIO()
    log = StraceLog(stream, replace(HEADER, realtime_anchor_ns=10**9, monotonic_anchor_ns=0))
    judge = Judge(HEADER, log.line)
    for event in RUN[:6]:
        list(judge.feed(event))
    assert stream.getvalue().splitlines() == [
        "101   1.000000 futex(0x10, FUTEX_WAIT_PRIVATE, 0, NULL <unfinished ...>",
        "100   1.000000 recvfrom(3, 0x7f00, 4, 0, NULL, NULL)   = ? ERESTARTSYS"
        " (To be restarted if SA_RESTART is set)",
        "100   1.000000 --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=7, si_uid=1000} ---",
        "100   1.000000 rt_sigreturn({mask=[ALRM]})             = -1 EINTR"
        " (Interrupted system call)",
    ]


def log_episode() -> Episode:
    """The same from an strace log, whose lines come before the events read from them."""
    header = replace(HEADER, source=TraceSource.STRACE_LOG)
    judge = Judge(header)
    lines = {
        2: "100 recvfrom(3,  <unfinished ...>",
        3: "100 <... recvfrom resumed>0x7f00, 4, 0, NULL, NULL) = ? ERESTARTSYS (To be ...)",
        4: "100 --- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=7} ---",
        5: "100 rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)",
        7: "100 write(2, \x1b[2, 3) = 3",
    }
    for event in RUN:
        if event.tid == MAIN and event.time_ns in lines:
            number = event.time_ns
            list(judge.feed(LogLine(number, MAIN, MAIN, number, lines[number])))
        if event.tid in (0, MAIN):
            list(judge.feed(event))
    (episode,) = judge.finish().episodes
    return episode


def test_the_lines_of_a_log_are_verbatim_with_their_numbers_and_notes() -> None:
    episode = log_episode()
    assert [line.number for line in episode.lines] == [2, 3, 4, 5, 7]
    assert episode.lines[-1].text == "100 write(2, \x1b[2, 3) = 3", "verbatim"
    assert [line.note is not None for line in episode.lines] == [False, True, True, True, False]


def test_control_characters_of_a_log_do_not_reach_the_terminal() -> None:
    stream = io.StringIO()
    style = TextStyle(Layout(80, colour=False), Detail.BLOCKS, UTC)
    TextReport(stream, HEADER, style).update(samples.told(log_episode()))
    assert "\x1b" not in stream.getvalue()
    assert r"  7: 100 write(2, \x1b[2, 3) = 3" in stream.getvalue()


def test_so_many_lines_of_an_episode_that_some_are_left_out() -> None:
    judge = Judge(HEADER)
    for event in RUN[:6]:
        list(judge.feed(event))
    for number in range(60):
        for event in (entered(7 + number, MAIN, WRITE), exited(7 + number, MAIN, WRITE, 3)):
            list(judge.feed(event))
    (episode,) = judge.finish().episodes
    assert len(episode.lines) == 14
    assert episode.lines[9].note == "Lines of this thread that are left out here: 49."


@pytest.mark.parametrize(
    ("opened", "ended", "first", "second"),
    [
        ("read(3, 0x1, 4)", 'read(3, "a\\"),", 4)', "read(3, ", '"a\\"),", 4)'),
        ("read(3, 0x1, 4)", "read(3, 0x1, 4)", "read(3, ", "0x1, 4)"),
        ("pipe2(0x1, 0)", "pipe2([3, 4], 0)", "pipe2(", "[3, 4], 0)"),
        (
            "rt_sigaction(SIGUSR1, {sa_handler=0x1, sa_mask=[]}, 0x2, 8)",
            "rt_sigaction(SIGUSR1, {sa_handler=0x1, sa_mask=[]}, {sa_handler=SIG_DFL}, 8)",
            "rt_sigaction(SIGUSR1, {sa_handler=0x1, sa_mask=[]}, ",
            "{sa_handler=SIG_DFL}, 8)",
        ),
        (
            'readlinkat(3, "a\\", b", 0x1, 9)',
            'readlinkat(3, "a\\", b", "c", 9)',
            'readlinkat(3, "a\\", b", ',
            '"c", 9)',
        ),
        ("futex(0x1, FUTEX_WAIT)", "futex(0x1, FUTEX_WAIT)", "futex(0x1, FUTEX_WAIT", ")"),
    ],
)
def test_a_line_is_broken_where_strace_breaks_it(
    opened: str, ended: str, first: str, second: str
) -> None:
    name = opened.partition("(")[0]
    order = StraceOrder()
    line = TraceLine(1, MAIN, MAIN, f"{ended} = 0")
    parts = (
        LinePart(1, MAIN, MAIN, opened, call=name),
        LinePart(2, MAIN, WORKER, line=TraceLine(2, MAIN, WORKER, "--- SIGUSR1 {} ---")),
        LinePart(3, MAIN, MAIN, opened, line, "0", name),
    )
    texts = [printed.text for part in parts for printed in order.take(part)]
    assert texts[0] == f"{first} <unfinished ...>"
    assert texts[2].split("= 0")[0].rstrip() == f"<... {name} resumed>{second}"
