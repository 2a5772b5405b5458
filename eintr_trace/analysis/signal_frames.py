"""The signal frames on a thread's stack, and the interruptions that each belongs to."""

from __future__ import annotations

from eintr_trace.analysis.calls import was_interrupted
from eintr_trace.analysis.trail import Trail
from eintr_trace.facts.signals import FATAL_ACTIONS, default_action
from eintr_trace.model.events import Disposition, HandlerReturning

_MOST_SIGNAL_FRAMES = 64


class SignalFrames:
    """A signal frame belongs to the delivery that made it, and to others at the same call.

    Those are signals without a handler that were delivered just before it. Of a log it may not be
    known which of them have one: their frame is pushed all the same, and popped by whatever
    handler returns.
    """

    def __init__(self) -> None:
        self._frames: list[list[Trail]] = []
        self.returning: list[Trail] = []

    def __bool__(self) -> bool:
        return bool(self._frames)

    def push(self, trail: Trail, joined: list[Trail]) -> None:
        """A handler is about to run for ``trail``, and decides for ``joined`` as well."""
        self._frames.append([trail, *joined])
        del self._frames[:-_MOST_SIGNAL_FRAMES]

    def take_possible(self, trail: Trail) -> list[Trail]:
        """Take a frame that may be none: of signals at the call of ``trail``, just before it."""
        if not self._frames or not was_interrupted(trail.interruption.call):
            return []
        if any(met.runs_c_handler is True for met in self._frames[-1]):
            return []
        if not all(met.is_untouched and _same_call(met, trail) for met in self._frames[-1]):
            return []
        return self._frames.pop()

    def pop(self, event: HandlerReturning) -> list[Trail]:
        """The innermost handler is about to return; give the interruptions it ran for."""
        frame = self._frames.pop() if self._frames else []
        inner = _before_user_mode(frame) if _leads_into_a_handler(frame, event) else []
        if inner:
            for trail in inner:
                trail.precedes_user_mode()
            self._frames.append(frame[len(inner) :])
            frame = inner[-1:]
        self.returning = frame
        if len(frame) > 1:
            _join(frame)
        return frame

    def drop_unused(self) -> None:
        """Forget the frames of handlers that did not run: the call was made again."""
        self._frames = [
            frame for frame in self._frames if not any(trail.reentered for trail in frame)
        ]

    def clear(self) -> None:
        """Nothing is followed any more."""
        self._frames.clear()


def _same_call(one: Trail, other: Trail) -> bool:
    return one.interruption.call is other.interruption.call


def _leads_into_a_handler(frame: list[Trail], event: HandlerReturning) -> bool:
    """Tell whether the frame holds the beginning of another handler, where the register is 0.

    x86: x64_setup_rt_frame() of arch/x86/kernel/signal_64.c clears it for a handler (linux 6.12).
    0 is the number of read(2), too: then it is taken for that.
    """
    calls = [trail.interruption.call for trail in frame]
    return event.saved_retval == 0 and all(
        call is not None and call.syscall.nr not in {0, None} for call in calls
    )


def _before_user_mode(frame: list[Trail]) -> list[Trail]:
    """Give the signals, latest first, that came when another's handler was already to run."""
    for index, trail in enumerate(frame[:-1]):
        if _has_handler(trail):
            return frame[: index + 1]
    return []


def _join(frame: list[Trail]) -> None:
    """Say of signals at one call whose handler it was, to go by what they do without one."""
    owner = next((trail for trail in frame if _has_handler(trail)), frame[0])
    others = (trail for trail in frame if trail is not owner)
    for trail in others:
        trail.join(owner.interruption.signal)


def _has_handler(trail: Trail) -> bool:
    interruption = trail.interruption
    if interruption.disposition is not None or interruption.signal is None:
        return interruption.disposition is Disposition.CAUGHT
    signo = interruption.signal.signo
    return trail.runs_c_handler is None and default_action(signo) in FATAL_ACTIONS
