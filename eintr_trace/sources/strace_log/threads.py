"""Which thread a line is of, and which process a thread is of, as far as the log tells."""

from __future__ import annotations

import re
from typing import Final

from eintr_trace.sources.strace_log.arguments import split_arguments
from eintr_trace.sources.strace_log.items import CallBegan, CallEnded

UNKNOWN_PID: Final = 0
"""The thread of lines without a pid, while no line says what its pid is."""

_MAKES_TASKS: Final = frozenset({"clone", "clone3", "fork", "vfork"})
_SAYS_TID: Final = frozenset({"set_tid_address", "gettid"})  # set_tid_address(2): RETURN VALUE
_IN_TRACERS_NAMESPACE = re.compile(r"= \d{1,10} /\* (\d{1,10}) in strace's PID NS \*/")


class Threads:
    """Threads and their processes.

    A line without a pid is of the only thread there is: strace.c, printleader(), prints it
    only while it follows several.
    """

    def __init__(self) -> None:
        self._tgids: dict[int, int] = {}
        self._alive: dict[int, None] = {}  # in the order in which they came
        self._unprefixed = UNKNOWN_PID
        self._making: dict[int, str] = {}  # parents within a call that makes a task: its arguments
        self._attached_to: int | None = None
        self.guessed: set[int] = set()
        self.first_named: int | None = None  # what UNKNOWN_PID turned out to be
        self.parents: dict[int, int] = {}  # processes by the process that forked them

    def tid_of(self, pid: int | None) -> int:
        """Give the thread of a line from the pid before it."""
        if pid is None:
            if self._unprefixed not in self._alive and len(self._alive) == 1:
                self._unprefixed = next(iter(self._alive))
            pid = self._unprefixed
        if pid not in self._tgids:
            self._came(pid)
        elif pid not in self._alive:
            self._alive[pid] = None
        return pid

    def tgid_of(self, tid: int) -> int:
        """Give the process of a thread; its own number where the log does not tell."""
        return self._tgids.get(tid, tid)

    def _came(self, tid: int) -> None:
        """A thread's first line, before the call that made it has come back."""
        making = self._making.popitem() if len(self._making) == 1 else None
        if making is not None:
            self._tgids[tid] = self._of_child(tid, *making)
        elif self._attached_to is not None:
            self._tgids[tid] = self._attached_to
        else:
            self._tgids[tid] = tid
            if self._alive:
                self.guessed.add(tid)
        self._alive[tid] = None

    def _of_child(self, child: int, parent: int, arguments: str) -> int:
        tgid = self.tgid_of(parent)
        if "CLONE_THREAD" in arguments:
            return tgid
        self.parents[child] = tgid
        return child

    def attached(self, pid: int, threads: int | None) -> None:
        """Strace says that it has attached to a thread, or to all threads of a process."""
        if threads is not None:
            self._attached_to = pid
        if pid not in self._tgids and not self._making:
            if not self._alive and self._unprefixed == UNKNOWN_PID:
                self._unprefixed = pid
            self._tgids[pid] = pid if self._attached_to is None else self._attached_to
            self._alive[pid] = None

    def began(self, call: CallBegan) -> None:
        """A call has begun: a child may show before the call comes back."""
        if call.name in _MAKES_TASKS:
            self._making[call.tid] = call.arguments

    def ended(self, call: CallEnded) -> int:
        """A call has come back; give the thread that it was of, whose number may now be known."""
        value = call.result.value
        if value is None:
            return call.tid
        self._making.pop(call.tid, None)
        if call.name in _MAKES_TASKS and value > 0:
            child = _pid_outside(call, value)
            self._tgids[child] = self._of_child(child, call.tid, call.arguments)
            self.guessed.discard(child)
            self._alive[child] = None
        elif call.name == "getpid" and value > 0 and call.tid in self.guessed:
            self._tgids[call.tid] = _pid_outside(call, value)
            self.guessed.discard(call.tid)
        elif call.tid == UNKNOWN_PID and call.name in _SAYS_TID and value > 0:
            return self._named(_pid_outside(call, value))
        elif call.name == "tgkill" and value == 0:
            self._told_by_tgkill(call.arguments)
        return call.tid

    def _named(self, pid: int) -> int:
        self._tgids.pop(UNKNOWN_PID, None)
        self._alive.pop(UNKNOWN_PID, None)
        self._unprefixed = self.first_named = pid
        self._tgids[pid] = pid
        self._alive[pid] = None
        return pid

    def _told_by_tgkill(self, arguments: str) -> None:
        numbers = [text.split(maxsplit=1)[0] for text in split_arguments(arguments, 2)]
        if len(numbers) == 2 and all(number.isdecimal() for number in numbers):  # noqa: PLR2004
            tgid, tid = map(int, numbers)
            if tid in self.guessed:
                self._tgids[tid] = tgid
                self.guessed.discard(tid)

    def gone(self, tid: int) -> bool:
        """A thread has ended; say whether it was the last of its process."""
        self._alive.pop(tid, None)
        self._making.pop(tid, None)
        tgid = self.tgid_of(tid)
        return not any(self.tgid_of(other) == tgid for other in self._alive)

    def forget(self, tid: int) -> None:
        """Forget a thread that is gone: its number may come again."""
        self._tgids.pop(tid, None)
        self.parents.pop(tid, None)
        self.guessed.discard(tid)


def _pid_outside(call: CallEnded, value: int) -> int:
    found = _IN_TRACERS_NAMESPACE.search(call.ended.text)
    return value if found is None else int(found[1])
