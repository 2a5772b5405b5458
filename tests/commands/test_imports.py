"""What a verb does not need it does not import: help at once, a small tracing process."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from tests.commands.program import EVERY_COMMAND

# What the arguments are made into, and what the terminal is asked for it.
_OF_ARGUMENTS = {
    "eintr_trace.reports",
    "eintr_trace.reports.detail",
    "eintr_trace.reports.escaping",
    "eintr_trace.reports.layout",
    "eintr_trace.reports.selection",
}
_AND_THEN_MODULES = """
import json, sys
from eintr_trace.commands.main import main
try:
    main(sys.argv[1:])
except SystemExit:
    pass
print(json.dumps(sorted(sys.modules)))
"""


def imported_by(*words: str) -> set[str]:
    """The modules that a process of ours has at its end; its children's are not among them."""
    done = subprocess.run(
        [sys.executable, "-c", _AND_THEN_MODULES, *words],
        capture_output=True,
        check=True,
        text=True,
        timeout=60,
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


def packages(modules: set[str]) -> set[str]:
    return {".".join(module.split(".")[:2]) for module in modules} | {
        module.split(".")[0] for module in modules
    }


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
def test_help_imports_no_library_and_no_judge(words: list[str]) -> None:
    modules = imported_by(*words, "-h")
    found = packages(modules)
    assert not found & {"jinja2", "tabulate", "cattrs", "attr", "ptrace", "elftools"}
    assert not found & {"eintr_trace.native", "eintr_trace.interpreter"}
    if words == ["explain"]:  # its arguments are what a what-if is asked with
        modules -= {name for name in modules if name.startswith("eintr_trace.analysis.what_if")}
        modules -= {"eintr_trace.analysis"}
    assert "eintr_trace.analysis" not in packages(modules)


@pytest.mark.live
def test_the_tracing_process_imports_no_judge_and_no_renderer() -> None:
    modules = imported_by("-q", "--", "true")
    assert "eintr_trace.sources.live.tracer" in modules
    assert not packages(modules) & {"jinja2", "tabulate", "eintr_trace.analysis"}
    assert {name for name in modules if name.startswith("eintr_trace.reports")} == _OF_ARGUMENTS
