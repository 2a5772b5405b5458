"""Lines and logs made to take long: the time grows with their length, and no faster."""

from __future__ import annotations

import time

import pytest

from eintr_trace.sources.strace_log.source import read_log

LENGTH = 200_000
# What is linear takes a second or two on a busy machine, what is quadratic some hours.
LIMIT_S = 20.0
INTERRUPTED = " = ? ERESTARTNOHAND (To be restarted if no handler)"
SIGNAL = "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER} ---"


def filled(before: str, filling: str, after: str) -> str:
    return before + filling * (LENGTH // len(filling)) + after


@pytest.mark.parametrize(
    "line",
    [
        filled("recvfrom(3<TCP:[", "->", f"x>, 0x7, 4){INTERRUPTED}"),
        filled("recvfrom(", "3<TCP:[->", f"x>, 0x7, 4){INTERRUPTED}"),
        filled("select(3, [", "1<", f"], NULL, NULL){INTERRUPTED}"),
        filled("select(3, [", "1</x> ", f"], NULL, NULL){INTERRUPTED}"),
        filled("poll(", "[{fd=1<", f"], 1, NULL){INTERRUPTED}"),
        filled("read(", "(1<", f"{INTERRUPTED}"),
        filled("read(3, ", '"\\', f", 9){INTERRUPTED}"),
        filled("read(3, ", "/*", f", 9){INTERRUPTED}"),
        filled("read(3, ", ") = -1 EINTR (INJECTED", ""),
        filled("execve(", '["', "], 0x7 /* 3 vars */) = 0"),
        filled("--- SIGUSR1 {", "si_code=", "} ---"),
        filled(" > ", "(+0x", ") [0x5]"),
        filled("[pid ", "3", "] close(3) = 0"),
    ],
    ids=lambda line: f"{line[:20]}{line[LENGTH // 2 : LENGTH // 2 + 8]}",
)
def test_a_long_line(line: str) -> None:
    assert_read_in_time(["close(3) = 0", line, SIGNAL])


def test_many_processes_at_once() -> None:
    pids = range(2, LENGTH // 10)
    lines = [f"{pid} close(3) = 0" for pid in pids]
    assert_read_in_time(lines + [f"{pid} +++ exited with 0 +++" for pid in pids])


def assert_read_in_time(lines: list[str]) -> None:
    began_s = time.monotonic()
    for _ in read_log(enumerate(lines, 1), "log").events:
        pass
    assert time.monotonic() - began_s < LIMIT_S
