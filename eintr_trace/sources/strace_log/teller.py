"""The items of a whole log as events: each thread's story, and what becomes of processes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from eintr_trace.facts.signals import signal_name
from eintr_trace.model.events import (
    Event,
    ProcessExeced,
    ProcessExited,
    SignalDelivered,
    ThreadExited,
)
from eintr_trace.model.python_state import Interpreter
from eintr_trace.model.trace_lines import LogLine
from eintr_trace.sources.strace_log.calls import returned
from eintr_trace.sources.strace_log.items import (
    CallBegan,
    CallEnded,
    Item,
    SignalArrived,
    ThreadBecameProcess,
    ThreadGone,
    ThreadStopped,
)
from eintr_trace.sources.strace_log.needs import Need
from eintr_trace.sources.strace_log.programs import Program, is_open
from eintr_trace.sources.strace_log.story import ThreadStory
from eintr_trace.sources.strace_log.threads import UNKNOWN_PID, Threads

_EXECS = frozenset({"execve", "execveat"})
_SETS_ACTION = frozenset({"rt_sigaction", "sigaction"})


@dataclass
class Teller:
    """Tells the events of a log.

    ``interpreter`` is what the user says the processes are. Of a process nothing is told before
    one of its threads has an interruption. ``told_of_guessed`` are threads with a delivery whose
    process the log does not tell. ``began_with_exec``: a process is seen from its program on.
    """

    threads: Threads
    interpreter: Interpreter | None = None
    native: bool = True
    deliveries: int = 0
    told_of_guessed: set[int] = field(default_factory=set)
    began_with_exec: bool = False
    _programs: dict[int, Program] = field(default_factory=dict)
    _stories: dict[int, ThreadStory] = field(default_factory=dict)

    def tell(self, item: Item) -> Iterator[Event]:
        """Tell one item."""
        yield from self._with_processes(self._of_item(item))

    def _with_processes(self, events: Iterable[Event]) -> Iterator[Event]:
        """Tell what process a line is of before the first of its lines; count deliveries."""
        for event in events:
            if isinstance(event, LogLine):
                yield from self._process_seen(event)
            if isinstance(event, SignalDelivered):
                self.deliveries += 1
                if event.tid in self.threads.guessed:
                    self.told_of_guessed.add(event.tid)
            yield event

    def need(self, tid: int) -> Need | None:
        """What is needed of the thread's next lines; ``None``: nothing."""
        story = self._stories.get(tid)
        return None if story is None else story.need

    def passed_over(self, tid: int, calls: int) -> None:
        """So many calls of a thread came back that were not needed."""
        story = self._stories.get(tid)
        if story is not None:
            story.passed_over(calls)

    @property
    def follows_any(self) -> bool:
        """Whether any thread's next lines are needed."""
        return any(not story.is_quiet for story in self._stories.values())

    def forget_actions(self) -> None:
        """From here on it is not known what is done with signals."""
        for program in self._programs.values():
            program.forget_actions()

    def give_up(self, tid: int, at_ns: int) -> Iterator[Event]:
        """Follow a thread no more: its next lines are not told."""
        story = self._stories.pop(tid, None)
        if story is not None:
            yield from self._with_processes(story.gave_up(at_ns))

    def finish(self) -> Iterator[Event]:
        """Tell what is left at the end of the log."""
        for _, story in sorted(self._stories.items()):
            yield from self._with_processes(story.over())

    def _process_seen(self, event: Event) -> Iterator[Event]:
        seen = self._program(event.tgid).seen(event.time_ns, event.tgid)
        if seen is not None:
            yield seen

    def _of_item(self, item: Item) -> Iterator[Event]:
        match item:
            case CallBegan():
                yield from self._story(item.tid).began(item)
            case CallEnded():
                yield from self._story(item.tid).ended(item)
                yield from self._learn(item)
            case SignalArrived():
                yield from self._story(item.tid).signal(item)
            case ThreadStopped():
                yield from self._story(item.tid).stopped(item)
            case ThreadGone():
                yield from self._gone(item)
            case ThreadBecameProcess():
                self._stories.pop(item.former_tid, None)

    def _program(self, tgid: int) -> Program:
        program = self._programs.get(tgid)
        if program is None and tgid == self.threads.first_named:
            program = self._programs.pop(UNKNOWN_PID, None)
            if program is not None:
                self._programs[tgid] = replace(program, told=None)
                return self._programs[tgid]
        if program is None:
            parent = self._programs.get(self.threads.parents.get(tgid, tgid))
            new = Program(interpreter=self.interpreter) if parent is None else parent.child()
            program = self._programs[tgid] = new
        return program

    def _story(self, tid: int) -> ThreadStory:
        story = self._stories.get(tid)
        if story is None:
            tgid = self.threads.tgid_of(tid)
            story = self._stories[tid] = ThreadStory(tgid, tid, self._program(tgid))
        story.native = self.native
        return story

    def _learn(self, item: CallEnded) -> Iterator[Event]:
        """Take in what a call that succeeded says of its process."""
        tgid = self.threads.tgid_of(item.tid)
        program = self._program(tgid)
        if item.frames:
            program.on_stack(item.frames)
        value = returned(item.result)
        if value is None or value < 0:
            return
        if item.name in _EXECS:
            self.began_with_exec = True
            if program.told is not None:
                yield ProcessExeced(item.ended_ns, tgid, tgid, former_tid=item.tid)
            program.became(item, self.interpreter)
        elif item.name in _SETS_ACTION:
            program.set_action(item)
        elif is_open(item.name):
            program.opened(item.arguments)

    def _gone(self, item: ThreadGone) -> Iterator[Event]:
        tgid = self.threads.tgid_of(item.tid)
        story = self._stories.pop(item.tid, None)
        was_last = self.threads.gone(item.tid)
        self.threads.forget(item.tid)
        if story is not None:
            yield from story.over()
        program = self._programs.get(tgid)
        if program is None or program.told is None:
            if was_last:
                self._programs.pop(tgid, None)
            return
        at_ns, line = item.line.time_ns, item.line
        yield LogLine(at_ns, tgid, item.tid, line.number, line.text)
        yield ThreadExited(at_ns, tgid, item.tid, item.status, item.signo)
        if was_last:
            name = None if item.signo is None else signal_name(item.signo)
            yield ProcessExited(at_ns, tgid, 0, item.status, item.signo, name)
            del self._programs[tgid]
