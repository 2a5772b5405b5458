"""How long a thread is followed after an interruption: until its outcome is known.

The follower decides only when to let the thread sleep again; what the outcome is, is judged
from the events, elsewhere. It errs on the side of one stop more.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import Enum

from eintr_trace.facts.pep475 import may_call_foreign_code
from eintr_trace.facts.syscalls import is_bookkeeping
from eintr_trace.model.events import Disposition, SignalDelivered, Syscall
from eintr_trace.model.python_state import PythonHandler, PythonSnapshot
from eintr_trace.sources.live.registers import RESTART_SYSCALL_NR

# An except block may log and then call again: so many calls after a raise are waited for.
_CALLS_AFTER_RAISE = 16
# C code below CPython (OpenSSL) may go on for some calls before the Python handler runs.
_CALLS_WHILE_DUE = 16
_MOST_STOPS = 200  # syscall-enter-stops: a Python handler that never ends is not followed for ever
_MOST_NESTED = 8
_MOST_HANDLERS = 64
# Deliveries that are passed on unread while an outcome is open: the few stops to it are paid for
# later. More would hold up, between them, a program whose signals come too fast.
_MOST_PASSED = 3


class Step(Enum):
    """What to do after a syscall-enter-stop."""

    GO_ON = "go on"
    AWAIT_RESULT = "await result"  # the same call was made again: its end is the last stop
    DONE = "done"


@dataclass
class Follow:
    """One thread on its way from an interruption to the outcome.

    ``handlers_pending`` are the C signal handlers entered and not yet returned from, the newest
    last: whether their delivery was told of. ``handler_codes`` are the code objects of the
    Python handlers they will have called.
    ``ran``: the thread has made a call since. ``deliveries`` are those it decides on, ``passed``
    how many were passed on unread since.
    ``looked_at_connection``: the call's socket was looked at once the call had raised.
    ``saw_beneath``: the C stack was copied once while Python code ran on top of the call.
    """

    call: Syscall
    python: PythonSnapshot | None
    handlers_pending: list[bool] = field(default_factory=list)
    handler_codes: set[int] = field(default_factory=set)
    deliveries: int = 0
    passed: int = 0
    ran: bool = False
    stops: int = 0
    calls_after_raise: int = 0
    calls_while_due: int = 0
    awaiting_result: bool = False
    looked_at_connection: bool = False
    saw_beneath: bool = False

    @property
    def signo(self) -> int | None:
        """The signal whose entry in CPython's table is watched."""
        handler = None if self.python is None else self.python.handler
        return None if handler is None else handler.signo

    @property
    def may_call_foreign_code(self) -> bool:
        """Whether Python was calling something that is not known to be CPython's."""
        frames = () if self.python is None else self.python.frames
        return bool(frames) and may_call_foreign_code(frames[0])

    def wants_python(self, syscall: Syscall) -> bool:
        """Whether the Python state at this call can tell something."""
        if self.handlers_pending:
            return False
        return self._is_same_call(syscall) or not is_bookkeeping(syscall.name)

    def takes_stack(self, syscall: Syscall, python: PythonSnapshot | None) -> bool:
        """Whether the C stack at this call can show who decided about EINTR.

        It can where the call is made again, or another beneath the same Python instruction. On
        top of that instruction, a Python handler runs: it has the C function that let it run
        beneath it, which one look shows.
        """
        if not self.wants_python(syscall):
            return False
        if self._is_same_call(syscall):
            return True
        depth = self._depth_of_interrupted(python)
        if not depth:
            return depth == 0
        first, self.saw_beneath = not self.saw_beneath, True
        return first

    def _depth_of_interrupted(self, python: PythonSnapshot | None) -> int | None:
        """How many frames are on top of the interrupted one; ``None``: it is not at its call."""
        if python is None or self.python is None or not self.python.frames:
            return None
        interrupted = self.python.frames[0]
        for depth, frame in enumerate(python.frames):
            if frame.address == interrupted.address:
                return depth if frame.instruction_offset == interrupted.instruction_offset else None
        return None

    def entered(self, syscall: Syscall, python: PythonSnapshot | None) -> Step:
        """The thread has entered ``syscall`` (not rt_sigreturn)."""
        self.stops += 1
        self.ran = True
        if not self.wants_python(syscall) or self._in_python_handler(python):
            return Step.GO_ON if self.stops < _MOST_STOPS else Step.DONE
        if self._is_same_call(syscall):
            self.awaiting_result = True
            return Step.AWAIT_RESULT
        if self.shows_raise(python):
            self.calls_after_raise += 1
            return Step.GO_ON if self.calls_after_raise <= _CALLS_AFTER_RAISE else Step.DONE
        if _handler_is_due(python):
            self.calls_while_due += 1
            return Step.GO_ON if self.calls_while_due <= _CALLS_WHILE_DUE else Step.DONE
        return Step.DONE

    def _is_same_call(self, syscall: Syscall) -> bool:
        if syscall.nr == RESTART_SYSCALL_NR:
            return True
        if syscall.nr != self.call.nr:
            return False
        return not syscall.args or not self.call.args or syscall.args[0] == self.call.args[0]

    def _in_python_handler(self, python: PythonSnapshot | None) -> bool:
        if python is None:
            return False
        before = () if self.python is None else self.python.frames
        there_before = {frame.address for frame in before}
        return any(
            frame.code_address in self.handler_codes and frame.address not in there_before
            for frame in python.frames
        )

    def shows_raise(self, python: PythonSnapshot | None) -> bool:
        """Whether there is an exception that was not there at the interruption."""
        if python is None:
            return False
        old = {e.address for e in self.python.exceptions} if self.python is not None else set()
        return any(exception.address not in old for exception in python.exceptions)


def _handler_is_due(python: PythonSnapshot | None) -> bool:
    """Whether the Python handler waits still, in the thread that will run it."""
    if python is None or python.handler is None or not python.is_python_main_thread:
        return False
    return python.handler.tripped is True


@dataclass
class FollowStack:
    """The follows of one thread: an interruption may meet the handler of another.

    The innermost decides; when it is done at a call, the one around it looks at the same call.
    ``entered_nr`` is the call the thread is in, between its two stops. ``handlers_unfollowed``
    are as ``Follow.handlers_pending``, of C handlers that interrupted no call.
    """

    follows: list[Follow] = field(default_factory=list)
    handlers_unfollowed: deque[bool] = field(default_factory=lambda: deque(maxlen=_MOST_HANDLERS))
    entered_nr: int | None = None
    last_stop_ns: int = 0

    def begin(self, follow: Follow) -> None:
        """A call was interrupted; the oldest follow gives way when too many are nested."""
        self.follows.append(follow)
        del self.follows[:-_MOST_NESTED]

    @property
    def innermost(self) -> Follow | None:
        """The follow that looks at the next stop, ``None``: the thread may sleep."""
        return self.follows[-1] if self.follows else None

    @property
    def is_open(self) -> bool:
        """Whether an outcome is still to come, not only the result of a call made again."""
        return bool(self.follows) and not self.follows[-1].awaiting_result

    @property
    def is_in_handler(self) -> bool:
        """Whether the thread is in a C handler, as far as it is followed."""
        innermost = self.innermost
        return innermost is not None and bool(innermost.handlers_pending)

    def is_in_handler_of(self, signo: int) -> bool:
        """Whether the thread is in the C handler that ``signo`` started."""
        innermost = self.innermost
        return (
            innermost is not None and bool(innermost.handlers_pending) and innermost.signo == signo
        )

    def outlives_pass(self) -> bool:
        """Count a delivery that is passed on unread; whether the thread is followed further."""
        if not self.is_open:
            return False
        self.follows[-1].passed += 1
        return self.follows[-1].passed <= _MOST_PASSED

    def delivered(self, event: SignalDelivered) -> None:
        """A signal is being delivered: on its own account, or on top of what is followed."""
        if self.innermost is not None:
            self.innermost.deliveries += 1
        if event.disposition is Disposition.CAUGHT:
            handler = None if event.python is None else event.python.handler
            self.handler_entered(handler, told=True)

    def handler_entered(self, handler: PythonHandler | None, *, told: bool) -> None:
        """Another C signal handler is entered on top, for ``handler`` if that is Python's."""
        if self.innermost is None:
            self.handlers_unfollowed.append(told)
            return
        self.innermost.handlers_pending.append(told)
        if handler is not None and handler.code_address is not None:
            self.innermost.handler_codes.add(handler.code_address)

    def handler_returned(self) -> bool:
        """The newest C signal handler is returning; whether its delivery was told of."""
        innermost = self.innermost
        if innermost is None:
            return self.handlers_unfollowed.pop() if self.handlers_unfollowed else False
        innermost.ran = True
        return innermost.handlers_pending.pop() if innermost.handlers_pending else True

    def entered(self, syscall: Syscall, python: PythonSnapshot | None) -> int:
        """The thread has entered ``syscall``; returns how many deliveries that decides on."""
        self.entered_nr = syscall.nr
        decided = 0
        while self.follows:
            innermost = self.follows[-1]
            known_before = innermost.awaiting_result
            step = innermost.entered(syscall, python)
            if step is not Step.GO_ON and not known_before:
                decided += innermost.deliveries
            if step is not Step.DONE:
                break
            self.follows.pop()
        return decided

    def exited(self, *, interrupted: bool) -> None:
        """A call ended; the follows that awaited its result end, unless it was interrupted."""
        self.entered_nr = None
        while not interrupted and self.follows and self.follows[-1].awaiting_result:
            self.follows.pop()

    def abandon(self) -> int:
        """Follow no more; returns how many deliveries were still undecided."""
        undecided = sum(f.deliveries for f in self.follows if not f.awaiting_result)
        self.follows.clear()
        self.handlers_unfollowed.clear()
        return undecided
