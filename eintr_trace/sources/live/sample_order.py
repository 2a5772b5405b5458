"""Samples of running threads, in order of time with the stops of held ones.

A thread goes on before its stop is told of, and may have been sampled by then; a sample waits in
its ring until somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable

from eintr_trace.facts.decision_probes import RETURN_PROBE
from eintr_trace.model.events import Event
from eintr_trace.model.stack_events import StackMoment
from eintr_trace.sources.live.code_maps import CodeMaps
from eintr_trace.sources.live.emit import Tell, Told
from eintr_trace.sources.live.perf_events import Sample
from eintr_trace.sources.live.stack_copies import StackCopy
from eintr_trace.sources.live.tracee import TracedProcess


class SampleOrder:
    """Tells events, and first the samples until then: what passes through here is in order."""

    def __init__(self, tell: Tell) -> None:
        self._tell_now = tell
        self._collectors: list[Callable[[], None]] = []
        # With a stack, the code that it may lie in: told first where that is new.
        self._untold: list[tuple[Told, CodeMaps | None]] = []

    def collect_with(self, collect: Callable[[], None]) -> None:
        """Call this to have ``saw`` called for each new sample; it does nothing else slow."""
        self._collectors.append(collect)

    def saw(self, event: Event) -> None:
        """Take what a sample shows, to be told when no thread is held."""
        self._untold.append((event, None))

    def saw_stack(
        self,
        sample: Sample,
        process: TracedProcess,
        tid: int,
        probe: str | None,
        *,
        code_known: bool = False,
    ) -> None:
        """Take the stack of a sample, if it has one; ``probe`` is what was hit.

        Unless that is known, where the code of the process lies is told first, if it is new.
        """
        if sample.stack is None:
            return
        registers, copy = sample.stack.registers, sample.stack.copy
        retval = sample.stack.rax if probe == RETURN_PROBE else None
        stack = StackCopy(
            sample.time_ns, process.tgid, tid, StackMoment.PROBE, registers, copy, probe, retval
        )
        self._untold.append((stack, None if code_known else process.code))

    def emit(self, event: Told, *with_it: Told) -> None:
        """Tell an event, in order of time with the samples, and at once what belongs to it."""
        self._collect()
        self._tell_until(event.time_ns)
        for one in (event, *with_it):
            self._tell_now(one)
        self.tell()

    def tell(self) -> None:
        """Tell what the samples until now show."""
        self._collect()
        self._tell_until(None)

    def _collect(self) -> None:
        for collect in self._collectors:
            collect()

    def _tell_until(self, time_ns: int | None) -> None:
        untold, self._untold = sorted(self._untold, key=_time_ns), []
        for told, code in untold:
            if time_ns is not None and told.time_ns > time_ns:
                self._untold.append((told, code))
                continue
            mapped = None if code is None else code.news(told.time_ns)
            if mapped is not None:
                self._tell_now(mapped)
            self._tell_now(told)


def _time_ns(untold: tuple[Told, CodeMaps | None]) -> int:
    return untold[0].time_ns
