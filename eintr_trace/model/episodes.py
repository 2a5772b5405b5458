"""Episodes and their verdicts: the values every report is made of.

The strings of the enums are the interface (JSON report, ``--fail-on``).
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from eintr_trace.model.c_stack import CodeRole, Package, PathEnd, PathStep
from eintr_trace.model.events import Reduction, SignalInfo, Syscall
from eintr_trace.model.python_state import CodeLocation, PythonFrame
from eintr_trace.model.trace_lines import TraceLine


class Outcome(StrEnum):
    """What became of an interruption; a closed set."""

    RESTARTED_BY_KERNEL = "restarted-by-kernel"
    RESUMED_BY_INTERPRETER = "resumed-by-interpreter"
    RETRIED_BY_LIBRARY = "retried-by-library"
    RETRIED_BY_PROGRAM = "retried-by-program"
    RAISED = "raised"
    ABANDONED_BY_HANDLER = "abandoned-by-handler"
    RETURNED_EARLY = "returned-early"
    COMPLETED = "completed"
    NOT_BLOCKING = "not-blocking"
    DIED = "died"
    UNKNOWN = "unknown"


class Confidence(StrEnum):
    """Whether the outcome itself was seen, or follows by a rule from what was seen."""

    OBSERVED = "observed"
    INFERRED = "inferred"


class KernelAction(StrEnum):
    """What the kernel did with the interrupted call."""

    EINTR = "eintr"
    RESTART = "restart"
    NONE = "none"


class TracerInduced(StrEnum):
    """Interruptions that happen, or happen there, only because a tracer is attached.

    The tracer of an strace log is strace.
    """

    IGNORED = "ignored"
    SIGCONT = "sigcont"
    REROUTED = "rerouted"
    COALESCED = "coalesced"
    INJECTED = "injected"  # strace put the error in the place of the result (-e inject)


class Layer(StrEnum):
    """The four layers an explanation goes through, in this order."""

    KERNEL = "kernel"
    C = "C"
    PYTHON = "Python"
    PROGRAM = "program"


class EvidenceKind(StrEnum):
    """What an evidence rests on."""

    REGISTER = "register"
    SIGNAL_FRAME = "signal-frame"
    MEMORY = "memory"
    FOLLOWING_CALL = "following-call"
    PROC = "proc"
    SAMPLE = "sample"
    WAIT_STATUS = "wait-status"
    LOG_LINE = "log-line"  # of an strace log; the text has its number
    RULE = "rule"  # inferred: the text names the rule


@dataclass(frozen=True)
class Evidence:
    """One observed fact (or named rule) and when it was seen."""

    kind: EvidenceKind
    text: str
    time_ns: int | None = None


@dataclass(frozen=True)
class Sentence:
    """One sentence of an explanation, in its layer, resting on ``evidence`` (indices)."""

    layer: Layer
    text: str
    evidence: tuple[int, ...] = ()


@dataclass(frozen=True)
class InterruptedSyscall:
    """The call an episode met. ``restart_code`` is the kernel's name (``ERESTARTSYS``).

    ``retval`` is the raw value; with a restart code of ``None`` it is the call's result.
    """

    syscall: Syscall
    retval: int
    restart_code: str | None


class DelayBound(StrEnum):
    """What the delay of a handler is: how long it was from the delivery until it began."""

    EXACT = "exact"  # a watchpoint saw CPython about to call it
    AT_MOST = "at-most"  # it was seen running by then
    AT_LEAST = "at-least"  # it had not begun when the trace or the process ended


class DelayCause(StrEnum):
    """Why a Python handler began noticeably late, or not at all."""

    WORKER_THREAD = "worker-thread"  # another thread than Python's main one took the signal
    RESTARTED_CALL = "restarted-call"  # the kernel restarted the call: SA_RESTART
    C_CODE = "c-code"  # C code went on without running Python's handlers


@dataclass(frozen=True)
class HandlerRun:
    """The Python signal handler of an episode.

    ``delay_ns``: from the delivery until it began, as far as ``delay_bound`` says; ``None``:
    not known. For ``held_ns`` of that the tracer held the interrupted thread. ``delayed_by`` is
    ``None`` also where the cause is not known. ``deliveries``: how many one run answered.
    ``inside_call``: it ran while the interrupted call's frame was still at that call; ``None``:
    it was not seen running. ``ended_within_ns``: from the delivery until CPython made the call
    again, which it does when the handler has returned; ``None``: when that was is not known.
    """

    location: CodeLocation | None
    delay_ns: int | None = None
    delay_bound: DelayBound | None = None
    held_ns: int | None = None
    delayed_by: DelayCause | None = None
    deliveries: int | None = None
    inside_call: bool | None = None
    ended_within_ns: int | None = None


@dataclass(frozen=True)
class PythonSide:
    """The Python stack at the interruption, and the handler."""

    stack: tuple[PythonFrame, ...]
    handler: HandlerRun | None
    problem: str | None = None


@dataclass(frozen=True)
class RaisedException:
    """One exception of an episode, first raised to last it became."""

    type_name: str
    errno: int | None
    message: str | None
    raised_at: CodeLocation | None
    found_in: str


class DecisionKind(StrEnum):
    """What C code decided to do about EINTR."""

    RAISE = "raise"  # makes an exception of it
    CALL_AGAIN = "call-again"  # lets CPython run its signal handlers, and then calls again
    NONE = "none"  # neither: it came back, whether or not it had asked for signal handlers


@dataclass(frozen=True)
class Decision:
    """What was decided about EINTR, by the C function ``function``, as a sample showed.

    ``c_stack`` are the functions that had called it, innermost first, up to the evaluation loop.
    """

    kind: DecisionKind
    function: str
    c_stack: tuple[str, ...]


@dataclass(frozen=True)
class Receiver:
    """The C code that the interrupted call gave EINTR to: the first that is not the C library's.

    ``function`` is its symbol (of CPython's on the stack the one that deals with EINTR, not its
    helpers), ``file`` the program file it lies in; ``module`` is an extension
    module's Python name; ``package`` owns the file. ``retries_since`` is the CPython version
    since which this function calls again (CPython's own only). ``confidence``: observed on the
    C stack, or inferred from what Python was calling.
    """

    role: CodeRole
    function: str | None
    file: str | None
    module: str | None = None
    package: Package | None = None
    retries_since: str | None = None
    confidence: Confidence = Confidence.OBSERVED


@dataclass(frozen=True)
class CPath:
    """The way of the thread through C, function by function, from the interrupted call on.

    ``seen_in`` is the episode in which it was single-stepped, if not in this one.
    """

    functions: tuple[str, ...]
    end: PathEnd
    steps: tuple[PathStep, ...] = ()
    seen_in: int | None = None


@dataclass(frozen=True)
class FollowUp:
    """What the call made again gave in the end: ``retval`` and how long after the interruption.

    ``after_ns`` is ``None`` where the trace's clock does not tell (an strace log without times).
    """

    retval: int
    after_ns: int | None


@dataclass(frozen=True)
class Episode:
    """One signal delivered to one thread, the call it met, what followed and the outcome.

    ``id`` counts from 1 in order of time. ``signal`` is ``None`` where a call was interrupted
    and no delivery was seen. ``main_thread`` is CPython's main thread where known, else the
    kernel's. ``sa_restart`` is ``None`` unless the signal frame proved it, or a
    log has shown the handler being installed. ``caught`` is ``None`` while not known; ``False``:
    nobody caught the exception. ``end_ns`` is when the outcome was known. ``exit_status`` is the
    process's, once ended.
    ``reduced``: evidence that is missing because the tracer had run out of something.
    ``lines`` are the trace's lines in strace's style, of a log or where every call was traced.
    """

    id: int
    tgid: int
    tid: int
    main_thread: bool | None
    time_ns: int
    end_ns: int
    signal: SignalInfo | None
    syscall: InterruptedSyscall | None
    kernel_action: KernelAction
    sa_restart: bool | None
    outcome: Outcome
    confidence: Confidence
    tracer_induced: TracerInduced | None = None
    python: PythonSide | None = None
    exceptions: tuple[RaisedException, ...] = ()
    caught: bool | None = None
    caught_at: CodeLocation | None = None
    received_by: Receiver | None = None
    decision: Decision | None = None
    c_path: CPath | None = None
    follow_up: FollowUp | None = None
    exit_status: int | None = None
    consequences: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    explanation: tuple[Sentence, ...] = ()
    advice: tuple[str, ...] = ()
    headline: str = ""
    reduced: tuple[Reduction, ...] = ()
    lines: tuple[TraceLine, ...] = ()
