"""Logs of any lines, from whole ones to nonsense: always a report, or one clear error."""

from __future__ import annotations

import io

from hypothesis import given, settings
from hypothesis import strategies as st

from eintr_trace.analysis.judge import Judge
from eintr_trace.errors import MalformedInputError
from eintr_trace.reports.detail import Detail
from eintr_trace.reports.json_report import write_json
from eintr_trace.reports.layout import Layout
from eintr_trace.reports.perfetto import write_perfetto
from eintr_trace.reports.text import TextReport, TextStyle
from eintr_trace.sources.strace_log.source import read_log

PREFIXES = [
    "",
    "7 ",
    "[pid     8] ",
    "12:00:00.5 ",
    "1700000000.25 ",
    "7  0.0001 ",
    "[   0] [0000] ",
]
CALLS = [
    "recvfrom(3, 0x7ff, 4, 0, NULL, NULL)",
    'read(3<TCP:[127.0.0.1:1->127.0.0.1:2]>, "x", 4)',
    "poll([{fd=3<pipe:[5]>, events=POLLIN}], 1, -1)",
    "select(4, [3], [], NULL, {tv_sec=1, tv_usec=0})",
    "futex(0x7f, FUTEX_WAIT_PRIVATE, 2, NULL",
    "restart_syscall(<... resuming interrupted read ...>)",
    "rt_sigreturn({mask=[]})",
    "rt_sigaction(SIGUSR1, {sa_handler=0x5, sa_mask=[], sa_flags=SA_RESTART}, NULL, 8)",
    "clone(child_stack=0x7f, flags=CLONE_VM|CLONE_THREAD)",
    "tgkill(7, 8, SIGUSR1)",
    "getpid()",
    'execve("/usr/bin/python2.7", ["python2.7", "-c"], 0x7 /* 3 vars */)',
    "<... recvfrom resumed>0x7ff, 4)",
]
RESULTS = [
    " = 4",
    " = 8 <0.000020>",
    " = ? ERESTARTSYS (To be restarted if SA_RESTART is set)",
    " = ? ERESTART_RESTARTBLOCK (Interrupted by signal)",
    " = -1 EINTR (Interrupted system call)",
    " = -1 EINTR (Interrupted system call) (INJECTED)",
    " = ?",
    " <unfinished ...>",
    "",
]
OTHERS = [
    "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=9, si_uid=0} ---",
    "--- SIGCHLD (Child exited) @ 0 (0) ---",
    "--- stopped by SIGSTOP ---",
    "+++ exited with 0 +++",
    "+++ killed by SIGUSR1 +++",
    "+++ superseded by execve in pid 8 +++",
    " > /usr/lib/libc.so.6(__read+0x4d) [0xfa1bd]",
    "strace: Process 8 attached",
]
whole_lines = st.builds(
    "{}{}{}".format, st.sampled_from(PREFIXES), st.sampled_from(CALLS), st.sampled_from(RESULTS)
) | st.builds("{}{}".format, st.sampled_from(PREFIXES), st.sampled_from(OTHERS))
SPOILED = st.text(alphabet='()[]{}<>,="\\/*- 0189axES_.\x1b\udcff٣', max_size=4)


@st.composite
def spoiled_lines(draw: st.DrawFn) -> str:
    """A line with something else in the place of a part of it."""
    line = draw(whole_lines)
    begin = draw(st.integers(0, len(line)))
    end = draw(st.integers(begin, min(len(line), begin + 8)))
    return line[:begin] + draw(SPOILED) + line[end:]


@settings(max_examples=400, deadline=None)
@given(st.lists(whole_lines | spoiled_lines() | SPOILED, max_size=25))
def test_any_log_has_a_report_or_is_refused(lines: list[str]) -> None:
    try:
        trace = read_log(enumerate(lines, 1), "log")
    except MalformedInputError:
        return
    judge = Judge(trace.header)
    text = io.StringIO()
    renderer = TextReport(text, trace.header, TextStyle(Layout(80, False), Detail.EVIDENCE))
    for event in trace.events:
        for update in judge.feed(event):
            renderer.update(update)
    report = judge.finish()
    renderer.finish(report)
    write_json(report, io.StringIO())
    write_perfetto(report, io.StringIO())
    assert report.ended is not None
    assert "\x1b" not in text.getvalue()
