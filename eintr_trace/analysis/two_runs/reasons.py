"""Why two runs part, in one sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from eintr_trace.analysis.two_runs.programs import Programs
from eintr_trace.analysis.two_runs.socket_wait import is_wait_of_the_same
from eintr_trace.analysis.two_runs.steps import (
    decision_kind,
    decision_phrase,
    handler_raises,
    is_without_handler,
    receiver_name,
)
from eintr_trace.facts.pep475 import Version, parse_version
from eintr_trace.facts.syscalls import is_sending
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.comparison import (
    Pair,
    Relation,
    Step,
    StepKind,
    StepRow,
)
from eintr_trace.model.episodes import (
    DecisionKind,
    DelayBound,
    Episode,
    KernelAction,
    Outcome,
    TracerInduced,
)
from eintr_trace.model.python_state import Implementation, Interpreter

LEFT, RIGHT = "A", "B"
_PEP_475: Version = (3, 5)
_OUTCOMES = frozenset({StepKind.OUTCOME})
_OF_BOTH = frozenset({StepKind.RECEIVER, StepKind.DECISION})
"""Kinds that both have where the kernel did the same."""
# Words that begin a consequence and are no names.
_FIRST_WORDS = frozenset({"At", "Only", "The", "Then"})

_WHY_INDUCED: dict[TracerInduced, str] = {
    TracerInduced.IGNORED: "{} is ignored, and interrupts a call only while a tracer is attached",
    TracerInduced.SIGCONT: "{} wakes every thread only while a tracer is attached",
    TracerInduced.REROUTED: "{} comes to this thread only because the tracer held another",
    TracerInduced.COALESCED: "{} is one of several, merged while the tracer held the thread",
    TracerInduced.INJECTED: "strace put the error in the place of the result",
}


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
    def is_cpython(self) -> bool:
        """Whether it is known to be CPython."""
        python = self.interpreter
        return python is not None and python.implementation is Implementation.CPYTHON

    @property
    def version(self) -> str:
        """The interpreter's, empty where it is not known."""
        return "" if self.interpreter is None else self.interpreter.version

    @property
    def call(self) -> str:
        """The call that was interrupted."""
        syscall = self.episode.syscall
        return "no system call" if syscall is None else syscall.syscall.name


def parting_reason(left: Programs, right: Programs, pair: Pair) -> str:
    """Say why the runs part at a pair that parts."""
    if pair.left is None or pair.right is None:
        return _alone(pair)
    row = pair.parting_row
    assert row is not None
    one, other = _sides(left, right, pair.left, pair.right, row)
    if row.kind in _OF_BOTH and row.relation is Relation.ONE_SIDED:
        return _each_says(one, other)
    return _REASONS[row.kind](one, other)


def _sides(
    left: Programs, right: Programs, one: Episode, other: Episode, row: StepRow
) -> tuple[_Side, _Side]:
    interpreters = left.interpreter_of(one), right.interpreter_of(other)
    names = tuple(None if python is None else python.name for python in interpreters)
    first, second = names
    if first is None or second is None or _may_be_one(*interpreters):
        first, second = LEFT, RIGHT
    return (
        _Side(first, one, row.left, interpreters[0]),
        _Side(second, other, row.right, interpreters[1]),
    )


def _may_be_one(left: Interpreter | None, right: Interpreter | None) -> bool:
    """Tell whether two interpreters can be the same; of a log's only X.Y may be known."""
    if left is None or right is None:
        return True
    pairs = zip(left.version.split("."), right.version.split("."), strict=False)
    return left.implementation is right.implementation and all(a == b for a, b in pairs)


def _alone(pair: Pair) -> str:
    here, there = (LEFT, RIGHT) if pair.right is None else (RIGHT, LEFT)
    episode = pair.left or pair.right
    assert episode is not None
    signal = "An interruption" if episode.signal is None else episode.signal.name
    met = "comes outside system calls"
    if episode.syscall is not None:
        met = f"meets {episode.syscall.syscall.name}"
    why = ""
    if episode.tracer_induced is not None:
        why = f" ({_WHY_INDUCED[episode.tracer_induced].format(_signal_name(episode))})"
    return f"{signal} {met} in {here}{why}; {there} has no counterpart of it."


def _signal(one: _Side, other: _Side) -> str:
    return _each_says(one, other)


def _call(one: _Side, other: _Side) -> str:
    signal = _signal_name(other.episode if one.episode.signal is None else one.episode)
    for side, waiting in ((one, other), (other, one)):
        if side.episode.syscall is None:
            return (
                f"{_capital(side.at)} no system call is in progress when {signal} comes;"
                f" {waiting.at} it meets {waiting.call}."
            )
    sentence = f"{_capital(one.at)} {signal} meets {one.call}, {other.at} {other.call}"
    for side, waiting in ((one, other), (other, one)):
        if side.is_cpython and is_wait_of_the_same(side.episode, waiting.episode):
            return (
                f"{sentence}: {side.at} the socket has a timeout (settimeout), with which CPython"
                " waits in poll."
            )
    return f"{sentence}."


def _tracer_induced(one: _Side, other: _Side) -> str:
    phrases = [
        f"{side.at} {_WHY_INDUCED[side.episode.tracer_induced].format(_signal_name(side.episode))}"
        for side in (one, other)
        if side.episode.tracer_induced is not None
    ]
    phrases += [
        f"{side.at} it is not the tracer's doing"
        for side in (one, other)
        if side.episode.tracer_induced is None
    ]
    return _capital(f"{'; '.join(phrases)}.")


def _signal_name(episode: Episode) -> str:
    return "the signal" if episode.signal is None else episode.signal.name


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
    syscall = None if episode.syscall is None else episode.syscall.syscall
    if syscall is None or syscall.descriptor is None:
        return None
    if is_sending(syscall.name):
        return "SO_SNDTIMEO" if syscall.descriptor.send_timeout_ns else None
    return "SO_RCVTIMEO" if syscall.descriptor.receive_timeout_ns else None


def _kernel_action(one: _Side, other: _Side) -> str:
    phrases = [f"{side.at} {_kernel_phrase(side)}" for side in (one, other)]
    return _capital(f"{', '.join(phrases)}.")


def _kernel_phrase(side: _Side) -> str:
    episode = side.episode
    if episode.outcome is Outcome.DIED:
        return f"the default action of {_signal_name(episode)} ends the process"
    did = {
        KernelAction.EINTR: "the kernel hands out EINTR",
        KernelAction.RESTART: f"the kernel restarts {side.call}",
        KernelAction.NONE: "the kernel does neither",
    }[episode.kernel_action]
    if is_without_handler(episode):
        return f"no handler runs and {did}"
    if episode.sa_restart is None:
        return did
    flag = "with SA_RESTART" if episode.sa_restart else "without SA_RESTART"
    return f"the handler is installed {flag} and {did}"


def _receiver(one: _Side, other: _Side) -> str:
    reaches = [
        f"{side.at} it reaches {receiver_name(side.episode.received_by)}"
        for side in (one, other)
        if side.episode.received_by is not None
    ]
    return f"{_same_kernel(one)}: {', '.join(reaches)}."


def _decision(one: _Side, other: _Side) -> str:
    sentence = f"{_same_kernel(one)}: {_decides(one)}, {_decides(other)}"
    again = [side for side in (one, other) if _calls_again(side)]
    since = None
    if len(again) == 1:
        since = _began_to_call_again(again[0], other if again[0] is one else one)
    if since is None:
        return f"{sentence}."
    pep = "PEP 475, " if since == _PEP_475 else ""
    return f"{sentence} ({pep}since {'.'.join(map(str, since))})."


def _calls_again(side: _Side) -> bool:
    return decision_kind(side.episode) is DecisionKind.CALL_AGAIN


def _began_to_call_again(again: _Side, other: _Side) -> Version | None:
    """Give the version of CPython since which it calls again, if that makes the difference."""
    if not (again.is_cpython and other.is_cpython):
        return None
    receivers = [side.episode.received_by for side in (again, other)]
    known = [each.retries_since for each in receivers if each is not None and each.retries_since]
    # A log shows no function: what it says of CPython's is from the table of PEP 475.
    since = parse_version(known[0]) if known else _PEP_475 if receivers == [None, None] else None
    if since is None:
        return None
    older, newer = parse_version(other.version), parse_version(again.version)
    return since if older < since <= newer else None


def _decides(side: _Side) -> str:
    """Say ``CPython 2.7.18's sock_recv_guts makes an exception of it``."""
    kind = decision_kind(side.episode)
    assert kind is not None
    does = decision_phrase(side.episode, kind)
    receiver = side.episode.received_by
    if receiver is None or receiver.role is CodeRole.CPYTHON:
        function = None if receiver is None else receiver.function
        is_named = side.name not in (LEFT, RIGHT)
        who = side.name if is_named else f"{side.at} CPython"
        owned = "" if function is None else f"'s {function}"
        return f"{who}{owned} {does}"
    return f"{side.at} {receiver_name(receiver)} {does}"


def _same_kernel(side: _Side) -> str:
    return f"The kernel does the same in both (EINTR for {side.call})"


def _handler(one: _Side, other: _Side) -> str:
    raising = [side for side in (one, other) if handler_raises(side.episode)]
    if len(raising) == 1:
        (raises,) = raising
        returns = other if raises is one else one
        if _has_begun(returns.episode):
            return (
                f"{_capital(raises.at)} the signal handler raises, so that the call is given up;"
                f" {returns.at} it returns."
            )
    return _each_says(one, other)


def _has_begun(episode: Episode) -> bool:
    run = None if episode.python is None else episode.python.handler
    return run is not None and run.delay_bound is not DelayBound.AT_LEAST


def _cost(one: _Side, other: _Side) -> str:
    costs = ", ".join(f"{side.at} {_cost_of(side.step)}" for side in (one, other))
    if one.episode.outcome is not other.episode.outcome:
        return f"The cost is another one: {costs}."
    return f"Both come to the same ({one.episode.outcome.value}) at another cost: {costs}."


def _cost_of(step: Step | None) -> str:
    if step is None:
        return "nothing of the kind"
    text = step.text.removesuffix(".")
    return _lower(text) if text.partition(" ")[0] in _FIRST_WORDS else text


def _outcome(one: _Side, other: _Side) -> str:
    outcomes = one.episode.outcome.value, other.episode.outcome.value
    return _capital(f"{one.at} the outcome is {outcomes[0]}, {other.at} it is {outcomes[1]}.")


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
    StepKind.CONSEQUENCE: _cost,
    StepKind.OUTCOME: _outcome,
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
    judged = sum(_is_judged(pair) for pair in pairs)
    if judged == len(pairs) and not unseen:
        return f"The runs do not part: {same}."
    parts = [kind.value.replace("-", " ") for kind in StepKind if kind in unseen - _OUTCOMES]
    if judged < len(pairs):
        parts.append("the outcome" if judged == 0 else f"the outcome of {len(pairs) - judged}")
    as_far = f"{same}, as far as both can be seen (not in both: {', '.join(parts)})."
    if judged == 0:
        return f"Whether the runs part is not known: {as_far}"
    return f"The runs do not part: {as_far}"


def _is_judged(pair: Pair) -> bool:
    """Whether both runs show what became of it."""
    return all(
        one is not None and one.outcome is not Outcome.UNKNOWN for one in (pair.left, pair.right)
    )


def _capital(sentence: str) -> str:
    return sentence[:1].upper() + sentence[1:]


def _lower(sentence: str) -> str:
    return sentence[:1].lower() + sentence[1:]
