"""A large log is not read whole, and tells the same as if it were."""

from __future__ import annotations

import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eintr_trace.model.events import Disposition, Event, SignalDelivered, Warned
from eintr_trace.model.trace_lines import LogLine
from eintr_trace.sources.strace_log import large_file, points, search_processes
from eintr_trace.sources.strace_log.log_file import LogFile
from eintr_trace.sources.strace_log.source import read_log
from eintr_trace.sources.strace_log.text_lines import numbered_lines
from tests.bench.large_log import write_log


@pytest.fixture(autouse=True)
def small_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(large_file, "_READ_WHOLE_BYTES", 100)
    for module in (points, search_processes):
        monkeypatch.setattr(module, "BLOCK_BYTES", 4096)


def told(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, Warned)]


def both_ways(path: Path) -> tuple[list[Event], list[Event]]:
    with path.open("rb") as stream:
        large = list(large_file.read_large_log(stream, "log").events)
    with path.open("rb") as stream:
        whole = list(read_log(numbered_lines(stream), "log").events)
    return told(large), told(whole)


def test_the_same_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write_log(log, 2 << 20, 40)
    large, whole = both_ways(log)
    assert large == whole
    assert len(large) > 40 * 5


def test_numbers_are_those_of_the_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write_log(log, 1 << 20, 20)
    lines = log.read_text().splitlines()
    large, _ = both_ways(log)
    numbered = [event for event in large if isinstance(event, LogLine)]
    assert numbered
    assert all(lines[event.number - 1] == event.text for event in numbered)


RECV = "recvfrom(3, 0x7ff, 4, 0, NULL, NULL)"
SIGNAL = "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=9, si_uid=0} ---"
RETURN = "rt_sigreturn({mask=[]}) = -1 EINTR (Interrupted system call)"
INTERRUPTED = " = ? ERESTARTSYS (To be restarted if SA_RESTART is set)"
BEGINNING = "recvfrom(3,  <unfinished ...>"
REST = "<... recvfrom resumed>0x7ff, 4, 0, NULL, NULL)"
ACTS = [
    ["close(3) = 0"],
    ["futex(0x7f12d4000000, FUTEX_WAIT_PRIVATE, 2, NULL) = 0"],
    ['write(2, "what? = ? a"..., 5) = 5'],
    [f"{RECV}{INTERRUPTED}", SIGNAL, RETURN, f"{RECV} = 4"],
    [BEGINNING, f"{REST}{INTERRUPTED}", SIGNAL, RETURN, BEGINNING, f"{REST} = 4"],
    [BEGINNING, f"{REST}{INTERRUPTED}"],
    ["epoll_wait(3, 0x7f, 5, -1) = -1 EINTR (Interrupted system call)"],
    [SIGNAL],
    [SIGNAL, RETURN.replace("-1 EINTR (Interrupted system call)", "5")],
    [f"{RECV}{INTERRUPTED}", SIGNAL, "+++ killed by SIGUSR1 +++"],
]


def numbered_log(chance: random.Random, count: int) -> bytes:
    """Acts of three threads, mixed, with stretches of a fourth between."""
    left = {tid: [line for _ in range(count) for line in chance.choice(ACTS)] for tid in (7, 8, 9)}
    lines = [f"{tid}     close(9) = 0" for tid in left]
    while left:
        tid = chance.choice(list(left))
        lines.append(f"{tid}     {left[tid].pop(0)}")
        lines += ["6     close(5) = 0"] * chance.choice([0, 0, 0, 20])
        if not left[tid]:
            del left[tid]
    return "".join(f"{line}\n" for line in lines).encode()


@settings(deadline=None, max_examples=12)
@given(seed=st.integers(0, 10**9), count=st.integers(1, 30))
def test_no_interruption_is_missed_whatever_the_order_of_lines(
    tmp_path_factory: pytest.TempPathFactory, seed: int, count: int
) -> None:
    log = tmp_path_factory.getbasetemp() / "any.log"
    log.write_bytes(numbered_log(random.Random(seed), count))
    large, whole = both_ways(log)
    kinds = {"SignalDelivered", "CallInterrupted", "HandlerReturning", "SyscallExited"}
    assert [event for event in large if type(event).__name__ in kinds] == [
        event for event in whole if type(event).__name__ in kinds
    ]


FORKS = {
    "clone": ["clone(child_stack=NULL, flags=CLONE_CHILD_SETTID|SIGCHLD) = 8"],
    "clone3, in two parts": [
        "clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD}, 88 <unfinished ...>",
        "<... clone3 resumed>) = 8",
    ],
    "vfork, in two parts": ["vfork( <unfinished ...>", "<... vfork resumed>) = 8"],
    "fork": ["fork() = 8"],
}
INSTALLED = "rt_sigaction(SIGUSR1, {sa_handler=0x55, sa_mask=[], sa_flags=0x4000000}, NULL, 8) = 0"
STARTED = 'execve("/usr/bin/python3.13", ["python3.13"], 0x7ffc /* 9 vars */) = 0'
IGNORED = "rt_sigaction(SIGUSR1, {sa_handler=SIG_IGN, sa_mask=[], sa_flags=0}, NULL, 8) = 0"


@pytest.mark.parametrize("fork", FORKS.values(), ids=FORKS)
def test_what_a_child_does_with_signals_is_not_its_parents(fork: list[str], tmp_path: Path) -> None:
    """Its first line that is needed stands between two of the parent, which makes a thread."""
    pause = ["7     close(5) = 0"] * 400
    lines = [f"7     {STARTED}", *pause, *(f"7     {line}" for line in fork), "8     close(6) = 0"]
    lines += [
        *pause,
        f"7     {INSTALLED}",
        "7     clone3({flags=CLONE_VM|CLONE_SIGHAND|CLONE_THREAD, child_tid=0x7f} <unfinished ...>",
        f"8     {IGNORED}",
        "7     <... clone3 resumed> => {parent_tid=[9]}, 88) = 9",
    ]
    lines += [*pause, *(f"9     {line}" for line in ACTS[3])]
    log = tmp_path / "log"
    log.write_text("".join(f"{line}\n" for line in lines))
    large, whole = both_ways(log)
    deliveries = [
        [event for event in told if isinstance(event, SignalDelivered)] for told in (large, whole)
    ]
    assert deliveries[0] == deliveries[1]
    assert [event.tgid for event in deliveries[0]] == [7]
    assert [event.disposition for event in deliveries[0]] == [Disposition.CAUGHT]


def test_lines_are_found_where_blocks_meet(tmp_path: Path) -> None:
    for size in range(4000, 4200):
        log = tmp_path / "log"
        log.write_bytes(b"x" * size + b"\n--- SIGUSR1 {si_signo=SIGUSR1} ---\nclose(3) = 0\n")
        descriptor = os.open(log, os.O_RDONLY)
        try:
            total = log.stat().st_size
            with search_processes.searched_points(descriptor, 0, 1, total) as found:
                seen = list(found)
            hits = [point for point in seen if point.is_hit]
            assert [(hit.offset, hit.number) for hit in hits] == [(size + 1, 2)], size
            assert seen[-1].number == 4
            assert LogFile(descriptor).number_of(size + 1) == 2
        finally:
            os.close(descriptor)


def children() -> set[str]:
    return set(Path("/proc/thread-self/children").read_text().split())


def test_a_search_that_is_given_up_leaves_no_process(tmp_path: Path) -> None:
    log = tmp_path / "log"
    write_log(log, 1 << 20, 10)
    before = children()
    with log.open("rb") as stream:
        events = large_file.read_large_log(stream, "log").events
        for _ in range(20):
            next(events)
        assert len(os.sched_getaffinity(0)) == 1 or children() > before
        del events
    assert children() == before


FRAMES = [
    " > /usr/lib/libc.so.6(__recv+0x4d) [0xfa1bd]",
    " > /usr/lib/libcurl.so.4(recv_plain+0x2a) [0x1fa1bd]",
]
FURTHER_CALLS = [
    ["close(9) = 0"],
    ['write(7, "abc", 3) = 3'],
    ["read(5,  <unfinished ...>", '<... read resumed>"abc", 3) = 3'],
    ["futex(0x7f12d4000000, FUTEX_WAIT_PRIVATE, 2, NULL) = 0"],
    ["futex(0x7f12d4, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>", "<... futex resumed>) = 0"],
    ['openat(AT_FDCWD, "/tmp/a (b", O_RDONLY) = 4'],
]
RARE_CALLS = [
    ['write(2, "Traceback (most recent call last)"..., 34) = 34'],
    ["write(2,  <unfinished ...>", '<... write resumed>"Traceback (most r", 17) = 17'],
    [f"{RECV} = 4"],
    [BEGINNING, f"{REST} = 4"],
    ["sendto(3, 0x7ff, 4, 0, NULL, 0) = 4"],
    ["close(3) = 0"],
    ["epoll_wait(5, [], 5, -1) = 0"],
    ["kill(7, SIGINT) = 0"],
    ["read(5,  <unfinished ...>", "<... read resumed>0x7ff, 3) = ? ERESTARTSYS (To be)", SIGNAL],
    [SIGNAL, RETURN],
]


def long_story(chance: random.Random, *, is_alone: bool) -> list[str]:
    """An interruption, and then hundreds of calls, among them a few that tell something.

    ``is_alone``: no call is on two lines.
    """
    often, seldom = (
        [acts for acts in kind if not (is_alone and "<unfinished ...>" in acts[0])]
        for kind in (FURTHER_CALLS, RARE_CALLS)
    )
    lines = [f"{RECV}{INTERRUPTED}", SIGNAL, RETURN]
    for _ in range(chance.randrange(300)):
        lines += chance.choice(seldom if chance.random() < 0.02 else often)
    return lines


@settings(deadline=None, max_examples=40)
@given(
    seed=st.integers(0, 10**9),
    threads=st.integers(1, 3),
    has_pid=st.booleans(),
    stamp=st.sampled_from(["", "12:00:00.5 ", "1700000000.25 "]),
    frames=st.integers(0, 2),
)
def test_the_same_is_told_of_threads_that_go_on_for_long(
    tmp_path_factory: pytest.TempPathFactory,
    seed: int,
    threads: int,
    has_pid: bool,
    stamp: str,
    frames: int,
) -> None:
    chance = random.Random(seed)
    left = {f"{tid}     ": long_story(chance, is_alone=False) for tid in range(7, 7 + threads)}
    if not has_pid:
        left = {"": long_story(chance, is_alone=True)}
    lines = [f"{begin}{stamp}close(9) = 0" for begin in left] * 20
    while left:
        begin = chance.choice(list(left))
        lines.append(f"{begin}{stamp}{left[begin].pop(0)}")
        if lines[-1].endswith((")", "0", "3", "4")):  # a call that came back: strace -k
            lines += FRAMES[:frames]
        left = {one: rest for one, rest in left.items() if rest}
    log = tmp_path_factory.getbasetemp() / "long.log"
    log.write_text("".join(f"{line}\n" for line in lines))
    large, whole = both_ways(log)
    assert large == whole
