"""Why a log does not tell an outcome: what it shows, and what it would take."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from eintr_trace.analysis.calls import RESTART_SYSCALL
from eintr_trace.analysis.kernel import KernelSide, ShownBy
from eintr_trace.analysis.logs.following_calls import (
    began_waiting_anew,
    has_gone_on,
    is_often_raising,
    may_have_moved_on,
    printed_another_exception,
    tried_the_descriptor,
)
from eintr_trace.analysis.logs.interrupt_key import (
    has_default_int_handler,
    may_raise_keyboard_interrupt,
)
from eintr_trace.analysis.logs.likely_rows import likely_decision, met_call
from eintr_trace.analysis.receiver import is_foreign, reception
from eintr_trace.analysis.receiver_sentences import who
from eintr_trace.analysis.sightings import Ending
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.pep475 import Pep475Row, parse_version
from eintr_trace.facts.restart_codes import RestartCode
from eintr_trace.model.episodes import KernelAction

_ROWS_NAMED = 2


def why_a_log_does_not_tell(trail: Trail, kernel: KernelSide) -> str:
    """Give the reason, without a full stop; the first that applies."""
    for reason in _REASONS:
        text = reason(trail, kernel)
        if text is not None:
            return text
    return f"nothing decisive is shown: {_ended(trail)}"


def may_have_ended_it(trail: Trail) -> bool:
    """Tell whether the signal ends the process, as far as is known, and what followed is not."""
    interruption = trail.interruption
    if trail.exited is not None or trail.ending is not Ending.TRACE_ENDED:
        return False
    return trail.is_unfollowed and (interruption.is_fatal or interruption.may_be_fatal)


def restored_eintr(trail: Trail) -> bool:
    """Tell whether the handler's return gave EINTR to a call."""
    return trail.restored is not None and trail.restored.saved_retval == -RestartCode.EINTR


def _fatal(trail: Trail, _: KernelSide) -> str | None:
    if not may_have_ended_it(trail):
        return None
    name = trail.interruption.signal_name
    if trail.interruption.is_fatal:
        return f"{name} ends the process, and the log ends before that is shown"
    return (
        f"{name} ends a process that has no handler for it, and the log ends here: whether this"
        " one has, is not shown"
    )


def _no_call(trail: Trail, _: KernelSide) -> str | None:
    if trail.interruption.call is not None:
        return None
    if restored_eintr(trail):
        return "the handler's return gives EINTR to a call that the log does not show"
    return (
        "no call that was given up for it is shown, nor what the thread did before: whether it was"
        " in a call is not known"
    )


def _kernel_not_shown(trail: Trail, kernel: KernelSide) -> str | None:
    if kernel.action is not KernelAction.NONE:
        return None
    if trail.restored is not None:
        value = trail.restored.saved_retval
        return (
            f"rt_sigreturn put back {'?' if value is None else value}, which is neither EINTR nor"
            " the call's number, and the call was not made again at once"
        )
    if trail.reentered is not None:
        return (
            "the same call follows, and no rt_sigreturn is shown (-e trace=SET may leave it out):"
            " whether the kernel made the call again, or the program after EINTR, is not known"
        )
    if trail.latest is not None or (trail.log is not None and trail.log.between):
        return (
            "no rt_sigreturn is shown after the signal (-e trace=SET may leave it out), so that"
            " what the kernel made of the call is not known"
        )
    return f"what followed is not shown: {_ended(trail)}"


def _return_not_shown(trail: Trail, kernel: KernelSide) -> str | None:
    if kernel.shown_by is not ShownBy.INSTALLATION or kernel.action is not KernelAction.EINTR:
        return None
    if trail.log is None or not trail.log.between:
        return f"what the program made of EINTR is not shown: {_ended(trail)}"
    return (
        "no rt_sigreturn is shown after the signal (-e trace=SET may leave it out): which of the"
        " calls that follow are the handler's, and which the program's, is not known"
    )


def _no_interpreter(trail: Trail, _: KernelSide) -> str | None:
    interruption = trail.interruption
    if interruption.interpreter is not None:
        return None
    unread = interruption.unread_interpreter
    if unread is not None:
        why = f"the C code of {unread.name} is not CPython's"
    else:
        why = "which CPython it was, if any, is not in the log (--python VERSION says it)"
    if trail.reentered is not None:
        return f"the same call was made again after EINTR, but {why}: whose code did is not known"
    return f"EINTR went to the program's C code, but {why}: what it made of it is not known"


def _foreign(trail: Trail, _: KernelSide) -> str | None:
    got_it = reception(trail)
    if got_it is None or not is_foreign(got_it):
        return None
    lead = f"EINTR reached {who(got_it)}"
    if trail.reentered is not None:
        return (
            f"{lead}, and the same call follows: whether that code or a loop made it is not shown"
        )
    return f"{lead}, and what it made of it is not shown"


def _no_rows(trail: Trail, _: KernelSide) -> str | None:
    decision, call = likely_decision(trail), met_call(trail)
    if decision is None or decision.rows or call is None:
        return None
    if call.name == RESTART_SYSCALL:
        return "which call restart_syscall was carrying on with is not in the log"
    return (
        f"no function of CPython's that is known to wait in {call.name} fits: other C code made it"
    )


def _alarm(trail: Trail, _: KernelSide) -> str | None:
    if not is_often_raising(trail) or may_raise_keyboard_interrupt(trail):
        return None
    if trail.reentered is not None:
        return None
    decision = likely_decision(trail)
    if decision is None or decision.calls_again is True:
        return None
    return (
        f"the call was given up, but handlers of {trail.interruption.signal_name} often raise, and"
        " whether this one did is not shown"
    )


def _interrupt_key(trail: Trail, _: KernelSide) -> str | None:
    if not may_raise_keyboard_interrupt(trail):
        return None
    again = "the same call follows" if trail.reentered is not None else "the call was given up"
    if has_default_int_handler(trail) is True and trail.reentered is not None:
        return (
            f"{again}, and only CPython's own handler of SIGINT was installed: whether the program"
            " caught its KeyboardInterrupt and called again, or other C code did, is not shown"
        )
    return (
        f"{again}, but CPython's own handler of SIGINT raises KeyboardInterrupt, and whether that"
        " one or the program's ran is not shown"
    )


def _tried(trail: Trail, _: KernelSide) -> str | None:
    if not tried_the_descriptor(trail):
        return None
    return (
        "the descriptor that poll waited for was tried next: CPython's ssl does so after a signal"
        " without an exception, and so may a program that has caught one"
    )


def _rows_differ(trail: Trail, _: KernelSide) -> str | None:
    decision, call = likely_decision(trail), met_call(trail)
    interpreter = trail.interruption.interpreter
    if decision is None or call is None or interpreter is None or decision.calls_again is True:
        return None
    version = parse_version(interpreter.version)
    kinds = {row.behaviour(version): row for row in decision.rows}
    if len(kinds) <= 1:
        return None
    what = _named(kinds.values(), version)
    return (
        f"CPython {interpreter.version}'s functions that wait in {call.name} differ ({what}), and"
        " which one it was is not shown; strace -k shows it"
    )


def _named(rows: Iterable[Pep475Row], version: tuple[int, ...]) -> str:
    shown = [f"{row.id} {row.behaviour(version)}" for row in rows]
    return ", ".join(shown[:_ROWS_NAMED]) + (", …" if len(shown) > _ROWS_NAMED else "")


def _again_but_undecided(trail: Trail, _: KernelSide) -> str | None:
    if trail.reentered is None:
        return None
    if began_waiting_anew(trail):
        return (
            "the same call follows with its timeout in full, where CPython passes on what is left"
            " of it: it is a new call of the program's, or of other C code"
        )
    if may_have_moved_on(trail):
        return (
            "the same call follows, but after others that may be the program's: whether it is the"
            " interrupted one made again is not shown"
        )
    return None


def _printed_another(trail: Trail, _: KernelSide) -> str | None:
    if not printed_another_exception(trail):
        return None
    return (
        "an exception was printed that does not say EINTR: it may be the signal handler's, or what"
        " the program made of EINTR"
    )


def _not_again(trail: Trail, _: KernelSide) -> str | None:
    decision = likely_decision(trail)
    if decision is None or decision.calls_again is not True or not has_gone_on(trail):
        return None
    return (
        "by the table CPython makes the call again, but it did not: the signal's Python handler"
        " raised, or there was nothing left to wait for, or it was other C code's call"
    )


_REASONS: tuple[Callable[[Trail, KernelSide], str | None], ...] = (
    _fatal,
    _no_call,
    _kernel_not_shown,
    _return_not_shown,
    _no_interpreter,
    _foreign,
    _no_rows,
    _interrupt_key,
    _alarm,
    _printed_another,
    _tried,
    _rows_differ,
    _again_but_undecided,
    _not_again,
)


def _ended(trail: Trail) -> str:
    match trail.ending:
        case Ending.THREAD_EXITED:
            return "the thread ended"
        case Ending.PROCESS_EXITED:
            return "the process ended"
        case Ending.EXECED:
            return "the process became another program (exec)"
        case Ending.CROWDED_OUT:
            return "more signals came than are followed at once"
        case Ending.FOLLOW_ENDED:
            detail = f" ({trail.ending_text})" if trail.ending_text else ""
            return f"the thread was followed no further{detail}"
        case Ending.TRACE_ENDED | None:
            return "the log ends"
