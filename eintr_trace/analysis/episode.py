"""A trail and its finding put together into an episode."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from eintr_trace.analysis.advice import advice
from eintr_trace.analysis.c_path import c_path
from eintr_trace.analysis.c_path_sentences import c_path_sentences
from eintr_trace.analysis.c_sentences import c_sentences
from eintr_trace.analysis.consequences import consequences
from eintr_trace.analysis.decision import sampled_decision
from eintr_trace.analysis.decision_sentences import decision_sentences
from eintr_trace.analysis.draft import Draft
from eintr_trace.analysis.exceptions import describe
from eintr_trace.analysis.exhibits import Exhibits, gather
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.handler_delay import handler_run
from eintr_trace.analysis.headline import headline
from eintr_trace.analysis.interruption import Interruption
from eintr_trace.analysis.kernel_sentences import kernel_sentences
from eintr_trace.analysis.logs.sentences import following_calls_sentences
from eintr_trace.analysis.program_sentences import program_sentences
from eintr_trace.analysis.python_sentences import python_sentences
from eintr_trace.analysis.receiver import reception
from eintr_trace.analysis.receiver_sentences import receiver_sentences
from eintr_trace.analysis.tracer_induced import tracer_induced
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.restart_codes import restart_code_name
from eintr_trace.model.episodes import (
    Decision,
    Episode,
    InterruptedSyscall,
    KernelAction,
    PythonSide,
    Receiver,
    Sentence,
)

_LAYERS: tuple[Callable[[Trail, Finding], Iterator[Draft]], ...] = (
    kernel_sentences,
    receiver_sentences,
    decision_sentences,
    c_sentences,
    c_path_sentences,
    python_sentences,
    program_sentences,
)

_LOG_LAYERS = (kernel_sentences, receiver_sentences, following_calls_sentences, program_sentences)


def build_episode(trail: Trail, finding: Finding, known_ns: int) -> Episode:
    """Build the episode of a trail; ``known_ns`` is when its outcome became known."""
    interruption = trail.interruption
    exhibits = gather(trail, finding)
    induced = tracer_induced(interruption)
    frame = interruption.frame
    return Episode(
        id=interruption.id,
        tgid=interruption.tgid,
        tid=interruption.tid,
        main_thread=_main_thread(interruption),
        time_ns=interruption.time_ns,
        end_ns=known_ns,
        signal=interruption.signal,
        syscall=_syscall(interruption),
        kernel_action=finding.kernel.action,
        sa_restart=finding.kernel.sa_restart,
        outcome=finding.outcome,
        confidence=finding.confidence,
        tracer_induced=None if induced is None else induced.kind,
        python=_python_side(trail, finding),
        exceptions=describe(finding.chain, None if frame is None else frame.location),
        caught=finding.catching.caught,
        caught_at=finding.catching.caught_at,
        received_by=_received_by(trail, finding),
        decision=_decision(trail, finding),
        c_path=c_path(trail, finding),
        follow_up=trail.follow_up,
        exit_status=None if trail.exited is None else trail.exited.status,
        consequences=tuple(one.text for one in consequences(trail, finding)),
        evidence=tuple(exhibits.values()),
        explanation=_explanation(trail, finding, exhibits),
        advice=advice(trail, finding),
        headline=headline(trail, finding),
        reduced=interruption.reduced,
    )


def _explanation(trail: Trail, finding: Finding, exhibits: Exhibits) -> tuple[Sentence, ...]:
    layers = _LOG_LAYERS if trail.log is not None else _LAYERS
    return tuple(draft.sentence(exhibits) for layer in layers for draft in layer(trail, finding))


def _received_by(trail: Trail, finding: Finding) -> Receiver | None:
    if finding.kernel.action is not KernelAction.EINTR:
        return None
    got_it = reception(trail)
    return None if got_it is None else got_it.receiver


def _decision(trail: Trail, finding: Finding) -> Decision | None:
    if finding.kernel.action is not KernelAction.EINTR:
        return None
    sampled = sampled_decision(trail)
    return None if sampled is None else sampled.decision


def _main_thread(interruption: Interruption) -> bool | None:
    """Say whether it is the main thread; a log that began later tells only which are not."""
    began_earlier = interruption.process is None or interruption.process.exe is None
    if interruption.vantage.is_log and began_earlier and interruption.is_main_thread:
        return None
    return interruption.is_main_thread


def _syscall(interruption: Interruption) -> InterruptedSyscall | None:
    call = interruption.call
    if call is None:
        return None
    return InterruptedSyscall(call.syscall, call.retval, restart_code_name(call.retval))


def _python_side(trail: Trail, finding: Finding) -> PythonSide | None:
    python = trail.interruption.python
    if python is None:
        return None
    return PythonSide(python.frames, handler_run(trail, finding), python.problem)
