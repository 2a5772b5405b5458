"""What to change where code that is not CPython's got EINTR: by whose code it is."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.exceptions import holds_eintr
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.lost_frames import is_out_of_step
from eintr_trace.analysis.receiver import Reception
from eintr_trace.analysis.receiver_exhibits import fact_about, file_name, is_too_old, stack_text
from eintr_trace.analysis.receiver_sentences import who
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.advice import RemedyId, remedy, retry_loop_remedy, sa_restart_remedy
from eintr_trace.facts.libraries import LibraryFact, LibraryOnEintr
from eintr_trace.facts.pep475 import parse_version
from eintr_trace.facts.restart_codes import honours_sa_restart, restart_code
from eintr_trace.facts.thrift import THRIFT_CPP
from eintr_trace.model.c_stack import CodeRole
from eintr_trace.model.episodes import Outcome

# signal.pthread_sigmask() and signal.sigwait() came with it.
_HAS_SIGNAL_MASKS = (3, 3)


def foreign_advice(trail: Trail, finding: Finding, got_it: Reception) -> Iterator[str]:
    """Give what helps without a change to that code, then what to change in it."""
    fact, code = fact_about(got_it), finding.kernel.code
    if fact is not None and is_too_old(got_it, fact):
        yield _upgrade(got_it, fact)
    restarts = code is not None and honours_sa_restart(code)
    if code is not None and restarts and trail.runs_c_handler:
        yield sa_restart_remedy(code).text
    yield from _in_the_program(trail, finding, got_it)
    if _leaves_errno(fact):
        yield remedy(RemedyId.CHECK_FFI_ERRNO).text
    yield from _without_interruption(trail)
    if code is not None and not restarts and trail.runs_c_handler:
        yield sa_restart_remedy(code).text
    yield from _in_the_code(trail, got_it, fact)


def _upgrade(got_it: Reception, fact: LibraryFact) -> str:
    package = got_it.receiver.package
    name = fact.library if package is None else package.name
    return f"Upgrade {name} to {fact.calls_again_since} or newer: it calls again after EINTR."


def _without_interruption(trail: Trail) -> Iterator[str]:
    interpreter = trail.interruption.interpreter
    if interpreter is None or parse_version(interpreter.version) < _HAS_SIGNAL_MASKS:
        return
    if trail.runs_c_handler:
        yield remedy(RemedyId.BLOCK_SIGNAL).text


def _in_the_program(trail: Trail, finding: Finding, got_it: Reception) -> Iterator[str]:
    if is_out_of_step(trail, finding):
        yield remedy(RemedyId.CLOSE_CONNECTION).text
    elif finding.outcome is Outcome.RAISED:
        yield _repeat(trail, finding, got_it)
    elif got_it.through_ctypes:
        yield remedy(RemedyId.CHECK_ERRNO).text


def _repeat(trail: Trail, finding: Finding, got_it: Reception) -> str:
    """Only of what ctypes called it is known that it was this one system call and no other."""
    interpreter = trail.interruption.interpreter
    is_one_call = got_it.receiver.role is CodeRole.CTYPES and holds_eintr(finding.chain)
    if interpreter is None or not is_one_call:
        return remedy(RemedyId.REPEAT_THE_OPERATION).text
    return retry_loop_remedy(parse_version(interpreter.version)).text


def _in_the_code(trail: Trail, got_it: Reception, fact: LibraryFact | None) -> Iterator[str]:
    role = got_it.receiver.role
    if role is CodeRole.CTYPES or _leaves_errno(fact):
        return
    if fact is not None and is_too_old(got_it, fact):
        return
    if role is CodeRole.EXTENSION:
        yield remedy(RemedyId.FIX_EXTENSION).text
    if not got_it.is_seen:
        return
    if fact is None or fact.on_eintr is not LibraryOnEintr.CALLS_AGAIN:
        yield _report(trail, got_it)
    elif fact.library == THRIFT_CPP:
        yield remedy(RemedyId.MORE_RECV_RETRIES).text


def _leaves_errno(fact: LibraryFact | None) -> bool:
    return fact is not None and fact.on_eintr is LibraryOnEintr.LEAVES_ERRNO


def _report(trail: Trail, got_it: Reception) -> str:
    """Give the evidence in a form to be pasted."""
    interruption, stack = trail.interruption, trail.c_side.interrupted
    call, interpreter = interruption.call, interruption.interpreter
    parts = [] if interpreter is None else [f"CPython {interpreter.version}"]
    if call is not None:
        parts.append(f"{interruption.signal_name} interrupted {call.syscall.name}{_code(trail)}")
    parts.append(f"EINTR reached {who(got_it)}")
    if stack is not None:
        parts.append(f"C stack {stack_text(stack, trail.c_side.libraries)}")
    return f"Report it to those who make {_maker(got_it)}, with this: {'; '.join(parts)}."


def _code(trail: Trail) -> str:
    call = trail.interruption.call
    code = None if call is None else restart_code(call.retval)
    if code is None:
        return ""
    helps = "" if honours_sa_restart(code) else ", which SA_RESTART does not change"
    return f" ({code.name}{helps})"


def _maker(got_it: Reception) -> str:
    receiver, library = got_it.receiver, got_it.library
    if receiver.package is not None:
        return receiver.package.name
    name = "this code" if library is None else file_name(library)
    return receiver.module or name
