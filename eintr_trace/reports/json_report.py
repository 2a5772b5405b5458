"""The report as one JSON object; docs/report.schema.json is its schema.

Stacks are innermost first, exceptions run from the first raised to the last it became, times
are nanoseconds of CLOCK_MONOTONIC. ``null`` means not known, or that there was none.
"""

from __future__ import annotations

import json
from typing import Any, TextIO

from eintr_trace.model.episodes import (
    Decision,
    Episode,
    Evidence,
    FollowUp,
    HandlerRun,
    InterruptedSyscall,
    PythonSide,
    RaisedException,
    Receiver,
    Sentence,
)
from eintr_trace.model.events import ProcessSeen, SignalInfo, TraceEnded
from eintr_trace.model.python_state import CodeLocation, PythonFrame
from eintr_trace.model.report import Report
from eintr_trace.model.trace import TraceHeader
from eintr_trace.model.trace_lines import TraceLine

SCHEMA_VERSION = 1

Json = dict[str, Any]


def write_json(report: Report, stream: TextIO) -> None:
    """Write the report and a newline. ASCII only, so that any tracee's bytes survive."""
    json.dump(report_object(report), stream, indent=1)
    stream.write("\n")
    stream.flush()


def report_object(report: Report) -> Json:
    """Return the report as what ``json`` writes."""
    return {
        "schema_version": SCHEMA_VERSION,
        "trace": {
            **_trace(report.header),
            "processes": [_process(seen) for seen in report.processes],
            "ended": None if report.ended is None else _ended(report.ended),
        },
        "episodes": [_episode(episode) for episode in report.episodes],
        "summary": _summary(report),
        "warnings": list(report.warnings),
    }


def _trace(header: TraceHeader) -> Json:
    return {
        "source": header.source.value,
        "mode": header.mode.value,
        "arch": header.arch,
        "kernel": header.kernel,
        "clock": header.clock.value,
        "monotonic_anchor_ns": header.monotonic_anchor_ns,
        "realtime_anchor_ns": header.realtime_anchor_ns,
        "tool_version": header.tool_version,
    }


def _process(seen: ProcessSeen) -> Json:
    interpreter = seen.interpreter
    return {
        "pid": seen.tgid,
        "argv": list(seen.argv),
        "exe": seen.exe,
        "interpreter": None
        if interpreter is None
        else {
            "implementation": interpreter.implementation.value,
            "version": interpreter.version,
            "free_threaded": interpreter.free_threaded,
            "offsets_from": interpreter.offsets_from,
        },
        "interpreter_problem": seen.interpreter_problem,
    }


def _ended(ended: TraceEnded) -> Json:
    return {
        "reason": ended.reason.value,
        "time_ns": ended.time_ns,
        "deliveries": ended.deliveries,
    }


def _summary(report: Report) -> Json:
    summary = report.summary
    return {
        "by_outcome": {outcome.value: count for outcome, count in summary.by_outcome},
        "by_outcome_own": {outcome.value: count for outcome, count in report.own_outcomes},
        "by_tracer_induced": {kind.value: count for kind, count in summary.by_tracer_induced},
        "by_reduction": {kind.value: count for kind, count in summary.by_reduction},
        "passed": summary.passed,
        "lost": summary.lost,
        "merged": summary.merged,
    }


def _episode(episode: Episode) -> Json:
    induced = episode.tracer_induced
    return {
        "id": episode.id,
        "tgid": episode.tgid,
        "tid": episode.tid,
        "main_thread": episode.main_thread,
        "time_ns": episode.time_ns,
        "end_ns": episode.end_ns,
        "signal": None if episode.signal is None else _signal(episode.signal),
        "syscall": None if episode.syscall is None else _syscall(episode.syscall),
        "kernel_action": episode.kernel_action.value,
        "sa_restart": episode.sa_restart,
        "outcome": episode.outcome.value,
        "confidence": episode.confidence.value,
        "tracer_induced": None if induced is None else induced.value,
        "python": None if episode.python is None else _python(episode.python),
        "exceptions": [_exception(raised) for raised in episode.exceptions],
        "caught": episode.caught,
        "caught_at": _location(episode.caught_at),
        "decision": None if episode.decision is None else _decision(episode.decision),
        "received_by": None if episode.received_by is None else _receiver(episode.received_by),
        "c_path": None if episode.c_path is None else list(episode.c_path.functions),
        "c_path_end": None if episode.c_path is None else episode.c_path.end.value,
        "c_path_seen_in": None if episode.c_path is None else episode.c_path.seen_in,
        "follow_up": None if episode.follow_up is None else _follow_up(episode.follow_up),
        "exit_status": episode.exit_status,
        "consequences": list(episode.consequences),
        "evidence": [_evidence(evidence) for evidence in episode.evidence],
        "explanation": [_sentence(sentence) for sentence in episode.explanation],
        "advice": list(episode.advice),
        "headline": episode.headline,
        "reduced": [kind.value for kind in episode.reduced],
        "lines": [_line(line) for line in episode.lines],
    }


def _line(line: TraceLine) -> Json:
    return {
        "time_ns": line.time_ns,
        "tid": line.tid,
        "number": line.number,
        "text": line.text,
        "note": line.note,
    }


def _signal(signal: SignalInfo) -> Json:
    return {
        "name": signal.name,
        "number": signal.signo,
        "code": signal.code,
        "sender_pid": signal.sender_pid,
        "sender_uid": signal.sender_uid,
        "sender_command": signal.sender_command,
        "child_status": signal.child_status,
    }


def _syscall(interrupted: InterruptedSyscall) -> Json:
    syscall = interrupted.syscall
    return {
        "name": syscall.name,
        "number": syscall.nr,
        "args": None if syscall.args is None else list(syscall.args),
        "text": syscall.text,
        "retval": interrupted.retval,
        "restart_code": interrupted.restart_code,
    }


def _python(side: PythonSide) -> Json:
    return {
        "stack": [_frame(frame) for frame in side.stack],
        "handler": None if side.handler is None else _handler(side.handler),
        "problem": side.problem,
    }


def _frame(frame: PythonFrame) -> Json:
    location = frame.location
    return {
        "function": location.function,
        "file": location.file,
        "line": location.line,
        "calls": frame.calls,
    }


def _handler(run: HandlerRun) -> Json:
    location = run.location
    return {
        "function": None if location is None else location.function,
        "file": None if location is None else location.file,
        "line": None if location is None else location.line,
        "delay_ns": run.delay_ns,
        "delay_bound": None if run.delay_bound is None else run.delay_bound.value,
        "held_ns": run.held_ns,
        "delayed_by": None if run.delayed_by is None else run.delayed_by.value,
        "deliveries": run.deliveries,
        "inside_call": run.inside_call,
        "ended_within_ns": run.ended_within_ns,
    }


def _exception(raised: RaisedException) -> Json:
    return {
        "type": raised.type_name,
        "errno": raised.errno,
        "message": raised.message,
        "raised_at": _location(raised.raised_at),
        "found_in": raised.found_in,
    }


def _location(location: CodeLocation | None) -> Json | None:
    if location is None:
        return None
    return {"function": location.function, "file": location.file, "line": location.line}


def _decision(decision: Decision) -> Json:
    return {
        "kind": decision.kind.value,
        "function": decision.function,
        "c_stack": list(decision.c_stack),
    }


def _receiver(receiver: Receiver) -> Json:
    package = receiver.package
    return {
        "role": receiver.role.value,
        "function": receiver.function,
        "file": receiver.file,
        "module": receiver.module,
        "package": None if package is None else {"name": package.name, "version": package.version},
        "retries_since": receiver.retries_since,
        "confidence": receiver.confidence.value,
    }


def _follow_up(follow_up: FollowUp) -> Json:
    return {"retval": follow_up.retval, "after_ns": follow_up.after_ns}


def _evidence(evidence: Evidence) -> Json:
    return {"kind": evidence.kind.value, "text": evidence.text, "time_ns": evidence.time_ns}


def _sentence(sentence: Sentence) -> Json:
    return {
        "layer": sentence.layer.value,
        "text": sentence.text,
        "evidence": list(sentence.evidence),
    }
