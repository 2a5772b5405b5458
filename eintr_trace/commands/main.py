"""The program: which verb, and out again."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

from eintr_trace.commands.exits import guarded

VERBS = ("report", "compare", "explain", "lab", "demo", "doctor")
"""Each a module of this package; any other first word is an option or a command to trace."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``eintr-trace`` with ``argv`` (None: the process's) and return its exit status."""
    _replace_closed_streams()
    words = list(sys.argv[1:] if argv is None else argv)
    verb, rest = (words[0], words[1:]) if words[:1] and words[0] in VERBS else ("trace", words)
    return guarded(lambda: _run(verb, rest))


def _replace_closed_streams() -> None:
    """Put /dev/null where the caller has closed stdin, stdout or stderr.

    The next file to be opened, such as the recording, would get the descriptor and with it
    what is meant for the stream. A launched command finds it closed all the same.
    """
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            stream = Path(os.devnull).open(mode)  # noqa: SIM115 - for as long as we run
            setattr(sys, name, stream)


def _run(verb: str, rest: list[str]) -> int:
    # Only the verb's own module: each imports what the others never need.
    run: Callable[[Sequence[str]], int] = import_module(f"eintr_trace.commands.{verb}").run
    return run(rest)
