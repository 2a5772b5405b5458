"""What the tracer remembers of each process and thread."""

from __future__ import annotations

import signal
from collections import Counter, deque
from dataclasses import dataclass, field

from eintr_trace.interpreter.errors import NotReadableInterpreterError
from eintr_trace.interpreter.reader import InterpreterReader, find_interpreter
from eintr_trace.model.python_state import Interpreter
from eintr_trace.sources.live import proc
from eintr_trace.sources.live.code_maps import CodeMaps
from eintr_trace.sources.live.follow import FollowStack
from eintr_trace.sources.live.hold_budget import HoldBudget
from eintr_trace.sources.live.proc import BlockedCall
from eintr_trace.sources.live.tracee_memory import TraceeMemory

_THREADS_READ_AHEAD = 64
_HOLDS_KEPT = 16  # from one delivery to the next of a signal that its handler blocks: three

# When to look for the interpreter of a program that has just been executed, after the exec:
# it has to be loaded first. Far apart, so that a program that is not CPython costs nothing.
_SEARCH_AFTER_NS = tuple(ms * 1_000_000 for ms in (30, 80, 200, 500, 1_500, 4_000))


class TracedProcess:
    """One process: its memory, and its interpreter once that was found.

    ``problem`` says why there is no reader; ``interpreter`` may be known all the same (PyPy).
    ``main_tid`` is CPython's main thread once that was looked for and found. ``code`` is where
    its machine code lies.
    """

    def __init__(self, tgid: int) -> None:
        self.tgid = tgid
        self.main_tid: int | None = None
        self.memory = TraceeMemory(tgid)
        self.reader: InterpreterReader | None = None
        self.interpreter: Interpreter | None = None
        self.problem: str | None = None
        self.code = CodeMaps(tgid)
        self._search_at_ns: list[int] = []

    @classmethod
    def forked(cls, tgid: int, parent: TracedProcess | None) -> TracedProcess:
        """A child as fork(2) leaves it: a copy, whose interpreter lies where the parent's does."""
        child = cls(tgid)
        if parent is not None:
            if parent.reader is not None:
                child.reader = parent.reader.of_fork(tgid, child.memory)
            child.interpreter, child.problem = parent.interpreter, parent.problem
            # Forked before it was looked for: what is found in the one is in the other, too.
            child._search_at_ns = list(parent._search_at_ns)
        return child

    def find_interpreter(self) -> bool:
        """Look for an interpreter now; true when one was found. Takes long: never in a stop."""
        try:
            self.memory.open()
            self.reader = find_interpreter(self.tgid, self.memory)
        except OSError as error:
            self.problem = f"its memory cannot be opened: {error.strerror}"
            return False
        except NotReadableInterpreterError as error:
            self.problem, self.interpreter = error.message, error.interpreter
            return error.interpreter is not None
        self.problem, self.interpreter = None, self.reader.interpreter
        self._read_once(self.reader)
        return True

    def _read_once(self, reader: InterpreterReader) -> None:
        """Fill the reader's caches while nothing waits, so that the first stop is a short one."""
        try:
            tids = proc.thread_ids(self.tgid)
        except OSError:
            return  # it has ended, which attaching will tell
        for tid in tids[:_THREADS_READ_AHEAD]:
            reader.snapshot(tid, fs_base=None, signo=signal.SIGINT)

    def executed(self, now_ns: int) -> None:
        """The process became another program: forget all that was read from the old one."""
        self.close()
        self.main_tid = None
        self.interpreter = None
        self.memory = TraceeMemory(self.tgid)
        self.code = CodeMaps(self.tgid)
        self.search_later(now_ns)

    def search_later(self, now_ns: int) -> None:
        """Look for the interpreter when the program has had time to load it."""
        self.problem = "no CPython was found in it yet"
        self._search_at_ns = [now_ns + after for after in _SEARCH_AFTER_NS]

    @property
    def next_search_ns(self) -> int | None:
        """When to look for the interpreter again; ``None``: no more."""
        return self._search_at_ns[0] if self._search_at_ns else None

    def search(self) -> bool:
        """One of the looks planned by ``search_later``; true when it settled the question."""
        self._search_at_ns.pop(0)
        if self.find_interpreter():
            self._search_at_ns.clear()
        return not self._search_at_ns

    def close(self) -> None:
        """Give the descriptors back."""
        self.memory.close()
        if self.reader is not None:
            self.reader.close()
            self.reader = None


@dataclass
class LastDelivery:
    """The stack pointer and call of the newest delivery, to know a nested one by."""

    nr: int
    sp: int
    ip: int


@dataclass(frozen=True)
class Moment:
    """When a stop was seen: the round of the wait loop, and CLOCK_MONOTONIC."""

    wait_round: int
    time_ns: int


@dataclass(frozen=True)
class Hold:
    """One stop of a thread, and the signals that it blocked by itself (a mask, ``None``).

    ``began_ns`` is when the tracer saw the stop, ``ended_ns`` just before it let go.
    """

    began_ns: int
    ended_ns: int
    blocked: int | None

    def blocks(self, signo: int) -> bool:
        """Whether the program itself did not want ``signo`` then; unless known, it did."""
        return self.blocked is not None and bool(self.blocked >> (signo - 1) & 1)


@dataclass
class Tracee:
    """One thread.

    ``fresh``: its first stop, which every thread made by a traced one begins with, is still
    to come. ``stopped_by``: the signal of the group-stop it is in. ``held_in_round`` and
    ``released_ns``: when the tracer last held it. ``woken``: the exit-stop of a call that the
    signal about to be delivered has interrupted. ``holds`` are its latest stops,
    ``stop_times_ns`` the kernel's own times of them where they are known; ``own_mask`` are the
    signals that it blocked outside of handlers. ``passed_merged`` is of ``passed``.
    ``interrupted``: the tracer has asked for its next stop. ``call``: the latest that it was seen
    in, which restart_syscall(2) carries on with.
    """

    tid: int
    process: TracedProcess
    budget: HoldBudget
    fresh: bool = False
    stopped_by: int | None = None
    following: FollowStack = field(default_factory=FollowStack)
    fs_base: int | None = None
    last_delivery: LastDelivery | None = None
    held_in_round: int = -1
    released_ns: int = 0
    woken: Moment | None = None
    passed: Counter[int] = field(default_factory=Counter)
    passed_since_ns: int = 0
    passed_merged: Counter[int] = field(default_factory=Counter)
    own_mask: int | None = None
    interrupted: bool = False
    call: BlockedCall | None = None
    length_before: int | None = None  # that the call it is in will change
    holds: deque[Hold] = field(default_factory=lambda: deque(maxlen=_HOLDS_KEPT))
    stop_times_ns: deque[int] = field(default_factory=lambda: deque(maxlen=2 * _HOLDS_KEPT))
