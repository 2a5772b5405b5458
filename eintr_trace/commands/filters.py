"""``-e trace=SET`` and ``-e signal=SET``, with strace's habits, to a selection of episodes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from eintr_trace.errors import UsageError
from eintr_trace.facts.signals import signal_number
from eintr_trace.reports.selection import ChosenSet, Selection

_HIGHEST_CALL_NUMBER = 1024  # far above the last call of any machine


def parse_filters(expressions: Sequence[str]) -> Selection:
    """Return what the expressions choose; the last of each kind counts, as with strace.

    Raises UsageError for an unknown kind, call or signal.
    """
    selection = Selection()
    for expression in expressions:
        kind, separator, text = expression.partition("=")
        if separator and kind == "trace":
            selection = replace(selection, calls=_chosen(text, _call))
        elif separator and kind in ("signal", "signals"):
            selection = replace(selection, signals=_chosen(text, _signal))
        else:
            raise UsageError(
                f"-e {expression} is not understood",
                "Use -e trace=SET for calls or -e signal=SET for signals",
            )
    return selection


def _chosen(text: str, member: Callable[[str], str | int]) -> ChosenSet:
    inverted = text.startswith("!")
    words = text.removeprefix("!")
    if words in ("all", "none"):
        return ChosenSet(inverted=(words == "all") is not inverted)
    return ChosenSet(frozenset(member(word) for word in words.split(",")), inverted)


def _call(word: str) -> str:
    # Imported here: only -e trace=SET needs the names.
    from eintr_trace.sources.live.binding import syscall_name

    if all(syscall_name(number) != word for number in range(_HIGHEST_CALL_NUMBER)):
        raise UsageError(
            f"{word!r} is no system call", "Name calls as strace does, like recvfrom,poll"
        )
    return word


def _signal(word: str) -> int:
    number = signal_number(word)
    if number is None:
        raise UsageError(f"{word!r} is no signal", "Name signals like SIGUSR1, USR1 or 10")
    return number
