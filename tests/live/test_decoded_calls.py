"""A program that makes calls of every family: each line of a live trace beside real strace's."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.commands.program import eintr_trace
from tests.live.harness import TRACEES

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed"),
    pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed"),
]

# What differs from run to run within a line.
MASKS = (
    (r"0x[0-9a-f]{5,}", "ADDRESS"),
    (r"(tv_[un]?sec|ru_[us]time)=\d+", r"\1=N"),
    (r"tms_(\w+)=\d+", r"tms_\1=N"),
    (r"si_([us])time=\d+", r"si_\1time=N"),
    (r"htons\(\d+\)", "htons(PORT)"),
    (r"\d{4}-\d\d-\d\dT[\d:.+-]+", "DATE"),
    (r'(getrandom)\("[^"]*"', r"\1(BYTES"),
    (r"^(times\(.*|time\(NULL\)) += \d+", r"\1 = N"),
    (r"^(sysinfo\(\{).*(\}\))", r"\1...\2"),
    (r" += ", " = "),
)
# Calls that strace 6.1 decodes and a live trace does not: seldom made, and none that waits.
NOT_DECODED = frozenset({"membarrier", "personality", "capget", "shmget", "syscall_0x3e7"})


def lines_of_each_thread(log: str, fields: int) -> list[list[str]]:
    """The lines of threads in the order in which they came, pids masked, broken ones joined."""
    by_tid: dict[str, list[str]] = {}
    for line in log.splitlines():
        tid, *_, text = line.split(None, fields)
        by_tid.setdefault(tid, []).append(text)
    pids = rf"\b(?:{'|'.join(by_tid)})\b"
    return [
        [masked(re.sub(pids, "PID", line)) for line in joined(lines)] for lines in by_tid.values()
    ]


def joined(lines: list[str]) -> list[str]:
    whole: list[str] = []
    begun = ""
    for line in lines:
        if line.endswith("<unfinished ...>"):
            begun = line.removesuffix("<unfinished ...>").rstrip()
        elif begun and line.startswith("<... "):
            rest = line.split(" resumed>", 1)[1]
            gap = " " if begun.endswith(",") and not rest.startswith((")", ",")) else ""
            whole.append(begun + gap + rest)
            begun = ""
        else:
            whole.append(line)
    return whole


def masked(line: str) -> str:
    for pattern, shown in MASKS:
        line = re.sub(pattern, shown, line)
    return line


def compared(lines: list[str]) -> list[str]:
    """Without the call that begins the program, and those that come when another is ready."""
    return [
        line
        for line in lines
        if not re.match(r"(<\.\.\. )?execve(?! *\(\"/nothing)|--- SIG", line)
        and re.split(r"\W", line)[0] not in NOT_DECODED
        and not line.startswith("syscall_")
    ]


@pytest.mark.parametrize("family", ["files", "waits", "sockets", "signals", "processes"])
def test_each_line_is_straces(family: str, tmp_path: Path) -> None:
    program = tmp_path / "many_calls"
    source = TRACEES / "many_calls.c"
    subprocess.run(["gcc", "-w", "-O1", "-o", program, source], check=True)
    log, recording = tmp_path / "strace.log", tmp_path / "r.jsonl"
    command = [str(program), family]
    subprocess.run(["strace", "-f", "-ttt", "-s", "32", "-o", log, *command], check=False)
    options = ["-f", "--every-syscall", "-q", "-o", str(recording), "--", *command]
    done = subprocess.run(
        [sys.executable, "-m", "eintr_trace", *options],
        capture_output=True,
        check=False,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    ours = eintr_trace("report", "--format", "strace", str(recording))
    theirs_by_thread = lines_of_each_thread(log.read_text(), 2)
    ours_by_thread = lines_of_each_thread(ours.stdout, 2)
    assert len(ours_by_thread) == len(theirs_by_thread)
    for our_lines, their_lines in zip(ours_by_thread, theirs_by_thread, strict=True):
        assert compared(our_lines) == compared(their_lines)
    said = {line for lines in ours_by_thread for line in lines if line.startswith("--- SIG")}
    their = {line for lines in theirs_by_thread for line in lines if line.startswith("--- SIG")}
    assert said == their
