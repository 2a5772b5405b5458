"""The import of an strace log of 1 GB with 1,000 interruptions, beside what grep takes."""

from __future__ import annotations

import random
import re
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from tests.bench.tables import show

LOG_BYTES = 1 << 30
INTERRUPTIONS = 1000
ROUNDS = 5
_THREADS = range(4102, 4110)
_MANY_THREADS = range(4102, 4166)
_STRETCH_LINES = 600
# getrusage(2) would say what we take ourselves: it counts from before execve(2) on.
_AND_THEN_PEAK = """
import sys
from eintr_trace.commands.main import main
status = main(sys.argv[1:])
with open("/proc/self/status") as fields:
    print(next(line.split()[1] for line in fields if line.startswith("VmHWM:")), file=sys.stderr)
sys.exit(status)
"""
_HEADERS = ["", "s, median", "least", "greatest", "times grep", "memory, MB"]


def bench_large_log(folder: Path) -> None:
    """An strace log of 1 GB with 1,000 interruptions, beside grep."""
    show(
        "A log of 1 GB and one of a tenth, with 1,000 interruptions each: the whole process, from"
        "\nits start to its end (bar: 5.0 times grep; memory that does not grow with the log)",
        _rows(folder),
        _HEADERS,
        ".2f",
    )


def _rows(folder: Path) -> list[list[object]]:
    """One row a program, in alternating rounds."""
    log, small, left = folder / "large.log", folder / "tenth.log", folder / "left.log"
    many = folder / "many.log"
    write_log(log, LOG_BYTES, INTERRUPTIONS)
    write_log(left, LOG_BYTES, INTERRUPTIONS, called_again=False)
    write_log(small, LOG_BYTES // 10, INTERRUPTIONS)
    write_log(many, LOG_BYTES, INTERRUPTIONS, called_again=False, threads=_MANY_THREADS)
    report = [sys.executable, "-c", _AND_THEN_PEAK, "report"]
    programs = {
        "grep -c EINTR": ["grep", "-c", "EINTR", str(log)],
        "eintr-trace report, 1 GB": [*report, str(log)],
        "eintr-trace report, 1 GB, not made again": [*report, str(left)],
        "eintr-trace report, 1 GB, not made again, 64 threads": [*report, str(many)],
        "eintr-trace report, 0.1 GB": [*report, str(small)],
    }
    seen: dict[str, list[tuple[float, int | None]]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, command in programs.items():
            seen[name].append(_run(command, folder / "output"))
    grep_s = statistics.median(seconds for seconds, _ in seen["grep -c EINTR"])
    rows: list[list[object]] = []
    for name, runs in seen.items():
        times = [seconds for seconds, _ in runs]
        median = statistics.median(times)
        peaks = [kilobytes / 1024 for _, kilobytes in runs if kilobytes is not None]
        memory = max(peaks, default=None)
        rows.append([name, median, min(times), max(times), median / grep_s, memory])
    return rows


def _run(command: list[str], output: Path) -> tuple[float, int | None]:
    """Give how long a command took, and a report's greatest resident memory in KB."""
    with output.open("wb") as stdout:
        began = time.monotonic()
        done = subprocess.run(command, stdout=stdout, stderr=subprocess.PIPE, check=True)
        took_s = time.monotonic() - began
    if "report" not in command:
        return took_s, None
    _expect_all_interruptions(output.read_text())
    return took_s, int(done.stderr.splitlines()[-1])


def _expect_all_interruptions(report: str) -> None:
    numbers = [int(number) for number in re.findall(r"^#(\d+) ", report, re.MULTILINE)]
    if not numbers or max(numbers) != INTERRUPTIONS:
        raise RuntimeError(f"the report has {max(numbers, default=0)} interruptions")


def write_log(
    path: Path,
    size: int,
    interruptions: int,
    *,
    called_again: bool = True,
    threads: Sequence[int] = _THREADS,
) -> None:
    """Write a log as ``strace -f -tt -T -o`` would: threads mixed, calls on two lines.

    Between interruptions are stretches of other calls. Every other interrupted call is made
    again at once and comes back then; the others come back a stretch later. ``called_again`` of
    false: none is made again, and the threads go on with the other calls.
    """
    chance = random.Random(1)
    # Those that call again say nothing between: only other threads do.
    busy = threads[4:] if called_again else threads
    stretches = [_stretch(chance, busy) for _ in range(16)]
    pause = size // interruptions
    with path.open("wb", buffering=1 << 20) as log:
        _write(log, '4102  12:00:00.000000 execve("/usr/bin/python3.13", ["python3.13"], 0x7f) = 0')
        written = number = 0
        while written < size:
            if written >= number * pause and number < interruptions:
                written += _write_interruption(
                    log, threads[number % 4], number, stretches, called_again=called_again
                )
                number += 1
            else:
                written += log.write(chance.choice(stretches))


_CALLS = (
    'read({fd}, "\\27\\3\\3 some data"..., 16384) = 4096 <0.000012>',
    'openat(AT_FDCWD, "/usr/lib/x{fd}.py", O_RDONLY) = -1 ENOENT (No such file) <0.00001>',
    'sendto({fd}, "HTTP/1.1 200 OK\\r\\nServer: x"..., 512, 0, NULL, 0) = 512 <0.000020>',
    "epoll_wait(5, [{{events=EPOLLIN, data={{u32={fd}, u64={fd}}}}}], 64, -1) = 1 <0.002012>",
    "futex(0x7f12d400{fd:04x}, FUTEX_WAIT_PRIVATE, 2, NULL) = 0 <0.000312>",
    "futex(0x7f12d400{fd:04x}, FUTEX_WAIT_PRIVATE, 2, NULL <unfinished ...>",
    "<... futex resumed>) = 0 <0.000312>",
)


def _stretch(chance: random.Random, threads: Sequence[int]) -> bytes:
    lines = []
    for number in range(_STRETCH_LINES):
        stamp = f"{chance.choice(threads):<5} 12:00:{number // 20:02}.{number % 20 * 50000:06}"
        lines.append(f"{stamp} {chance.choice(_CALLS).format(fd=chance.randrange(3, 40))}\n")
    return "".join(lines).encode()


def _write_interruption(
    log: BinaryIO, tid: int, number: int, stretches: list[bytes], *, called_again: bool
) -> int:
    call, rest = "recvfrom(3, ", "0x7f12d0001000, 4, 0, NULL, NULL)"
    signal = "--- SIGUSR1 {si_signo=SIGUSR1, si_code=SI_USER, si_pid=9, si_uid=0} ---"
    stamp = f"{tid:<5} 12:01:00.000000"
    written = _write(log, f"{stamp} {call} <unfinished ...>")
    written += log.write(stretches[number % len(stretches)]) if called_again else 0
    written += _write(
        log,
        f"{stamp} <... recvfrom resumed>{rest} = ? ERESTARTSYS (To be restarted if SA_RESTART "
        "is set) <1.500000>",
        f"{stamp} {signal}",
        f"{stamp} rt_sigreturn({{mask=[]}}) = -1 EINTR (Interrupted system call) <0.000008>",
    )
    if not called_again:
        return written
    if number % 2:
        return written + _write(log, f'{stamp} {call}"abcd", 4, 0, NULL, NULL) = 4 <0.000100>')
    written += _write(log, f"{stamp} {call} <unfinished ...>")
    written += log.write(stretches[(number + 1) % len(stretches)])
    return written + _write(
        log, f'{stamp} <... recvfrom resumed>"abcd", 4, 0, NULL, NULL) = 4 <1.0>'
    )


def _write(log: BinaryIO, *lines: str) -> int:
    return log.write("".join(f"{line}\n" for line in lines).encode())
