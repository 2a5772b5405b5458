"""psycopg2 waits in a query while a timer ticks: what libpq does, by three accounts."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.episodes import Confidence, DelayCause, Episode, Outcome
from tests.live.harness import TRACEES, attached, program
from tests.live.postgresql import postgresql_server, psycopg2_folder

pytestmark = pytest.mark.live

LEAST_TICKS = 5  # of the six while the query takes 0.65 s, one may come between two calls
EXPORTS_ITS_POLL = 170000  # PQsocketPoll is exported since libpq 17; static before


@pytest.fixture(scope="module")
def psycopg2() -> Path:
    return psycopg2_folder()


@pytest.fixture(scope="module")
def server() -> Iterator[Path]:
    with postgresql_server() as folder:
        yield folder


@pytest.mark.parametrize("mode", ["interrupts", "restarts"])
def test_libpq_calls_poll_again(mode: str, psycopg2: Path, server: Path, tmp_path: Path) -> None:
    arguments = (str(psycopg2), str(server), mode)
    with program(Path(sys.executable), "postgresql_client.py", *arguments) as client:
        with attached(client.pid, tmp_path / "recording") as tracer:
            client.tell("go")
            account = client.account()
            tracer.wait()
            met = [one for one in tracer.episodes() if one.syscall is not None]
    require_its_rows(account)
    waits = [one for one in met if one.syscall and one.syscall.syscall.name == "poll"]
    assert len(waits) >= LEAST_TICKS
    for episode in waits:
        require_libpq_retried(episode, psycopg2, account["libpq"])


def require_its_rows(account: dict[str, Any]) -> None:
    """The program noticed nothing but that its handler ran late, once for all ticks."""
    assert account["error"] is None
    assert account["row"] == 42
    assert account["handled"] <= 2


def require_libpq_retried(episode: Episode, psycopg2: Path, version: int) -> None:
    assert (episode.outcome, episode.confidence) == (
        Outcome.RETRIED_BY_LIBRARY,
        Confidence.OBSERVED,
    )
    received = episode.received_by
    assert received is not None
    assert received.role is CodeRole.LIBRARY
    assert received.file is not None
    assert Path(received.file).name.startswith("libpq-")
    assert received.function == ("PQsocketPoll" if version >= EXPORTS_ITS_POLL else None)
    (installed,) = psycopg2.glob("psycopg2_binary-*.dist-info")
    assert received.package is not None
    assert received.package.name in {"psycopg2-binary", "psycopg2_binary"}
    assert received.package.version == installed.name.split("-")[1].removesuffix(".dist")
    handler = episode.python.handler if episode.python else None
    assert handler is not None
    assert handler.delayed_by is DelayCause.C_CODE
    text = " ".join(sentence.text for sentence in episode.explanation)
    assert "libpq" in text
    assert "psycopg2-binary" in text


def test_strace_says_the_same(psycopg2: Path, server: Path, tmp_path: Path) -> None:
    strace = shutil.which("strace")
    if strace is None:
        pytest.skip("no strace on this machine")
    log = tmp_path / "log"
    program_file = str(TRACEES / "postgresql_client.py")
    client = [sys.executable, program_file, str(psycopg2), str(server), "interrupts"]
    subprocess.run(
        [strace, "-o", str(log), "-e", "trace=poll", *client],
        input=b"go\n",
        stdout=subprocess.DEVNULL,
        check=True,
    )
    lines = [line for line in log.read_text().splitlines() if line.startswith("poll(")]
    gave_up = [number for number, line in enumerate(lines) if "ERESTART_RESTARTBLOCK" in line]
    assert len(gave_up) >= LEAST_TICKS
    for number in gave_up:
        again = lines[number + 1]
        assert re.match(r"poll\(\[.*?\], 1, -1\)", again)
        assert again.split(" = ")[0].rstrip() == lines[number].split(" = ")[0].rstrip()
