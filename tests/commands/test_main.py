from __future__ import annotations

import re
from importlib import import_module
from pathlib import Path

import pytest

from eintr_trace import __version__
from eintr_trace.commands.main import VERBS
from tests.commands.program import EVERY_COMMAND, eintr_trace

README = Path(__file__).parents[2] / "README.md"


def test_the_version() -> None:
    assert eintr_trace("--version").stdout == f"eintr-trace {__version__}\n"


@pytest.mark.parametrize("words", EVERY_COMMAND, ids=" ".join)
def test_help_everywhere(words: list[str]) -> None:
    done = eintr_trace(*words, "-h", environment={"COLUMNS": "80"})
    assert done.returncode == 0
    assert done.stdout.startswith(" ".join(["usage: eintr-trace", *words]))
    assert max(map(len, done.stdout.splitlines())) <= 80


def test_the_help_names_every_verb() -> None:
    said = eintr_trace("-h").stdout
    usage, _, others = said.partition("other verbs:")
    for verb in VERBS:
        assert re.search(rf"\b{verb}\b", usage)
        assert re.search(rf"^  {verb}\b", others, re.MULTILINE)


@pytest.mark.parametrize("verb", ["-p PID", "report", "compare", "explain", "demo"])
def test_the_readme_names_every_option(verb: str) -> None:
    use = README.read_text().partition("## Use\n")[2].split("```")[1]
    # From the verb's line to that of another one.
    after = use.partition(f"eintr-trace {verb}")[2]
    own = re.split(r"^eintr-trace [a-z]", after, maxsplit=1, flags=re.MULTILINE)[0]
    said = eintr_trace(*([] if verb.startswith("-") else [verb]), "-h").stdout
    options = set(re.findall(r"^  (-\w|--[\w-]+)", said, re.MULTILINE))
    named = set(re.findall(r"(?<![\w-])--?[a-z][\w-]*", f"-p {own}"))
    assert options - {"-h", "--version"} == named - ({"-p"} - options) - {"-g"}


def test_every_verb_is_a_module() -> None:
    for verb in VERBS:
        assert callable(import_module(f"eintr_trace.commands.{verb}").run)
