"""Every form of a line, word for word as strace prints it."""

from __future__ import annotations

import pytest

from eintr_trace.sources.strace_log.lexer import read_line
from eintr_trace.sources.strace_log.lines import (
    AttachedLine,
    CallLine,
    CallPart,
    EndedLine,
    NoticeLine,
    Prefix,
    Result,
    SignalLine,
    StackLine,
    Stamp,
    StoppedLine,
    SupersededLine,
)

S = 1_000_000_000
NOON = 12 * 3600 * S


def prefix_of(text: str) -> Prefix:
    line = read_line(text + "close(3) = 0")
    assert isinstance(line, CallLine), text
    assert line.name == "close"
    assert line.arguments == "3"
    return line.prefix


@pytest.mark.parametrize(
    ("text", "prefix"),
    [
        ("", Prefix()),
        ("[pid 12345] ", Prefix(pid=12345)),
        ("[pid    45] ", Prefix(pid=45)),
        ("[pid 12345<python3>] ", Prefix(pid=12345)),
        ("12345 ", Prefix(pid=12345)),
        ("45    ", Prefix(pid=45)),
        ("12345<python3> ", Prefix(pid=12345)),
        ("12345<a b (c)> ", Prefix(pid=12345)),
        ("12:00:01 ", Prefix(None, Stamp.TIME_OF_DAY, NOON + S)),
        ("12:00:01.5 ", Prefix(None, Stamp.TIME_OF_DAY, NOON + S + S // 2)),
        ("12:00:01.000020 ", Prefix(None, Stamp.TIME_OF_DAY, NOON + S + 20_000)),
        ("12:00:01.000000020 ", Prefix(None, Stamp.TIME_OF_DAY, NOON + S + 20)),
        ("1700000000 ", Prefix(None, Stamp.EPOCH, 1_700_000_000 * S)),
        ("1700000000.000020 ", Prefix(None, Stamp.EPOCH, 1_700_000_000 * S + 20_000)),
        ("45    1700000000.5 ", Prefix(45, Stamp.EPOCH, 1_700_000_000 * S + S // 2)),
        ("     0.000123 ", Prefix(None, Stamp.SINCE_LAST_LINE, 123_000)),
        ("     2.003 ", Prefix(None, Stamp.SINCE_LAST_LINE, 2_003_000_000)),
        ("     5 ", Prefix(None, Stamp.SINCE_LAST_LINE, 5 * S)),
        ("45         0.000123 ", Prefix(45, Stamp.SINCE_LAST_LINE, 123_000)),
        ("12:00:01 (+     0.000123) ", Prefix(None, Stamp.TIME_OF_DAY, NOON + S)),
        ("[  45] ", Prefix(nr=45)),
        ("[0x2d] ", Prefix(nr=45)),
        ("[045] ", Prefix(nr=45)),
        ("[00007f7eab31a26f] ", Prefix(ip=0x7F7EAB31A26F)),
        ("[????????????????] ", Prefix()),
        ("[system_u:system_r:init_t:s0] ", Prefix()),
        (
            "[pid    45] 12:00:01 [   7] [00007f7eab31a26f] ",
            Prefix(45, Stamp.TIME_OF_DAY, NOON + S, ip=0x7F7EAB31A26F, nr=7),
        ),
    ],
)
def test_what_stands_before_a_line(text: str, prefix: Prefix) -> None:
    assert prefix_of(text) == prefix


RESULTS = [
    ("0", Result(0)),
    ("-1 EINTR (Interrupted system call)", Result(-1, "EINTR")),
    ("-1 EINTR (Interrupted system call) (INJECTED)", Result(-1, "EINTR", injected=True)),
    ("0 (INJECTED: args)", Result(0, None, injected=True)),
    ("-1 ENOENT (No such file or directory) (DELAYED)", Result(-1, "ENOENT")),
    ("? ERESTARTSYS (To be restarted if SA_RESTART is set)", Result(None, "ERESTARTSYS")),
    ("? ERESTARTNOINTR (To be restarted)", Result(None, "ERESTARTNOINTR")),
    ("? ERESTARTNOHAND (To be restarted if no handler)", Result(None, "ERESTARTNOHAND")),
    ("? ERESTART_RESTARTBLOCK (Interrupted by signal)", Result(None, "ERESTART_RESTARTBLOCK")),
    ("?", Result(None)),
    ("? <unavailable>", Result(None)),
    ("-1 (errno 530)", Result(-1)),
    ("0 (Timeout)", Result(0)),
    ("1 ([{fd=3, revents=POLLIN}])", Result(1)),
    ("2 (in [3], left {tv_sec=1, tv_usec=5})", Result(2)),
    ("5</tmp/a) = b>", Result(5)),
    ("13385 /* 3 in strace's PID NS */", Result(13385)),
    ("0x7f0000000000", Result(0x7F0000000000)),
    ("022", Result(0o22)),
    ("18446744073709551615", Result(18446744073709551615)),
]


@pytest.mark.parametrize(("text", "result"), RESULTS)
@pytest.mark.parametrize("spent", ["", " <0.000012>", " <1>", " <12.000000345>"])
@pytest.mark.parametrize("column", [" ", " " * 20])
def test_results(text: str, result: Result, spent: str, column: str) -> None:
    line = read_line(f"call_it(3, 4){column}= {text}{spent}")
    assert isinstance(line, CallLine)
    assert line.part is CallPart.WHOLE
    assert line.arguments == "3, 4"
    assert line.result == result
    expected = {"": None, " <0.000012>": 12_000, " <1>": S, " <12.000000345>": 12 * S + 345}
    assert line.spent_ns == expected[spent]


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        '3, "a) = 5", 4',
        r'3, "a\") = 5", 4',
        '3, "abc"..., 4096',
        '3</tmp/a) = b>, "x", 1',
        "3<TCP:[127.0.0.1:1->127.0.0.1:2]>, 0x7ff, 4, 0, NULL, NULL",
        "3<UNIX-STREAM:[8566195->8566196]>, FIONBIO, [1]",
        "0</dev/pts/0<char 136:0>>, TCGETS, {c_iflag=ICRNL|IXON, ...}",
        "3</tmp/gone>(deleted), 0x7ff, 4",
        'AT_FDCWD</home/a (b)>, "c", O_RDONLY',
        "[{fd=3, events=POLLIN}], 1, 300",
        "0x1 /* CLOCK_MONOTONIC (not ) */, 0, {tv_sec=1, tv_nsec=2}, NULL",
        '"/usr/bin/python3", ["python3", "t.py"], 0x7fff /* 39 vars */',
        "CLOCK_MONOTONIC, TIMER_ABSTIME, {tv_sec=1, tv_nsec=2}, NULL",
        "{flags=CLONE_VM|CLONE_THREAD, stack_size=0x7fff80} => {parent_tid=[13384]}, 88",
        "1<<3, 2",
    ],
)
def test_arguments_end_where_they_end(arguments: str) -> None:
    line = read_line(f"call_it({arguments}) = 7 <0.000001>")
    assert isinstance(line, CallLine)
    assert (line.part, line.arguments, line.result) == (CallPart.WHOLE, arguments, Result(7))


@pytest.mark.parametrize(
    ("text", "part", "name", "arguments"),
    [
        ("recvfrom(3,  <unfinished ...>", CallPart.BEGINNING, "recvfrom", "3,"),
        ("pause( <unfinished ...>", CallPart.BEGINNING, "pause", ""),
        ("clone(flags=SIGCHLD <unfinished ...>", CallPart.BEGINNING, "clone", "flags=SIGCHLD"),
        ('<... recvfrom resumed>"ab", 4) = 2', CallPart.REST, "recvfrom", '"ab", 4'),
        ('<... recvfrom resumed> "ab", 4) = 2', CallPart.REST, "recvfrom", '"ab", 4'),
        ("<... nanosleep resumed> )         = 0", CallPart.REST, "nanosleep", ""),
        ("<... gettid resumed>)   = 13385", CallPart.REST, "gettid", ""),
        ("<... clone resumed>, tls=0x7f) = 5", CallPart.REST, "clone", "tls=0x7f"),
        ("<... poll resumed>}], 1, 300) = 0", CallPart.REST, "poll", "}], 1, 300"),
        ("<... read resumed> <unfinished ...>) = ?", CallPart.REST, "read", "<unfinished ...>"),
        ("read(3,  <unfinished ...>) = ?", CallPart.WHOLE, "read", "3,  <unfinished ...>"),
        ("read(3,  <detached ...>", CallPart.ABANDONED, "read", "3, "),
        ("execve(3 <pid changed to 5 ...>", CallPart.ABANDONED, "execve", "3"),
        ("exit_group(0 <unfinished ... exit status 0>", CallPart.ABANDONED, "exit_group", "0"),
        ("read(3, <ptrace(SYSCALL):No such process>", CallPart.ABANDONED, "read", "3,"),
        ('write(1, "hello\\n", 6hello', CallPart.CUT_BEGINNING, "write", '1, "hello\\n", 6hello'),
        ('write(1, "hel', CallPart.CUT_BEGINNING, "write", '1, "hel'),
        (")        = 6", CallPart.CUT_REST, "", ""),
        (") = 6 <0.000012>", CallPart.CUT_REST, "", ""),
        ("syscall_0x1f4(0x1, 0x2) = -1 ENOSYS (Function not implemented)", CallPart.WHOLE,
         "syscall_0x1f4", "0x1, 0x2"),
        (
            "restart_syscall(<... resuming interrupted read ...>) = 0",
            CallPart.WHOLE,
            "restart_syscall",
            "<... resuming interrupted read ...>",
        ),
    ],
)  # fmt: skip
def test_parts_of_calls(text: str, part: CallPart, name: str, arguments: str) -> None:
    line = read_line(text)
    assert isinstance(line, CallLine)
    assert (line.part, line.name, line.arguments) == (part, name, arguments)


@pytest.mark.parametrize(
    ("text", "signo", "fields"),
    [
        (
            "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=7, si_uid=0} ---",
            10,
            {"si_signo": "SIGUSR1", "si_code": "SI_USER", "si_pid": "7", "si_uid": "0"},
        ),
        (
            "--- SIGALRM {si_signo=14 /* SIGALRM */, si_code=0x80 /* SI_KERNEL */} ---",
            14,
            {"si_signo": "SIGALRM", "si_code": "SI_KERNEL"},
        ),
        ("--- SIGALRM {si_signo=14, si_code=0x80} ---", 14, {"si_signo": "14", "si_code": "0x80"}),
        ("--- SIGUSR1 (User defined signal 1) @ 0 (0) ---", 10, {}),
        (
            "--- {si_signo=SIGUSR1, si_code=SI_USER, si_pid=7} (User defined signal 1) ---",
            10,
            {"si_signo": "SIGUSR1", "si_code": "SI_USER", "si_pid": "7"},
        ),
        ("--- {si_signo=SIGTSTP, si_code=SI_KERNEL} (Stopped (user)) ---", 20,
         {"si_signo": "SIGTSTP", "si_code": "SI_KERNEL"}),
        ("--- SIGRT_2 {si_signo=SIGRT_2, si_code=SI_TKILL} ---", 34,
         {"si_signo": "SIGRT_2", "si_code": "SI_TKILL"}),
        ("--- SIGRTMIN {si_signo=SIGRTMIN} ---", 32, {"si_signo": "SIGRTMIN"}),
        ("--- 50 {si_signo=50} ---", 50, {"si_signo": "50"}),
        ("--- SIGCHLD {si_signo=SIGCHLD, si_pid=7<sleep>, si_status=3} ---", 17,
         {"si_signo": "SIGCHLD", "si_pid": "7<sleep>", "si_status": "3"}),
    ],
)  # fmt: skip
def test_signals(text: str, signo: int, fields: dict[str, str]) -> None:
    assert read_line(text) == SignalLine(Prefix(), signo, fields)
    assert read_line(f"[pid  7] {text}") == SignalLine(Prefix(7), signo, fields)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("--- stopped by SIGSTOP ---", StoppedLine(Prefix(), 19)),
        ("--- Stopped (signal) by SIGSTOP ---", StoppedLine(Prefix(), 19)),
        ("+++ exited with 3 +++", EndedLine(Prefix(), 3, None)),
        ("+++ killed by SIGKILL +++", EndedLine(Prefix(), None, 9)),
        ("+++ killed by SIGSEGV (core dumped) +++", EndedLine(Prefix(), None, 11)),
        ("+++ superseded by execve in pid 45 +++", SupersededLine(Prefix(), 45)),
        (
            " > /usr/lib/libc.so.6(__read+0x4d) [0xfa1bd]",
            StackLine("/usr/lib/libc.so.6", "__read", 0x4D, 0xFA1BD),
        ),
        (
            " > /usr/bin/a(ns::f(int, char)+0x1) [0x5] /src/a.cc:3",
            StackLine("/usr/bin/a", "ns::f(int, char)", 1, 5),
        ),
        (" > /usr/bin/a() [0x4006bb]", StackLine("/usr/bin/a", None, None, 0x4006BB)),
        (" > unexpected_backtracing_error [0x5]", StackLine(None, None, None, None)),
        ("strace: Process 45 attached", AttachedLine(45)),
        ("Process 45 attached", AttachedLine(45)),
        ("strace: Process 45 attached with 3 threads", AttachedLine(45, 3)),
        ("strace: Process 45 detached", NoticeLine()),
        ("[ Process PID=45 runs in 32 bit mode. ]", NoticeLine(other_abi=True)),
        ("strace: [ Process PID=45 runs in x32 mode. ]", NoticeLine(other_abi=True)),
        ("% time     seconds  usecs/call     calls    errors syscall", NoticeLine()),
        ("------ ----------- ----------- --------- --------- ----------------", NoticeLine()),
        ("100.00    0.000031           2        11         1 total", NoticeLine()),
        ("  0.00    0.000000           0         7           read", NoticeLine()),
        (" | 00000  68 65 6c 6c 6f                                    hello            |",
         NoticeLine()),
        ("", None),
        ("Traceback (most recent call last):", None),
        ("hello, world", None),
        ("--- nothing ---", None),
        ("+++ what +++", None),
        ("<... read res", None),
        ("\x00\x01\x02", None),
        ("[pid ", None),
        ("[pid 12345678901234567890] x", None),
    ],
)  # fmt: skip
def test_other_lines(text: str, line: object) -> None:
    assert read_line(text) == line
