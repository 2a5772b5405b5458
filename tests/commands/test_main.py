from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from statistics import median
from time import perf_counter

import pytest

from eintr_trace import __version__
from eintr_trace.commands.main import VERBS
from tests.commands.program import eintr_trace

HELP_LIMIT_S = 0.15


def test_the_version() -> None:
    assert eintr_trace("--version").stdout == f"eintr-trace {__version__}\n"


@pytest.mark.parametrize("words", [[], *([verb] for verb in VERBS)], ids=str)
def test_help_everywhere(words: list[str]) -> None:
    done = eintr_trace(*words, "-h")
    assert done.returncode == 0
    assert done.stdout.startswith(" ".join(["usage: eintr-trace", *words]))


def test_every_verb_is_a_module() -> None:
    for verb in VERBS:
        assert callable(import_module(f"eintr_trace.commands.{verb}").run)


def test_help_is_quick() -> None:
    def once(code: str) -> float:
        begin = perf_counter()
        subprocess.run([sys.executable, "-c", code], check=True, stdout=subprocess.DEVNULL)
        return perf_counter() - begin

    # What Python itself takes to start varies more than what is ours.
    bare = median(once("") for _ in range(5))
    code = "from eintr_trace.commands.main import main; main(['-h'])"
    assert median(once(code) for _ in range(5)) - bare < HELP_LIMIT_S


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from eintr_trace.commands.main import main\n"
        "try: main(['-h'])\n"
        "except SystemExit: pass\n"
        "heavy = {'cattrs', 'attr', 'ptrace', 'elftools', 'tabulate', 'json'}\n"
        "print(sorted(heavy & set(sys.modules)), file=sys.stderr)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == "[]\n"
