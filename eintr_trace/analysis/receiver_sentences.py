"""Who got EINTR, in words, and what is known of such code."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.calls import is_meant_to_end
from eintr_trace.analysis.draft import Draft
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.foreign_rules import is_without_eintr
from eintr_trace.analysis.receiver import Reception, reception
from eintr_trace.analysis.receiver_exhibits import END_TEXTS, fact_about, file_name
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.pep475 import parse_version
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.episodes import Confidence, KernelAction, Layer, Outcome

# The other sentences about these outcomes name CPython, or what Python was calling.
_NAMES_CPYTHON = frozenset({Outcome.RESUMED_BY_INTERPRETER, Outcome.ABANDONED_BY_HANDLER})
_NAMES_CALLEE = frozenset({Outcome.RETRIED_BY_LIBRARY})


def receiver_sentences(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Say who got EINTR, how that is known, and what such code does with it."""
    call = trail.interruption.call
    if finding.kernel.action is not KernelAction.EINTR or call is None:
        return
    if is_meant_to_end(call.syscall):
        return
    got_it = reception(trail)
    if got_it is None:
        yield from _not_known(trail)
        return
    if finding.outcome not in _named_already(got_it):
        yield from _reached(trail, got_it)
    if is_without_eintr(finding):
        text = "The exception does not say EINTR; that it came of it is inferred."
        yield Draft(Layer.C, text, (Topic.FOREIGN_EXCEPTION, Topic.EXCEPTION))
    fact = fact_about(got_it)
    is_seen = finding.confidence is Confidence.OBSERVED
    if fact is not None and not (is_seen and finding.outcome is Outcome.RETRIED_BY_LIBRARY):
        yield Draft(Layer.C, f"{fact.text}.", (Topic.C_STACK, Topic.LIBRARY_FACT))


def receiver_named(trail: Trail, finding: Finding) -> str | None:
    """Give the function that was said to have got EINTR; ``None``: no sentence names one."""
    got_it = reception(trail)
    if got_it is None or not got_it.is_seen or finding.outcome in _named_already(got_it):
        return None
    return got_it.receiver.function


def _named_already(got_it: Reception) -> frozenset[Outcome]:
    if got_it.receiver.role is CodeRole.CPYTHON:
        return _NAMES_CPYTHON
    return frozenset() if got_it.is_seen else _NAMES_CALLEE


def who(got_it: Reception) -> str:
    """Name who got EINTR: ``pqSocketPoll of libpq.so.5.17 (package psycopg2-binary 2.9.9)``."""
    receiver = got_it.receiver
    function = receiver.function or "code without a symbol"
    match receiver.role:
        case CodeRole.CPYTHON:
            return f"CPython's {receiver.function or 'C code'}"
        case CodeRole.CTYPES:
            return f"ctypes, which had called {got_it.called or 'a function'}"
        case CodeRole.EXTENSION:
            code = f"{function} of the extension module {receiver.module or _file(got_it)}"
        case CodeRole.PROGRAM:
            code = f"{function} of the program {_file(got_it)}, which embeds CPython"
        case _:
            code = f"{function} of {_file(got_it)}"
    return f"{code}{_package(got_it)}{_by(got_it)}"


def _reached(trail: Trail, got_it: Reception) -> Iterator[Draft]:
    if not got_it.is_seen:
        yield from _inferred(trail, got_it)
        return
    text = f"EINTR reached {who(got_it)}{_since(trail, got_it)}."
    yield Draft(Layer.C, text, (Topic.C_STACK,))


def _since(trail: Trail, got_it: Reception) -> str:
    """Say since when CPython's function calls again: in a newer CPython only, or in this one."""
    since, interpreter = got_it.receiver.retries_since, trail.interruption.interpreter
    if since is None or interpreter is None:
        return ""
    if parse_version(interpreter.version) < parse_version(since):
        decision = trail.interruption.pep475
        if decision is not None and decision.calls_again is True:
            return ""  # then, too, but without running the signal handlers
        return f", which calls again only from CPython {since} on"
    return f", which calls again since CPython {since}"


def _inferred(trail: Trail, got_it: Reception) -> Iterator[Draft]:
    """Name foreign code; CPython's own is named by the table's sentences."""
    match got_it.receiver.role:
        case CodeRole.CTYPES:
            code = "a function that Python had called through ctypes"
        case CodeRole.EXTENSION:
            code = f"C code of {got_it.receiver.module}, or a library that it uses"
        case _:
            return
    stack = trail.c_side.interrupted
    why = "was not seen" if stack is None else f"does not tell: {END_TEXTS[stack.end]}"
    text = f"To go by what Python was calling, what got EINTR was {code}; the C stack {why}."
    yield Draft(Layer.C, text, (Topic.STACK, Topic.C_STACK))


def _not_known(trail: Trail) -> Iterator[Draft]:
    stack = trail.c_side.interrupted
    if stack is None or not stack.frames:
        return
    text = (
        "What code got EINTR is not known: no frame of the C stack lies in a file that is known"
        f" and not the C library's; {END_TEXTS[stack.end]}."
    )
    yield Draft(Layer.C, text, (Topic.C_STACK,))


def _file(got_it: Reception) -> str:
    return "a file that is not known" if got_it.library is None else file_name(got_it.library)


def _package(got_it: Reception) -> str:
    package = got_it.receiver.package
    if package is None:
        return ""
    version = "" if package.version is None else f" {package.version}"
    return f" (package {package.name}{version})"


def _by(got_it: Reception) -> str:
    if got_it.through_ctypes:
        return ", called through ctypes"
    if got_it.caller is None:
        return ""
    return f", called by {got_it.caller.module or file_name(got_it.caller)}"
