"""Signals that the kernel merged into a pending one, and whether our holding a thread did it.

Of the standard signals one of a kind is pending at most (signal(7)); a further one leaves no
trace but the tracepoint signal:signal_generate with ``result`` TRACE_SIGNAL_ALREADY_PENDING
(include/trace/events/signal.h). The same tracepoint tells when a thread stopped for us: the
kernel then sends SIGCHLD to the tracer (do_notify_parent_cldstop(), kernel/signal.c).

The events are the machine's, not the tracee's: who sends a signal may be anybody. The kernel
leaves out most that does not matter here; what is left waits in the rings until a stop. Only
when hundreds of signals have merged on the machine meanwhile, the tracer is woken to make room.
"""

from __future__ import annotations

import os
import select
import signal
import struct
import threading
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from eintr_trace.errors import EintrTraceError
from eintr_trace.model.delivery import MergedSignals
from eintr_trace.sources.live.perf_ring import (
    ANYBODY,
    AttributeFlag,
    Attributes,
    EventType,
    PerfEvent,
    Record,
    RecordType,
    SampleField,
)
from eintr_trace.sources.live.roster import Roster
from eintr_trace.sources.live.tracee import Hold, Tracee
from eintr_trace.sources.live.tracefs import Tracepoint, find_tracepoint

_TRACEPOINT = "signal/signal_generate"
_ALREADY_PENDING = 2  # TRACE_SIGNAL_ALREADY_PENDING, include/trace/events/signal.h
_RING_PAGES = 16  # some 800 samples a processor
_HEAD = struct.Struct("=2IQI")  # pid, tid; time; size of what follows
_INT = struct.Struct("=i")
_LOST = struct.Struct("=8xQ")  # id; how many
_INITIAL_PID_NAMESPACE = "pid:[4026531836]"  # PROC_PID_INIT_INO, include/linux/proc_ns.h
_MOST_KEPT = 1000  # of one signal that nobody takes

_Kind = tuple[int, bool]
"""A signal, and whether it was sent to one thread alone."""


class MergesUnseenError(EintrTraceError):
    """The tracepoint cannot be used here."""


@dataclass(frozen=True)
class _Generated:
    """One sample of the tracepoint: ``tid`` is who ran then, the others are its fields."""

    time_ns: int
    tid: int
    sig: int
    pid: int
    group: bool


class MergedSignalWatch:
    """Sees every merge on this machine from its opening on, in a ring for each processor.

    ``lost`` samples did not fit in.
    """

    def __init__(self, tracer_tid: int) -> None:
        """Begin; ``tracer_tid`` is the thread that traces. Raises MergesUnseenError."""
        if os.readlink("/proc/self/ns/pid") != _INITIAL_PID_NAMESPACE:  # noqa: PTH115 - no path
            raise MergesUnseenError(
                "the tracepoint's process ids are not those of this PID namespace"
            )
        self._tracer_tid = tracer_tid
        self._events: list[PerfEvent] = []
        # By process or thread.
        self._merged: dict[int, dict[_Kind, deque[int]]] = {}
        self.lost = 0
        try:
            self._tracepoint = find_tracepoint(_TRACEPOINT)
            self._open()
        except OSError as error:
            self.close()
            raise MergesUnseenError(
                f"the tracepoint signal:signal_generate cannot be used: {error.strerror}",
                "It needs root, or CAP_PERFMON and a tracefs that may be read",
            ) from error

    def _open(self) -> None:
        attributes = Attributes(
            type=EventType.TRACEPOINT,
            number=self._tracepoint.number,
            sample=SampleField.TID | SampleField.TIME | SampleField.RAW,
            flags=AttributeFlag.DISABLED,
        )
        stopped = f"sig == {signal.SIGCHLD.value} && pid == {self._tracer_tid}"
        for cpu in _online_cpus():
            event = PerfEvent(attributes, tid=ANYBODY, cpu=cpu, pages=_RING_PAGES)
            self._events.append(event)
            event.set_filter(f"result == {_ALREADY_PENDING} || ({stopped})")
        for event in self._events:
            event.enable()

    def close(self) -> None:
        """Give the rings back; the kernel takes some 20 ms for it."""
        while self._events:
            self._events.pop().close()

    def wake_tracer(self, tracer: threading.Thread, ended_fd: int) -> None:
        """In another thread: until ``ended_fd`` is readable, see that no ring overflows.

        The tracer gets SIGIO when one is half full. The kernel itself (fcntl(2), O_ASYNC) would
        send it for every sample: __perf_event_overflow(), kernel/events/core.c.
        """
        waiting = select.poll()
        for event in self._events:
            waiting.register(event.fileno(), select.POLLIN)
        waiting.register(ended_fd, select.POLLIN)
        while True:
            for fd, seen in waiting.poll():
                if fd == ended_fd:
                    return
                if seen & (select.POLLHUP | select.POLLERR):
                    waiting.unregister(fd)  # its processor is no more
                elif tracer.ident is not None:
                    signal.pthread_kill(tracer.ident, signal.SIGIO)

    def read(self, roster: Roster) -> None:
        """Take in what the rings hold."""
        for event in self._events:
            for record in event.records():
                if record.type == RecordType.LOST:
                    self.lost += _LOST.unpack_from(record.body)[0]
                elif record.type == RecordType.SAMPLE:
                    self._note(_generated(record, self._tracepoint), roster)

    def _note(self, generated: _Generated, roster: Roster) -> None:
        if generated.pid == self._tracer_tid:
            stopped = roster.tracees.get(generated.tid)
            if stopped is not None:
                stopped.stop_times_ns.append(generated.time_ns)
            return
        target = roster.tracees.get(generated.pid)
        if target is None:
            return
        whose = target.process.tgid if generated.group else target.tid
        kinds = self._merged.setdefault(whose, {})
        kind = (generated.sig, not generated.group)
        kinds.setdefault(kind, deque(maxlen=_MOST_KEPT)).append(generated.time_ns)

    def forget(self, tid: int) -> None:
        """A thread, or a process with its main thread, has ended: its number may be another's."""
        self._merged.pop(tid, None)

    def taken(self, tracee: Tracee, signo: int, *, for_one_thread: bool) -> MergedSignals | None:
        """The signals that merged into the delivery for which ``tracee`` was held last.

        ``None``: there were none. It has been resumed since: what merged after it had stopped
        is the next delivery's.
        """
        whose = tracee.tid if for_one_thread else tracee.process.tgid
        waiting = self._merged.get(whose, {}).get((signo, for_one_thread))
        if not waiting:
            return None
        *earlier, latest = _exact(tracee)
        # The rings of several processors: each in order, not all of them together.
        times_ns = sorted(at for at in waiting if at <= latest.began_ns)
        later = [at for at in waiting if at > latest.began_ns]
        waiting.clear()
        waiting.extend(later)
        if not times_ns:
            return None
        return _told(times_ns, [hold for hold in earlier if not hold.blocks(signo)])


def _told(times_ns: list[int], holds: list[Hold]) -> MergedSignals:
    ours = [(at, hold) for at in times_ns for hold in holds if hold.began_ns <= at <= hold.ended_ns]
    if not ours:
        return MergedSignals(while_held=0, otherwise=len(times_ns))
    first_ns, hold = ours[0]
    return MergedSignals(
        while_held=len(ours),
        otherwise=len(times_ns) - len(ours),
        first_ns=first_ns,
        held_from_ns=hold.began_ns,
        held_until_ns=hold.ended_ns,
    )


def _exact(tracee: Tracee) -> list[Hold]:
    """The thread's latest holds, each from the moment it stopped where that is known."""
    exact: list[Hold] = []
    ended_ns = 0
    for hold in tracee.holds:
        stops = [at for at in tracee.stop_times_ns if ended_ns < at <= hold.began_ns]
        exact.append(Hold(max(stops, default=hold.began_ns), hold.ended_ns, hold.blocked))
        ended_ns = hold.ended_ns
    return exact


def _generated(record: Record, tracepoint: Tracepoint) -> _Generated:
    _, tid, time_ns, _ = _HEAD.unpack_from(record.body)
    field = {
        name: _INT.unpack_from(record.body, _HEAD.size + tracepoint.offsets[name])[0]
        for name in ("sig", "pid", "group")
    }
    return _Generated(time_ns, tid, field["sig"], field["pid"], bool(field["group"]))


def _online_cpus() -> Iterable[int]:
    """The processors of /sys/devices/system/cpu/online (``0-3,8``), sysfs-devices-system-cpu."""
    for part in Path("/sys/devices/system/cpu/online").read_text().strip().split(","):
        first, _, last = part.partition("-")
        yield from range(int(first), int(last or first) + 1)
