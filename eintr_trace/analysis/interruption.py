"""How an episode begins: the stop, the call it met, the Python stack at that moment."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property
from signal import SIGCONT, SIGKILL, SIGSTOP

from eintr_trace.analysis.calls import was_interrupted
from eintr_trace.analysis.vantage import LIVE, Vantage
from eintr_trace.analysis.wording import THE_SIGNAL
from eintr_trace.facts.pep475 import (
    Pep475Decision,
    decide_pep475,
    is_foreign,
    parse_version,
)
from eintr_trace.facts.signals import FATAL_ACTIONS, DefaultAction, default_action, signal_name
from eintr_trace.model.delivery import HandlerWatch, InstalledHandler, MergedSignals
from eintr_trace.model.events import (
    ContinueTrapped,
    Disposition,
    GroupStopped,
    InterruptedCall,
    ProcessSeen,
    Reduction,
    SignalDelivered,
    SignalInfo,
    Syscall,
)
from eintr_trace.model.python_state import (
    Callee,
    HandlerKind,
    Implementation,
    Interpreter,
    PythonFrame,
    PythonHandler,
    PythonSnapshot,
)
from eintr_trace.model.trace_lines import CallInterrupted


class Trigger(Enum):
    """The kind of stop that met the call."""

    DELIVERY = auto()
    GROUP_STOP = auto()
    STOP_ENDED = auto()  # the group-stop itself was not seen
    CONTINUE_TRAP = auto()
    NO_SIGNAL = auto()  # the call came back interrupted, and no delivery was seen


@dataclass(frozen=True)
class Interruption:
    """One signal-delivery-stop, group-stop or SIGCONT trap of one thread, or a log's equivalent.

    ``signal`` is ``None`` where no delivery was seen; ``injected``: strace put the error in the
    place of the call's result; ``ended_stop``: it is SIGCONT, and the process was stopped until
    then; ``resumed`` is what the kernel was carrying on with where the call is
    ``restart_syscall``, as far as known; ``installed`` is the handler, where a log has shown it
    being installed; ``after_call``: a log's line before it is of a call that had come back.
    ``process`` is what was known of the process then;
    ``id`` is the episode's; ``held_ns`` how long the tracer held the thread in this stop.
    ``vantage`` is where it was seen from.
    """

    id: int
    tgid: int
    tid: int
    time_ns: int
    trigger: Trigger
    signal: SignalInfo | None
    disposition: Disposition | None
    call: InterruptedCall | None
    python: PythonSnapshot | None
    process: ProcessSeen | None
    rerouted_from: int | None = None
    before_user_mode: bool = False
    merged: MergedSignals | None = None
    pending_again: bool | None = None
    reduced: tuple[Reduction, ...] = ()
    handler_watch: HandlerWatch | None = None
    held_ns: int | None = None
    injected: bool = False
    ended_stop: bool = False
    resumed: Syscall | None = None
    installed: InstalledHandler | None = None
    after_call: bool = False
    vantage: Vantage = LIVE

    @property
    def signal_name(self) -> str:
        """The signal's name, for sentences."""
        return "a signal" if self.signal is None else self.signal.name

    @property
    def interpreter(self) -> Interpreter | None:
        """The CPython found in the process, if any."""
        found = None if self.process is None else self.process.interpreter
        if found is None or found.implementation is not Implementation.CPYTHON:
            return None
        return found

    @property
    def unread_interpreter(self) -> Interpreter | None:
        """The interpreter of the process, if it is one that is not read."""
        found = None if self.process is None else self.process.interpreter
        return None if found == self.interpreter else found

    @property
    def python_handler(self) -> PythonHandler | None:
        """CPython's entry for the signal, if a Python callable is in it."""
        handler = None if self.python is None else self.python.handler
        is_callable = handler is not None and handler.kind is HandlerKind.FUNCTION
        return handler if is_callable else None

    @property
    def frame(self) -> PythonFrame | None:
        """The innermost Python frame at the interruption."""
        return self.python.frames[0] if self.python is not None and self.python.frames else None

    @property
    def has_c_handler(self) -> bool | None:
        """Whether a C handler runs for it; ``None``: the disposition is not known."""
        if self.trigger is Trigger.NO_SIGNAL:
            return False if self.injected else None
        if self.trigger is not Trigger.DELIVERY or self._is_uncatchable:
            return False
        return None if self.disposition is None else self.disposition is Disposition.CAUGHT

    @property
    def default_action(self) -> DefaultAction | None:
        """What the kernel does by default, where the default is in force."""
        if self.trigger is not Trigger.DELIVERY or self.signal is None:
            return None
        if self.disposition is not Disposition.DEFAULT and not self._is_uncatchable:
            return None
        return default_action(self.signal.signo)

    @property
    def _is_uncatchable(self) -> bool:
        """Whether its default action is in force always, known or not: signal(7)."""
        return self.signal is not None and self.signal.signo in {SIGKILL, SIGSTOP}

    @property
    def what_came(self) -> str:
        """What times are counted from, in words."""
        return "the interruption" if self.trigger is Trigger.NO_SIGNAL else THE_SIGNAL

    @property
    def is_fatal(self) -> bool:
        """Whether this delivery ends the process."""
        return self.default_action in FATAL_ACTIONS

    @property
    def may_be_fatal(self) -> bool:
        """Whether it ends the process unless a handler, which a log need not show, is installed."""
        if not self.vantage.is_log or self.disposition is not None or self.signal is None:
            return False
        return default_action(self.signal.signo) in FATAL_ACTIONS

    @property
    def is_stop(self) -> bool:
        """Whether the process was stopped by it, until SIGCONT."""
        stopped = self.trigger in {Trigger.GROUP_STOP, Trigger.STOP_ENDED}
        return stopped or self.default_action is DefaultAction.STOP

    @property
    def is_main_thread(self) -> bool:
        """CPython's main thread where that is known, else the kernel's."""
        known = None if self.python is None else self.python.is_python_main_thread
        return self.tid == self.tgid if known is None else known

    @cached_property
    def pep475(self) -> Pep475Decision | None:
        """What the table says of this call under this CPython; ``None``: there is none."""
        if self.interpreter is None or not was_interrupted(self.call) or self.call is None:
            return None
        version = parse_version(self.interpreter.version)
        called = None if self.frame is None else self.frame.calls
        met = self.resumed or self.call.syscall
        return decide_pep475(version, met.name, called, self.callee)

    @property
    def callee(self) -> Callee | None:
        """What Python was calling, where that could be read."""
        return None if self.frame is None else self.frame.callee

    @property
    def calls_foreign_code(self) -> bool:
        """Whether what Python was calling is known, and known not to be CPython's."""
        return is_foreign(self.callee)


def from_delivery(
    id: int, event: SignalDelivered, process: ProcessSeen | None, vantage: Vantage = LIVE
) -> Interruption:
    """Begin with a signal-delivery-stop."""
    return Interruption(
        id=id,
        tgid=event.tgid,
        tid=event.tid,
        time_ns=event.time_ns,
        trigger=Trigger.DELIVERY,
        signal=event.signal,
        disposition=event.disposition,
        call=event.call,
        python=event.python,
        process=process,
        rerouted_from=event.rerouted_from,
        before_user_mode=event.before_user_mode,
        merged=event.merged,
        pending_again=event.pending_again,
        reduced=event.reduced,
        handler_watch=event.handler_watch,
        held_ns=event.held_ns,
        installed=event.installed,
        after_call=event.after_call,
        vantage=vantage,
    )


def with_delivery(began: Interruption, event: SignalDelivered) -> Interruption:
    """Add the delivery of the SIGCONT whose trap, or end of a stop, was met first."""
    if began.is_stop:
        return began
    if event.disposition is Disposition.CAUGHT:
        # The program's own handler runs: it would have interrupted the call in any case.
        # The trap met it first, and episodes are numbered by when they began.
        event = replace(event, time_ns=began.time_ns)
        began = from_delivery(began.id, event, began.process, began.vantage)
    return replace(began, signal=event.signal)


def from_interrupted_call(
    id: int,
    event: CallInterrupted,
    process: ProcessSeen | None,
    vantage: Vantage,
    *,
    by_sigcont: bool,
) -> Interruption:
    """Begin with a call that came back interrupted without a delivery.

    ``by_sigcont``: another thread of the process got SIGCONT, for which every traced thread traps.
    """
    return Interruption(
        id=id,
        tgid=event.tgid,
        tid=event.tid,
        time_ns=event.time_ns,
        trigger=Trigger.CONTINUE_TRAP if by_sigcont else Trigger.NO_SIGNAL,
        signal=SignalInfo(SIGCONT, signal_name(SIGCONT)) if by_sigcont else None,
        disposition=None,
        call=event.call,
        python=None,
        process=process,
        injected=event.injected,
        vantage=vantage,
    )


def from_stop(
    id: int,
    event: GroupStopped | ContinueTrapped,
    process: ProcessSeen | None,
    vantage: Vantage = LIVE,
) -> Interruption:
    """Begin with a group-stop, or with the trap that SIGCONT causes in a seized thread."""
    if isinstance(event, GroupStopped):
        trigger, signal = Trigger.GROUP_STOP, SignalInfo(event.signo, event.name)
    else:
        trigger = Trigger.STOP_ENDED if event.was_stopped else Trigger.CONTINUE_TRAP
        signal = SignalInfo(SIGCONT, signal_name(SIGCONT))
    return Interruption(
        id=id,
        tgid=event.tgid,
        tid=event.tid,
        time_ns=event.time_ns,
        trigger=trigger,
        signal=signal,
        disposition=None,
        call=event.call,
        python=event.python,
        process=process,
        reduced=event.reduced,
        vantage=vantage,
    )


def disposition_without_handler(signo: int) -> Disposition:
    """Say what a process does with a signal that it survived without a handler."""
    harmless = {DefaultAction.IGNORE, DefaultAction.CONTINUE}
    return Disposition.DEFAULT if default_action(signo) in harmless else Disposition.IGNORED
