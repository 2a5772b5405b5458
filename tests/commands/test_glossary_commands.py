"""The commands of the glossary are run, and show what their entries promise.

``EINTR_TRACE_EVERY_COMMAND=1`` runs all of them, some two minutes on two processors.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest

from eintr_trace.facts.glossary.entry import Entry, Topic, toml_rows
from eintr_trace.facts.glossary.examples import examples
from eintr_trace.facts.glossary.lookup import entries_of
from eintr_trace.facts.pep475 import (
    Behaviour,
    Pep475Row,
    Version,
    all_pep475_rows,
    parse_version,
)
from eintr_trace.facts.restart_codes import RestartCode
from eintr_trace.facts.syscalls import expected_codes
from eintr_trace.model.events import Reduction

FILES = ("codes", "handling", "waiting", "python", "tracing", "libraries", "outcomes", "verdicts")
EVERY_COMMAND = "EINTR_TRACE_EVERY_COMMAND" in os.environ
TRACES = re.compile(r"eintr-trace (-\S+ )*-- ")
# Of those that trace with eintr-trace, a second each, that many of the written ones are run …
TRACED = 3
# … and of the entries that are made of tables one a kind.
TRACED_KINDS = {"recvfrom", "semop", "os.lockf", "socket.connect", "SIGUSR1", "SIGCHLD", "SIGSTOP"}
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
    "COLUMNS": "100",
}
# What the entries of rows show that differ from what the table says of the row as a whole.
OUTCOMES_OF_EXAMPLES = {
    "socket.connect": "returned-early",  # on AF_UNIX, as the entry says
    "socket.connect_ex": "returned-early",
    "ssl.read": "resumed-by-interpreter",  # a what-if of 2.7
    "ssl.write": "resumed-by-interpreter",
    "file.read": "resumed-by-interpreter",
    "multiprocessing.Connection": "resumed-by-interpreter",
    "foreign C code": "returned-early",
    "input": "resumed-by-interpreter",
}
OUTCOMES = {
    Behaviour.RETRIES: "resumed-by-interpreter",
    Behaviour.LOOPS_IN_C: "resumed-by-interpreter",
    Behaviour.RETURNS_EARLY: "returned-early",
}


@cache
def python3() -> Version:
    """The version of the python3 that the commands run."""
    done = subprocess.run(
        ["python3", "-c", "import sys; print(*sys.version_info[:3], sep='.')"],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=True,
    )
    return parse_version(done.stdout)


def promises() -> Iterator[tuple[str, str, str]]:
    """Each entry that is made of a table: its name, its command, and a pattern of what it shows."""
    for entry in entries_of(Topic.CALLS):
        yield entry.name, entry.see_it, promised_of_call(entry)
    rows = {row.id: row for row in all_pep475_rows()}
    for entry in entries_of(Topic.FUNCTIONS):
        row = next(rows[word] for word in reversed(entry.words) if word in rows)
        pattern = promised_of_function(row)
        if pattern is not None:
            yield entry.name, entry.see_it, pattern
    for entry in entries_of(Topic.SIGNALS):
        yield entry.name, entry.see_it, re.escape(re.split("[:,.]", entry.shows)[0])
    for kind in Reduction:
        (entry,) = (one for one in entries_of(Topic.VERDICTS) if one.name == kind.value)
        yield entry.name, entry.see_it, "decisions"


def promised_of_call(entry: Entry) -> str:
    codes = expected_codes(entry.name)
    if not codes or "inject=" in entry.see_it:
        return rf"\b{entry.name}\("
    hints = {"= -1 EINTR" if code is RestartCode.EINTR else code.name for code in codes}
    return rf"\b{entry.name}\((.|\n)*({'|'.join(map(re.escape, sorted(hints)))})"


def promised_of_function(row: Pep475Row) -> str | None:
    outcome = OUTCOMES_OF_EXAMPLES.get(row.id)
    behaviour = row.behaviour(python3())
    if outcome is None and behaviour is None:
        return None  # this Python does not have it
    if not examples()[row.id].is_live and outcome is None:
        # strace put the error there: the call is made again, or there is an exception.
        again = rf"INJECTED\)\n{row.syscalls[0]}\("
        return again if behaviour is Behaviour.RETRIES else r"[Ee]rror: .*Interrupted system call"
    if outcome is None and behaviour is Behaviour.RAISES:
        return "→ raised"
    return f"→ {outcome or OUTCOMES[behaviour or Behaviour.NOT_KNOWN]}"


def commands() -> dict[str, dict[str, str]]:
    """Command → the names of its entries, each with a pattern that the output has: what is run.

    All but most of those that trace, whose programs differ little.
    """
    rows = [row for file in FILES for row in toml_rows(f"{file}.toml", "entry")]
    written = {
        row["see_it"].strip("\n"): (row["words"][0], re.escape(row["expect"])) for row in rows
    }
    traced = [command for command in written if TRACES.search(command)]
    left_out = set(traced) - set(traced[:: len(traced) // TRACED])
    every: dict[str, dict[str, str]] = {
        command: {name: text} for command, (name, text) in written.items()
    }
    for name, command, pattern in promises():
        every.setdefault(command, {})[name] = pattern
        if TRACES.search(command) and not TRACED_KINDS & set(every[command]):
            left_out.add(command)
    return {
        command: shown
        for command, shown in every.items()
        if EVERY_COMMAND or command not in left_out or TRACED_KINDS & set(shown)
    }


def what_is_lacking(command: str, promised: dict[str, str], attempts: int = 1) -> str | None:
    output = ""
    for _ in range(attempts):
        done = subprocess.run(
            ["bash", "-c", command],
            env=ENVIRONMENT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            check=False,
            timeout=100,
        )
        output = done.stdout.decode(errors="replace")
        lacking = {name for name, text in promised.items() if re.search(text, output) is None}
        if not lacking:
            return None
    return f"{lacking} of {promised}: {command}: {output[-500:]}"


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed")
@pytest.mark.skipif(shutil.which("python3") is None, reason="python3 is not on the path")
@pytest.mark.timeout(400)
def test_commands_show_what_is_said() -> None:
    chosen = commands()
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: what_is_lacking(one, chosen[one]), chosen))
    # Some give another program half a second to begin: those once more, one after the other.
    late = [one for one, text in zip(chosen, answers, strict=True) if text is not None]
    again = [what_is_lacking(one, chosen[one], attempts=3) for one in late]
    wrong = [text for text in again if text is not None]
    assert not wrong, "\n".join(wrong)


def test_a_function_is_shown_by_calling_it() -> None:
    without = {"ssl.read", "ssl.write", "foreign C code"}  # a what-if; no function of Python's
    for row in all_pep475_rows():
        called = {name.rpartition(".")[2] for name in row.names}
        command = examples()[row.id].command
        assert row.id in without or any(
            re.search(rf"\b{name}(\(| --python)", command) for name in called
        ), row.id
