"""A program that does not do its part is told of, with its output, and nothing of it stays."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from eintr_trace.lab.dispositions import Disposition
from eintr_trace.lab.matrix.cells import CellResult, Status
from eintr_trace.lab.matrix.run import MatrixOrder, run_matrix
from eintr_trace.lab.program_commands import program_environment
from eintr_trace.lab.scenarios import Full, Scenario
from tests.lab.interpreters import newest
from tests.lab.proc import in_session

HANG_LIMIT_S = 3.0
LIMIT_S = 15.0
SOUND = Scenario(
    name="is sound",
    setup="reader, writer = os.pipe()",
    call="result = os.read(reader, 1)",
    release='os.write(writer, b"x")',
    blocked_in=("read",),
    full=Full(byte_count=1),
)
DAEMON = """\
if os.fork() == 0:
    os.setsid()
    time.sleep(1000)
"""


@dataclass(frozen=True)
class Broken:
    """What is broken, what must be said of it, and what of its output must be there."""

    scenario: Scenario
    said: str
    output: str = ""


BROKEN = [
    Broken(
        replace(SOUND, name="crashes at once", setup="1 / 0"),
        "ended before its call, with exit status 1",
        "ZeroDivisionError",
    ),
    Broken(
        replace(SOUND, name="ends in its call", call="os._exit(3)"),
        "its call came back before any signal was sent",
    ),
    Broken(
        replace(SOUND, name="does not block", call='result = b""'),
        "its call came back before any signal was sent",
        '"result": "returned"',
    ),
    Broken(
        replace(SOUND, name="is killed", call="os.kill(os.getpid(), signal.SIGSEGV)"),
        "its call came back before any signal was sent",
    ),
    Broken(
        replace(SOUND, name="says nothing", call=f"{SOUND.call}\nos._exit(0)"),
        "printed no account of its call; exit status 0",
    ),
    Broken(
        replace(
            SOUND,
            name="prints garbage",
            call=f"{SOUND.call}\nos.write(1, b'\\xff{{\"result\"\\n')\nos._exit(7)",
        ),
        "printed no account of its call; exit status 7",
        '{"result"',
    ),
    Broken(
        replace(
            SOUND,
            name="prints an account that is none",
            call=f"{SOUND.call}\nos.write(1, b'{{\"result\": 5}}\\n')\nos._exit(0)",
        ),
        "printed an account that is none",
        '"result": 5',
    ),
    Broken(
        replace(SOUND, name="leaves a daemon", setup=f"{SOUND.setup}\n{DAEMON}"),
        "left a process behind",
    ),
]
HANGING = [
    Broken(
        replace(SOUND, name="is never ready", setup="time.sleep(1000)"),
        "waiting until it said that it is ready",
    ),
    Broken(
        replace(SOUND, name="spins", call="os.write(1, b'spins\\n')\nwhile True: pass"),
        "waiting until it was blocked in read",
        "spins",
    ),
    Broken(
        replace(SOUND, name="blocks elsewhere", call="time.sleep(1000)"),
        "waiting until it was blocked in read",
    ),
    Broken(replace(SOUND, name="is not released", release="pass"), "waiting until the scenario"),
]


def run(scenarios: Iterable[Scenario], limit_s: float) -> dict[str, CellResult]:
    """The cells with a plain handler, under the newest interpreter, by scenario."""
    order = MatrixOrder(
        tuple(scenarios), (newest(),), (Disposition.PLAIN,), jobs=2, limit_s=limit_s
    )
    environ = program_environment(Path("/nonexistent"))
    results = [result for progress in run_matrix(order, environ) for result in progress.results]
    return {result.scenario: result for result in results}


@pytest.fixture(scope="module")
def results() -> dict[str, CellResult]:
    hanging = [broken.scenario for broken in HANGING]
    began_s = time.monotonic()
    found = run(hanging, HANG_LIMIT_S)
    # Each waits for one limit at most, and for the next step not at all.
    assert time.monotonic() - began_s < len(hanging) * 2 * HANG_LIMIT_S
    return found | run([SOUND, *(broken.scenario for broken in BROKEN)], LIMIT_S)


@pytest.mark.parametrize("broken", BROKEN + HANGING, ids=lambda one: one.scenario.name)
def test_a_broken_program(broken: Broken, results: dict[str, CellResult]) -> None:
    result = results[broken.scenario.name]
    assert result.status is Status.FAILED
    assert any(broken.said in note for note in result.notes), result.notes
    assert broken.output in result.run.output


def test_a_sound_one_beside_them_is_not_touched(results: dict[str, CellResult]) -> None:
    assert results[SOUND.name].status is Status.AGREE, results[SOUND.name].notes


def test_no_process_is_left(results: dict[str, CellResult]) -> None:
    for result in results.values():
        assert result.run.pid is not None
        assert in_session(result.run.pid) == []
