"""What the kernel did, in words."""

from __future__ import annotations

from collections.abc import Iterator

from eintr_trace.analysis.calls import asked_bytes
from eintr_trace.analysis.draft import Draft
from eintr_trace.analysis.exhibits import Topic
from eintr_trace.analysis.finding import Finding
from eintr_trace.analysis.interruption import Interruption, Trigger
from eintr_trace.analysis.kernel import KernelSide, ShownBy
from eintr_trace.analysis.logs.sentences import met_no_call
from eintr_trace.analysis.merged import merged_by_the_tracer, merged_by_themselves
from eintr_trace.analysis.tracer_induced import tracer_induced
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.wording import result, signal_and_sender
from eintr_trace.facts.restart_codes import RestartCode, restart_code
from eintr_trace.model.episodes import KernelAction, Layer, Outcome, TracerInduced
from eintr_trace.model.events import Disposition, InterruptedCall

_SHOWN_BY: dict[TracerInduced, tuple[Topic, ...]] = {
    TracerInduced.IGNORED: (Topic.DISPOSITION,),
    TracerInduced.SIGCONT: (Topic.DISPOSITION,),
    TracerInduced.REROUTED: (Topic.DISPOSITION,),
    TracerInduced.COALESCED: (Topic.MERGED,),
    TracerInduced.INJECTED: (Topic.DELIVERY,),
}


def kernel_sentences(trail: Trail, finding: Finding) -> Iterator[Draft]:
    """Say what the signal met, what the kernel made of it, and whether the tracer caused it."""
    interruption = trail.interruption
    yield _draft(_met(trail), Topic.DELIVERY)
    if finding.outcome is Outcome.DIED:
        text = f"{interruption.signal_name} has its default action here, which ends the process."
        yield _draft(text, Topic.DISPOSITION, Topic.ENDING)
    decision = _decision(trail, finding.kernel)
    if decision is not None:
        yield _draft(decision, Topic.DISPOSITION, Topic.JOINED, *_shown_by(finding.kernel))
    induced = tracer_induced(interruption)
    if induced is not None:
        yield _draft(induced.text, Topic.TRACER, *_SHOWN_BY[induced.kind])
    if induced is None or induced.kind is not TracerInduced.COALESCED:
        yield from _merged(merged_by_the_tracer(interruption))
    yield from _merged(merged_by_themselves(interruption))


def _merged(text: str | None) -> Iterator[Draft]:
    if text is not None:
        yield _draft(text, Topic.MERGED)


def _shown_by(kernel: KernelSide) -> tuple[Topic, ...]:
    match kernel.shown_by:
        case ShownBy.SIGNAL_FRAME:
            return (Topic.SIGNAL_FRAME,)
        case ShownBy.REGISTER:
            return (Topic.DELIVERY,)
        case ShownBy.INSTALLATION:
            return (Topic.DISPOSITION, Topic.KERNEL_RULE)
        case ShownBy.FOLLOWING_CALL:
            return (Topic.REENTERED,)
        case ShownBy.RULE | ShownBy.NOTHING:
            return (Topic.KERNEL_RULE,)


def _draft(text: str, *topics: Topic) -> Draft:
    return Draft(Layer.KERNEL, text, topics)


def _met(trail: Trail) -> str:
    interruption = trail.interruption
    call = interruption.call
    if interruption.trigger is Trigger.NO_SIGNAL:
        return _met_no_signal(interruption)
    came = _came(interruption)
    if call is None:
        if interruption.before_user_mode:
            return (
                f"{came} before the thread had run anything after the signal before it: no"
                " call was in progress any more."
            )
        if interruption.vantage.is_log:
            return f"{came}{met_no_call(trail)}"
        return f"{came} while the thread was in no system call: there was nothing to interrupt."
    code = restart_code(call.retval)
    if code is None:
        return f"{came} as {call.syscall.name} was already done: it {_result(call)}."
    if code is RestartCode.EINTR:
        return f"{call.syscall.name} was waiting when {came}; it ended with EINTR."
    return f"{call.syscall.name} was waiting when {came}; the kernel gave it up with {code.name}."


def _met_no_signal(interruption: Interruption) -> str:
    call = interruption.call
    code = None if call is None else restart_code(call.retval)
    if call is None or code is None:
        return "A call came back interrupted, but the trace does not show which."
    name = call.syscall.name
    if interruption.injected:
        return (
            f"strace put {code.name} in the place of {name}'s result: no signal came, and the"
            " kernel did not make this call."
        )
    return (
        f"{name} came back with {code.name}, and no signal is shown that was delivered to the"
        " thread then: it was left out, or another thread took it, or strace stopped the thread."
    )


def _came(interruption: Interruption) -> str:
    match interruption.trigger:
        case Trigger.DELIVERY if interruption.signal is not None:
            return f"{signal_and_sender(interruption.signal)} came"
        case Trigger.GROUP_STOP:
            return f"{interruption.signal_name} stopped the process"
        case Trigger.STOP_ENDED:
            return "the process was stopped, which SIGCONT ended"
        case Trigger.CONTINUE_TRAP:
            return "SIGCONT came"
        case _:
            return "a signal came"


def _result(call: InterruptedCall) -> str:
    given = result(call.syscall.name, call.retval)
    asked = asked_bytes(call.syscall)
    if asked is not None and 0 <= call.retval < asked:
        return f"{given} of the {asked} that were asked for"
    return given


def _decision(trail: Trail, kernel: KernelSide) -> str | None:
    match kernel.action:
        case KernelAction.EINTR:
            return _eintr(kernel)
        case KernelAction.RESTART:
            return _restart(trail, kernel)
        case KernelAction.NONE:
            return None


def _eintr(kernel: KernelSide) -> str:
    match kernel.code:
        case RestartCode.ERESTARTSYS:
            return (
                "The handler was installed without SA_RESTART, so the kernel handed EINTR to the"
                " program instead of restarting the call."
            )
        case RestartCode.EINTR:
            return "Nothing restarts a call that ends this way, not even SA_RESTART."
        case _:
            name = "this code" if kernel.code is None else kernel.code.name
            return (
                f"A handler ran, and after {name} the kernel restarts a call only where none"
                " does, SA_RESTART or not: it handed EINTR to the program."
            )


def _restart(trail: Trail, kernel: KernelSide) -> str:
    again = _how_again(trail)
    if kernel.code is RestartCode.ERESTARTNOINTR:
        return f"After ERESTARTNOINTR the kernel always restarts the call: {again}."
    if kernel.sa_restart:
        return f"The handler was installed with SA_RESTART, so the kernel restarted it: {again}."
    return f"{_no_handler(trail)}, so the kernel restarted the call by itself: {again}."


def _no_handler(trail: Trail) -> str:
    name = trail.interruption.signal_name
    match trail.interruption.disposition:
        case Disposition.IGNORED:
            return f"The program ignores {name}"
        case _:
            return f"No handler runs for {name}"


def _how_again(trail: Trail) -> str:
    again = trail.reentered
    if again is not None and again.call is not None and again.call.name == "restart_syscall":
        return "as restart_syscall, with the time that was left"
    return "the same call with the same arguments"
