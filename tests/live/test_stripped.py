"""Files without symbols, or gone: the names that are left are those of the twin that has them."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from eintr_trace.model.c_stack import CFrame
from eintr_trace.model.episodes import Decision, Episode, Outcome
from eintr_trace.model.events import SignalDelivered
from eintr_trace.model.stack_events import StackMoment, StackSeen
from tests.interpreter.private_copy import PrivateCopy
from tests.lab.interpreters import cpython
from tests.live.extension_module import build_extension
from tests.live.harness import attached, program

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(shutil.which("strip") is None, reason="no strip"),
]

Place = tuple[str, int]
"""Where an address is: the name of its file, and the offset in that file."""


@dataclass(frozen=True)
class Interrupted:
    """One interrupted call; ``frames`` are those of each stack, in order of time."""

    episode: Episode
    frames: tuple[tuple[Place | None, CFrame], ...]


def interrupted(
    python: Path,
    recording: Path,
    *arguments: str,
    environ: Mapping[str, str] | None = None,
    meanwhile: Callable[[], None] = lambda: None,
) -> Interrupted:
    """One SIGUSR1 that meets a wait in read(2) for standard input, ``meanwhile`` before it."""
    with program(python, *arguments, environ=environ) as running:
        running.wait_blocked_in("read")
        maps = Path(f"/proc/{running.pid}/maps").read_text()
        meanwhile()
        with attached(running.pid, recording) as tracer:
            os.kill(running.pid, signal.SIGUSR1)
            tracer.wait_event(SignalDelivered)
            with suppress(BrokenPipeError):  # it may have raised, and ended
                running.tell("x")
            running.account()
            tracer.wait()
            (episode,) = [one for one in tracer.episodes() if one.signal is not None]
            (stack,) = [
                event.stack
                for event in tracer.events()
                if isinstance(event, StackSeen) and event.moment is StackMoment.INTERRUPTED
            ]
    return Interrupted(
        episode, tuple((place_of(frame.address, maps), frame) for frame in stack.frames)
    )


def place_of(address: int, maps: str) -> Place | None:
    """Of an address in proc_pid_maps(5)."""
    for line in maps.splitlines():
        addresses, _, offset, _, _, *name = line.split(maxsplit=5)
        start, end = (int(word, 16) for word in addresses.split("-"))
        if start <= address < end and name:
            return Path(name[0]).name, address - start + int(offset, 16)
    return None


def require_the_same_but_for_names(stripped: Interrupted, whole: Interrupted) -> None:
    """The same frames; a name that is left is the right one, and not all are left."""
    assert [place for place, _ in stripped.frames] == [place for place, _ in whole.frames]
    functions = [(one.function, twin.function) for (_, one), (_, twin) in pairs(stripped, whole)]
    assert [one for one, _ in functions if one] == [twin for one, twin in functions if one]
    assert any(one is None and twin for one, twin in functions)
    for place, frame in stripped.frames:
        if frame.function is None and place is not None:
            assert frame.file is not None
            assert (Path(frame.file).name, frame.offset) == place


def pairs(
    one: Interrupted, other: Interrupted
) -> list[tuple[tuple[Place | None, CFrame], tuple[Place | None, CFrame]]]:
    return list(zip(one.frames, other.frames, strict=True))


def require_the_same_decision(stripped: Decision | None, whole: Decision | None) -> None:
    """What has no name is shown by its file and offset; without a name none may be known."""
    if stripped is None:
        return
    assert whole is not None
    assert stripped.kind is whole.kind
    functions = [stripped.function, *stripped.c_stack]
    named = [whole.function, *whole.c_stack]
    for function, name in zip(functions, named, strict=True):
        assert function == name or "+0x" in function


@pytest.mark.parametrize(
    ("version", "outcome"),
    [
        ("2.7", Outcome.RAISED),
        ("3.13", Outcome.RESUMED_BY_INTERPRETER),
    ],
)
def test_an_interpreter(version: str, outcome: Outcome, tmp_path: Path) -> None:
    python = cpython(version).executable
    (tmp_path / "whole").mkdir()
    (tmp_path / "stripped").mkdir()
    whole, stripped = (PrivateCopy(python, tmp_path / name) for name in ("whole", "stripped"))
    stripped.strip()
    arguments = ("one_call.py", "read_stdin", "SIGUSR1")
    of_whole, of_stripped = (
        interrupted(copy.executable, tmp_path / name, *arguments, environ=copy.environ)
        for copy, name in ((whole, "1"), (stripped, "2"))
    )
    require_the_same_but_for_names(of_stripped, of_whole)
    assert of_stripped.episode.outcome is of_whole.episode.outcome is outcome
    assert of_stripped.episode.received_by is not None
    assert of_whole.episode.received_by is not None
    assert of_stripped.episode.received_by.role is of_whole.episode.received_by.role
    require_the_same_decision(of_stripped.episode.decision, of_whole.episode.decision)


def test_an_extension_module(tmp_path: Path) -> None:
    python = cpython("3.13")
    folders = tmp_path / "whole", tmp_path / "stripped"
    for folder in folders:
        folder.mkdir()
        module = build_extension(python, folder)
    subprocess.run(["strip", "--strip-all", str(module)], check=True)
    whole, stripped = (
        interrupted(
            python.executable, folder / "recording", "extension_calls.py", str(folder), "retrying"
        )
        for folder in folders
    )
    require_the_same_but_for_names(stripped, whole)
    for one in (whole, stripped):
        assert one.episode.outcome is Outcome.RETRIED_BY_LIBRARY
        assert one.episode.received_by is not None
        assert one.episode.received_by.module == "c_answers"
        assert one.episode.received_by.function == "read_retrying"  # exported
    assert whole.frames[2][1].function == "wait_retrying"  # static
    assert stripped.frames[2][1].function is None


def test_an_extension_module_whose_file_is_another_now(tmp_path: Path) -> None:
    """Deleted, replaced by another program, or by half of itself, while it is mapped."""
    python = cpython("3.13")
    module = build_extension(python, tmp_path)
    kept = module.read_bytes()

    def run(name: str, change: Callable[[], None]) -> Interrupted:
        module.unlink(missing_ok=True)
        module.write_bytes(kept)
        arguments = ("extension_calls.py", str(tmp_path), "retrying")
        recording = tmp_path / name
        return interrupted(python.executable, recording, *arguments, meanwhile=change)

    def replaced_by(content: bytes) -> Callable[[], None]:
        def change() -> None:
            module.unlink()
            module.write_bytes(content)

        return change

    whole = run("whole", lambda: None)
    for name, change in {
        "deleted": module.unlink,
        "replaced": replaced_by(Path("/bin/true").read_bytes()),
        "halved": replaced_by(kept[: len(kept) // 2]),
    }.items():
        changed = run(name, change)
        assert len(changed.frames) <= len(whole.frames)
        for (_, one), (_, twin) in zip(changed.frames, whole.frames, strict=False):
            assert one.function in {None, twin.function}, name
        assert changed.episode.outcome in {Outcome.RETRIED_BY_LIBRARY, Outcome.UNKNOWN}, name
