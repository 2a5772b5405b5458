"""Events in, episodes out: each event is given to the interruptions that it concerns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from functools import singledispatchmethod

from eintr_trace.analysis.c_side import CSide
from eintr_trace.analysis.case import Case
from eintr_trace.analysis.interruption import (
    Interruption,
    from_delivery,
    from_interrupted_call,
    from_stop,
)
from eintr_trace.analysis.known_paths import KnownPaths
from eintr_trace.analysis.lines.episode_lines import EpisodeLines
from eintr_trace.analysis.logs.sentences import LIMITS
from eintr_trace.analysis.logs.side import LogScope
from eintr_trace.analysis.process import ProcessState, ThreadState, is_same_program
from eintr_trace.analysis.sightings import Ending
from eintr_trace.analysis.trail import Trail
from eintr_trace.analysis.vantage import vantage_of
from eintr_trace.model.episodes import Episode
from eintr_trace.model.events import (
    ConnectionSeen,
    ContinueTrapped,
    DeliveryPassed,
    Disposition,
    Event,
    EventsLost,
    FollowEnded,
    GroupStopped,
    HandlerReturned,
    HandlerReturning,
    ProcessExeced,
    ProcessExited,
    ProcessSeen,
    PythonHandlerBegan,
    PythonHandlerDue,
    SignalDelivered,
    SyscallEntered,
    SyscallExited,
    ThreadExited,
    TraceEnded,
    Warned,
    WentQuiet,
)
from eintr_trace.model.report import EpisodeUpdate, Report, Summary
from eintr_trace.model.stack_events import (
    DecisionUnwatched,
    LibrarySeen,
    NotReturned,
    PathSeen,
    StackSeen,
)
from eintr_trace.model.trace import TraceHeader, TraceMode
from eintr_trace.model.trace_lines import CallInterrupted, LinePart, LogLine


def _to_nobody(_: LinePart) -> None:
    """Tell nobody."""


class Judge:
    """Judges a trace as its events come.

    ``feed`` takes the events in order and gives an update whenever an episode's outcome becomes
    known or what was said of it changes; ``finish`` gives the whole report. State for a thread
    is bounded: a few interruptions, each with a few sightings. ``tell`` gets the lines of a live
    trace that has every call, each before what is judged from it.
    """

    def __init__(self, header: TraceHeader, tell: Callable[[LinePart], None] = _to_nobody) -> None:
        self._header = header
        self._vantage = vantage_of(header)
        self._lines = EpisodeLines(header, tell)
        self._processes: dict[int, ProcessState] = {}
        self._seen: list[ProcessSeen] = []
        self._log_scope = LogScope()
        self._known_paths: dict[str, KnownPaths] = {}  # by executable
        self._episodes: dict[int, Episode] = {}
        self._count = 0
        self._passed = 0
        self._lost = 0
        self._merged = 0
        self._warnings: list[str] = []
        self._ended: TraceEnded | None = None
        # Bound once: functools binds it anew at each look, which takes longer than most calls.
        self._take_bound: Callable[[Event], Iterable[Case]] = self._take

    def feed(self, event: Event) -> Iterator[EpisodeUpdate]:
        """Take in the next event. To be iterated to its end: the work is done on the way."""
        self._lines.before(event)
        self._log_scope.observe(event)
        if isinstance(event, SyscallEntered | SyscallExited):
            touched = self._called(event)  # at once: most events of a trace of every call are these
        else:
            touched = list(self._take_bound(event))
        self._lines.after(event)
        for case in touched:
            yield from self._updated(case, event.time_ns)

    def finish(self) -> Report:
        """Judge what is still open, as far as it is known, and give the report."""
        for case in list(self._end_everything()):
            for _ in self._updated(case, case.trail.last_time_ns):
                pass
        episodes = tuple(
            replace(episode, lines=self._lines.of(number))
            for number, episode in sorted(self._episodes.items())
        )
        return Report(
            header=self._header,
            processes=tuple(self._seen),
            episodes=episodes,
            summary=self._summary(episodes),
            warnings=(*self._warnings, *([LIMITS] if self._vantage.is_log and episodes else ())),
            ended=self._ended,
        )

    def _updated(self, case: Case, time_ns: int) -> Iterator[EpisodeUpdate]:
        update = case.update(time_ns)
        process = self._processes.get(case.trail.interruption.tgid)
        if process is not None and case.ended_in_exception:
            process.raised(case)
        if update is not None:
            lines = self._lines.of(update.episode.id)
            update = replace(update, episode=replace(update.episode, lines=lines))
            case.trail.c_side.known_paths.note(case.trail.interruption, update.episode)
            self._episodes[update.episode.id] = update.episode
            if update.amendment is not None or not update.amended:
                yield update

    def _summary(self, episodes: tuple[Episode, ...]) -> Summary:
        outcomes = Counter(episode.outcome for episode in episodes)
        induced = Counter(
            episode.tracer_induced for episode in episodes if episode.tracer_induced is not None
        )
        reductions = Counter(kind for episode in episodes for kind in episode.reduced)
        ended = self._ended
        return Summary(
            by_outcome=tuple(sorted(outcomes.items())),
            by_tracer_induced=tuple(sorted(induced.items())),
            by_reduction=tuple(sorted(reductions.items())),
            passed=self._passed if ended is None else max(self._passed, ended.passed),
            lost=self._lost if ended is None else max(self._lost, ended.lost),
            merged=self._merged,
        )

    @singledispatchmethod
    def _take(self, _: Event) -> Iterable[Case]:
        """Give the cases that an event touched; for kinds of events not named below none."""
        return ()

    @_take.register
    def _process_seen(self, event: ProcessSeen) -> Iterable[Case]:
        process = self._process(event.tgid)
        if process.seen is not None and is_same_program(process.seen, event):
            self._seen[self._seen.index(process.seen)] = event
        else:
            self._seen.append(event)
        process.seen = event
        if event.exe is not None:
            process.known_paths = self._known_paths.setdefault(event.exe, process.known_paths)
        return ()

    @_take.register
    def _warned(self, event: Warned) -> Iterable[Case]:
        self._warnings.append(event.text)
        return ()

    @_take.register
    def _delivery_passed(self, event: DeliveryPassed) -> Iterable[Case]:
        self._passed += event.count
        self._merged += event.merged
        thread = self._thread(event)
        thread.observe(event)
        return thread.cases

    @_take.register
    def _signal_delivered(self, event: SignalDelivered) -> Iterable[Case]:
        self._merged += 0 if event.merged is None else event.merged.while_held
        thread, process = self._thread(event), self._process(event.tgid)
        ended_stop = process.continued(event)
        absorbing = thread.absorbing(event)
        if absorbing is not None:
            absorbing.trail.absorb(event)
            process.awaited.expect(absorbing)
            if event.disposition is Disposition.CAUGHT:
                thread.push_signal_frame(absorbing.trail, event)
            return [absorbing]
        if self._vantage.is_log:
            event = thread.with_the_call_met(event, self._vantage.clock)
        thread.observe(event)
        began = from_delivery(self._next_id(), event, process.seen, self._vantage)
        trail = self._trail(replace(began, ended_stop=ended_stop))
        if event.disposition is Disposition.CAUGHT:
            thread.push_signal_frame(trail, event)
        elif event.disposition is None and self._vantage.is_log:
            thread.push_possible_frame(trail)
        return self._began(thread, trail)

    @_take.register
    def _call_interrupted(self, event: CallInterrupted) -> Iterable[Case]:
        thread = self._thread(event)
        thread.observe(event)
        seen = self._process(event.tgid).seen
        continued_ns = self._process(event.tgid).continued_ns
        began = from_interrupted_call(
            self._next_id(),
            event,
            seen,
            self._vantage,
            by_sigcont=continued_ns is not None and continued_ns >= event.time_ns,
        )
        trail = self._trail(began)
        if not event.injected:
            thread.push_possible_frame(trail)
        return self._began(thread, trail)

    @_take.register
    def _log_line(self, event: LogLine) -> Iterable[Case]:
        self._process(event.tgid).last_line = event
        self._thread(event).line_seen(event)
        return ()

    @_take.register
    def _group_stopped(self, event: GroupStopped) -> Iterable[Case]:
        thread = self._thread(event)
        thread.observe(event)
        self._process(event.tgid).is_stopped = True
        if not thread.begins_with_stop(event):
            return thread.cases
        seen = self._process(event.tgid).seen
        return self._began(
            thread, self._trail(from_stop(self._next_id(), event, seen, self._vantage))
        )

    @_take.register
    def _continue_trapped(self, event: ContinueTrapped) -> Iterable[Case]:
        thread = self._thread(event)
        thread.observe(event)
        if not thread.begins_with_trap(event):
            return thread.cases
        seen = self._process(event.tgid).seen
        return self._began(
            thread, self._trail(from_stop(self._next_id(), event, seen, self._vantage))
        )

    @_take.register
    def _handler_returning(self, event: HandlerReturning) -> Iterable[Case]:
        thread = self._thread(event)
        thread.pop_signal_frame(event)
        return thread.cases

    @_take.register
    def _python_handler_began(self, event: PythonHandlerBegan) -> Iterable[Case]:
        return self._process(event.tgid).awaited.began(event)

    @_take.register
    def _python_handler_due(self, event: PythonHandlerDue) -> Iterable[Case]:
        return self._process(event.tgid).awaited.due(event)

    @_take.register
    def _handler_returned(self, event: HandlerReturned) -> Iterable[Case]:
        thread = self._thread(event)
        thread.handler_returned(event)
        return thread.cases

    def _called(self, event: SyscallEntered | SyscallExited) -> list[Case]:
        thread = self._thread(event)
        if self._header.mode is TraceMode.EVERY_SYSCALL:
            return thread.observe_call(event)
        thread.observe(event)
        return thread.cases

    @_take.register(WentQuiet)
    @_take.register(NotReturned)
    @_take.register(DecisionUnwatched)
    def _followed(self, event: Event) -> Iterable[Case]:
        thread = self._thread(event)
        thread.observe(event)
        return thread.cases

    @_take.register
    def _library_seen(self, event: LibrarySeen) -> Iterable[Case]:
        self._process(event.tgid).libraries[event.file] = event
        return ()

    @_take.register
    def _stack_seen(self, event: StackSeen) -> Iterable[Case]:
        return self._thread(event).stack_seen(event)

    @_take.register
    def _path_seen(self, event: PathSeen) -> Iterable[Case]:
        return self._thread(event).path_seen(event)

    @_take.register
    def _connection_seen(self, event: ConnectionSeen) -> Iterable[Case]:
        return self._process(event.tgid).connection_seen(event)

    @_take.register
    def _follow_ended(self, event: FollowEnded) -> Iterable[Case]:
        return self._thread(event).end_follow(event)

    @_take.register
    def _thread_exited(self, event: ThreadExited) -> Iterable[Case]:
        process = self._processes.get(event.tgid)
        return () if process is None else process.thread_exited(event)

    @_take.register
    def _process_exited(self, event: ProcessExited) -> Iterable[Case]:
        process = self._processes.pop(event.tgid, None)
        return () if process is None else process.exited(event)

    @_take.register
    def _process_execed(self, event: ProcessExeced) -> Iterable[Case]:
        return self._process(event.tgid).execed(event)

    @_take.register
    def _events_lost(self, event: EventsLost) -> Iterable[Case]:
        self._lost += event.count
        for process in self._processes.values():
            process.observe_everywhere(event)
        return ()

    @_take.register
    def _trace_ended(self, event: TraceEnded) -> Iterable[Case]:
        self._ended = event
        return list(self._end_everything())

    def _trail(self, interruption: Interruption) -> Trail:
        process = self._process(interruption.tgid)
        log = None
        if self._vantage.is_log:
            lines = process.thread(interruption.tid).lines
            log = lines.begin(interruption, self._log_scope)
            interruption = process.thread(interruption.tid).resumed(interruption)
        return Trail(interruption, c_side=CSide(process.libraries, process.known_paths), log=log)

    def _began(self, thread: ThreadState, trail: Trail) -> Iterable[Case]:
        """Put a new interruption under judgement; give it, and those it may concern."""
        touched = list(thread.cases)
        case = Case(trail)
        thread.add(case)
        self._lines.began(case)
        self._process(trail.interruption.tgid).awaited.expect(case)
        return [*touched, case]

    def _end_everything(self) -> Iterator[Case]:
        for process in self._processes.values():
            yield from process.end_all(Ending.TRACE_ENDED)

    def _process(self, tgid: int) -> ProcessState:
        return self._processes.setdefault(tgid, ProcessState())

    def _thread(self, event: Event) -> ThreadState:
        return self._process(event.tgid).thread(event.tid)

    def _next_id(self) -> int:
        self._count += 1
        return self._count
