"""Why two runs part, in one sentence."""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eintr_trace.analysis.two_runs.steps import (
    DECISION_PHRASES,
    decision_kind,
    handler_raises,
    receiver_name,
)
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.comparison import (
    ComparedRun,
    Pair,
    Relation,
    Step,
    StepKind,
    StepRow,
)
from eintr_trace.model.episodes import DecisionKind, Episode, KernelAction
from eintr_trace.model.events import ProcessSeen
from eintr_trace.model.python_state import Implementation, Interpreter

LEFT, RIGHT = "A", "B"
_POLLING = frozenset({"poll", "ppoll", "select", "pselect6"})
_SOCKET_CALLS = frozenset(
    {"recvfrom", "recvmsg", "sendto", "sendmsg", "accept", "accept4", "connect", "read", "write"}
)


@dataclass(frozen=True)
class _Side:
    """One run where they part: what to call it, its episode, and its step, if it has one."""

    name: str
    episode: Episode
    step: Step | None
    interpreter: Interpreter | None

    @property
    def at(self) -> str:
        """``under CPython 2.7.18``, ``in A``."""
        return f"in {self.name}" if self.name in (LEFT, RIGHT) else f"under {self.name}"

    @property
    def call(self) -> str:
        """The call that was interrupted."""
        syscall = self.episode.syscall
        return "no system call" if syscall is None else syscall.syscall.name


class Programs:
    """Which interpreter each process of a run was, at any time."""

    def __init__(self, run: ComparedRun) -> None:
        self._programs: defaultdict[int, list[ProcessSeen]] = defaultdict(list)
        for seen in run.report.processes:
            self._programs[seen.tgid].append(seen)
        for programs in self._programs.values():
            programs.sort(key=_time)

    def interpreter_of(self, episode: Episode) -> Interpreter | None:
        """Give that of an episode's process, of its first program if it was seen only later."""
        programs = self._programs.get(episode.tgid)
        if not programs:
            return None
        index = bisect_right(programs, episode.time_ns, key=_time)
        return programs[max(0, index - 1)].interpreter


def _time(seen: ProcessSeen) -> int:
    return seen.time_ns


def parting_reason(left: Programs, right: Programs, pair: Pair) -> str:
    """Say why the runs part at a pair that parts."""
    if pair.left is None or pair.right is None:
        return _alone(pair)
    row = pair.parting_row
    assert row is not None
    one, other = _sides(left, right, pair.left, pair.right, row)
    return _REASONS[row.kind](one, other)


def _sides(
    left: Programs, right: Programs, one: Episode, other: Episode, row: StepRow
) -> tuple[_Side, _Side]:
    interpreters = left.interpreter_of(one), right.interpreter_of(other)
    names = tuple(None if python is None else python.name for python in interpreters)
    first, second = names
    if first is None or second is None or first == second:
        first, second = LEFT, RIGHT
    return (
        _Side(first, one, row.left, interpreters[0]),
        _Side(second, other, row.right, interpreters[1]),
    )


def _alone(pair: Pair) -> str:
    here, there = (LEFT, RIGHT) if pair.right is None else (RIGHT, LEFT)
    episode = pair.left or pair.right
    assert episode is not None
    signal = "An interruption" if episode.signal is None else episode.signal.name
    met = "comes outside system calls"
    if episode.syscall is not None:
        met = f"meets {episode.syscall.syscall.name}"
    return f"{signal} {met} in {here}; {there} has no counterpart of it."


def _signal(one: _Side, other: _Side) -> str:
    return _each_says(one, other)


def _call(one: _Side, other: _Side) -> str:
    signal = "the signal" if one.episode.signal is None else one.episode.signal.name
    for side, waiting in ((one, other), (other, one)):
        if side.episode.syscall is None:
            return (
                f"{_capital(side.at)} no system call is in progress when {signal} comes;"
                f" {waiting.at} it meets {waiting.call}."
            )
    sentence = f"{_capital(one.at)} {signal} meets {one.call}, {other.at} {other.call}"
    polling = next((side for side in (one, other) if side.call in _POLLING), None)
    blocking = any(side.call in _SOCKET_CALLS for side in (one, other))
    if polling is not None and blocking and _is_cpython(polling):
        sentence += ": CPython waits in poll or select on a socket that has a timeout (settimeout)"
    return f"{sentence}."


def _is_cpython(side: _Side) -> bool:
    python = side.interpreter
    return python is not None and python.implementation is Implementation.CPYTHON


def _tracer_induced(one: _Side, other: _Side) -> str:
    kinds = [
        f"{side.at} it is the tracer's doing ({side.episode.tracer_induced.value})"
        for side in (one, other)
        if side.episode.tracer_induced is not None
    ]
    own = [f"{side.at} not" for side in (one, other) if side.episode.tracer_induced is None]
    return _capital(f"{', '.join(kinds + own)}: without a tracer it would not come like this.")


def _restart_code(one: _Side, other: _Side) -> str:
    phrases = [f"{side.at} {_restart_phrase(side)}" for side in (one, other)]
    return _capital(f"{'; '.join(phrases)}.")


def _restart_phrase(side: _Side) -> str:
    syscall = side.episode.syscall
    code = None if syscall is None else syscall.restart_code
    if code is None:
        return f"{side.call} already has its result when the signal comes"
    if code != "EINTR":
        return f"the kernel gives {side.call} up with {code}"
    timeout = _socket_timeout(side.episode)
    because = "" if timeout is None else f", as {timeout} is set"
    return f"{side.call} itself returns EINTR{because}, which nothing restarts"


def _socket_timeout(episode: Episode) -> str | None:
    descriptor = None if episode.syscall is None else episode.syscall.syscall.descriptor
    if descriptor is None:
        return None
    if descriptor.receive_timeout_ns:
        return "SO_RCVTIMEO"
    return "SO_SNDTIMEO" if descriptor.send_timeout_ns else None


def _kernel_action(one: _Side, other: _Side) -> str:
    phrases = [f"{side.at} {_kernel_phrase(side)}" for side in (one, other)]
    return _capital(f"{', '.join(phrases)}.")


def _kernel_phrase(side: _Side) -> str:
    episode = side.episode
    flag = {True: "with SA_RESTART", False: "without SA_RESTART", None: ""}[episode.sa_restart]
    did = {
        KernelAction.EINTR: "the kernel hands out EINTR",
        KernelAction.RESTART: f"the kernel restarts {side.call}",
        KernelAction.NONE: "the kernel does neither",
    }[episode.kernel_action]
    return f"the handler is installed {flag} and {did}" if flag else did


def _receiver(one: _Side, other: _Side) -> str:
    reaches = [
        f"{side.at} it reaches {receiver_name(side.episode.received_by)}"
        for side in (one, other)
        if side.episode.received_by is not None
    ]
    return f"{_same_kernel(one)}: {', '.join(reaches)}."


def _decision(one: _Side, other: _Side) -> str:
    sentence = f"{_same_kernel(one)}: {_decides(one)}, {_decides(other)}"
    since = next(
        (
            side.episode.received_by.retries_since
            for side in (one, other)
            if side.episode.received_by is not None and side.episode.received_by.retries_since
        ),
        None,
    )
    kinds = {decision_kind(side.episode) for side in (one, other)}
    if since is None or DecisionKind.CALL_AGAIN not in kinds:
        return f"{sentence}."
    return f"{sentence} (PEP 475, since {since})."


def _decides(side: _Side) -> str:
    """Say ``CPython 2.7.18's sock_recv_guts makes an exception of it``."""
    kind = decision_kind(side.episode)
    assert kind is not None
    receiver = side.episode.received_by
    if receiver is None or receiver.role is CodeRole.CPYTHON:
        function = None if receiver is None else receiver.function
        is_named = side.name not in (LEFT, RIGHT)
        who = side.name if is_named else f"{side.at} CPython"
        owned = "" if function is None else f"'s {function}"
        return f"{who}{owned} {DECISION_PHRASES[kind]}"
    return f"{side.at} {receiver_name(receiver)} {DECISION_PHRASES[kind]}"


def _same_kernel(side: _Side) -> str:
    return f"The kernel does the same in both (EINTR for {side.call})"


def _handler(one: _Side, other: _Side) -> str:
    raising = [side for side in (one, other) if handler_raises(side.episode)]
    if len(raising) == 1:
        (raises,) = raising
        returns = other if raises is one else one
        return (
            f"{_capital(raises.at)} the signal handler raises, so that the call is given up;"
            f" {returns.at} it returns."
        )
    return _each_says(one, other)


def _same_but_for_the_cost(one: _Side, other: _Side) -> str:
    outcome = one.episode.outcome.value
    costs = ", ".join(f"{side.at} {_cost(side.step)}" for side in (one, other))
    return f"Both come to the same ({outcome}) at another cost: {costs}."


def _cost(step: Step | None) -> str:
    return "nothing of the kind" if step is None else _lower(step.text.removesuffix("."))


def _each_says(one: _Side, other: _Side) -> str:
    """Say what happens in each, in the words of the steps."""
    phrases = [
        f"{side.at} {'nothing of the kind happens' if side.step is None else side.step.text}"
        for side in (one, other)
    ]
    return _capital(f"{', '.join(phrases)}.")


_REASONS: dict[StepKind, Callable[[_Side, _Side], str]] = {
    StepKind.SIGNAL: _signal,
    StepKind.CALL: _call,
    StepKind.TRACER_INDUCED: _tracer_induced,
    StepKind.RESTART_CODE: _restart_code,
    StepKind.KERNEL_ACTION: _kernel_action,
    StepKind.RECEIVER: _receiver,
    StepKind.DECISION: _decision,
    StepKind.HANDLER: _handler,
    StepKind.EXCEPTION: _each_says,
    StepKind.CAUGHT: _each_says,
    StepKind.RETURN: _each_says,
    StepKind.CONSEQUENCE: _same_but_for_the_cost,
    StepKind.OUTCOME: _each_says,
}


def reason_of_all(pairs: Sequence[Pair], first: int | None) -> str:
    """Say why two runs part, or that they do not, as far as both can be seen."""
    if first is not None:
        reason = pairs[first].reason
        assert reason is not None
        return reason
    if not pairs:
        return "Neither run has an interruption."
    count = "one interruption goes" if len(pairs) == 1 else f"{len(pairs)} interruptions go"
    same = f"{count} the same way, step by step"
    unseen = {row.kind for pair in pairs for row in pair.rows if row.relation is Relation.NOT_KNOWN}
    if not unseen:
        return f"The runs do not part: {same}."
    names = ", ".join(kind.value.replace("-", " ") for kind in StepKind if kind in unseen)
    as_far = f"{same}, as far as both can be seen (not in both: {names})."
    if StepKind.OUTCOME in unseen:
        return f"Whether the runs part is not known: {as_far}"
    return f"The runs do not part: {as_far}"


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
