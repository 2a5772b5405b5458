"""Short phrases about two compared runs, for renderers that write for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator

from eintr_trace.analysis.fork import is_whole
from eintr_trace.analysis.two_runs.groups import PairGroup
from eintr_trace.model.comparison import ComparedRun, Comparison, Pair
from eintr_trace.model.episodes import Episode
from eintr_trace.reports import wording
from eintr_trace.reports.fork_text import ForkSide

LETTERS = ("A", "B")
PARTING_PHRASE = "here they part"
_NO_INTERPRETER = "no known interpreter"


def interpreters(run: ComparedRun) -> str:
    """Name the interpreters of a run's processes, each once."""
    names = [seen.interpreter.name for seen in run.report.processes if seen.interpreter is not None]
    return ", ".join(dict.fromkeys(names)) or _NO_INTERPRETER


def way_titles(comparison: Comparison) -> tuple[str, str]:
    """Name the runs by their interpreters, where these differ; else by their files."""
    runs = comparison.left, comparison.right
    left, right = map(interpreters, runs)
    if left == right or _NO_INTERPRETER in (left, right):
        return comparison.left.name, comparison.right.name
    return left, right


def run_line(run: ComparedRun) -> str:
    """Return ``CPython 2.7.18, 1 interruption``."""
    return f"{interpreters(run)}, {wording.counted(len(run.report.episodes), 'interruption')}"


def pair_name(pair: Pair) -> str:
    """Return ``#1 of A, #1 of B``; of one run only: ``#2 of B``."""
    sides = zip((pair.left, pair.right), LETTERS, strict=True)
    return ", ".join(f"#{side.id} of {letter}" for side, letter in sides if side is not None)


def like_it(group: PairGroup) -> str | None:
    """Return which pairs are like the one that is shown, ``None`` if there are none."""
    more = group.pairs[1:]
    if not more:
        return None
    return (
        f"{wording.counted(len(more), 'more pair')} like this, the next one is {pair_name(more[0])}"
    )


def verdict_rows(groups: tuple[PairGroup, ...]) -> list[tuple[str, ...]]:
    """Return a row a kind of verdict; ``VERDICT_HEADERS`` says what is in it."""
    counts: Counter[tuple[str, ...]] = Counter()
    for group in groups:
        counts[_verdict(group.example)] += len(group.pairs)
    return [(*row[:3], str(count), row[3]) for row, count in counts.items()]


VERDICT_HEADERS = ("what", "A", "B", "count", "they part at")


def _verdict(pair: Pair) -> tuple[str, ...]:
    row = pair.parting_row
    if row is not None:
        parted = row.kind.value.replace("-", " ")
    else:
        parted = "not at all" if not pair.parts else "one run only"
    return (
        f"{_either(pair, _signal)} in {_either(pair, _call)}",
        _outcome(pair.left),
        _outcome(pair.right),
        parted,
    )


def _either(pair: Pair, name: Callable[[Episode], str]) -> str:
    names = [name(episode) for episode in (pair.left, pair.right) if episode is not None]
    return " / ".join(dict.fromkeys(names))


def _signal(episode: Episode) -> str:
    return "no signal" if episode.signal is None else episode.signal.name


def _call(episode: Episode) -> str:
    return "no call" if episode.syscall is None else episode.syscall.syscall.name


def _outcome(episode: Episode | None) -> str:
    return "-" if episode is None else episode.outcome.value


def fork_sides(comparison: Comparison) -> tuple[ForkSide, ForkSide] | None:
    """Return the ways through C where the runs first part; ``None``: not seen in both."""
    pair = comparison.first_pair
    if pair is None or pair.left is None or pair.right is None:
        return None
    titles = way_titles(comparison)
    sides = list(_whole_paths(zip(titles, (pair.left, pair.right), strict=True)))
    return (sides[0], sides[1]) if len(sides) == len(LETTERS) else None


def _whole_paths(titled: Iterable[tuple[str, Episode | None]]) -> Iterator[ForkSide]:
    for title, episode in titled:
        if episode is not None and episode.c_path is not None and is_whole(episode.c_path):
            yield ForkSide(title, episode.c_path, episode.outcome)
