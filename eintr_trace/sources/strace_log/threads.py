"""Which thread a line is of, and which process a thread is of, as far as the log tells."""

from __future__ import annotations

import re
from collections import Counter
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
        self._alive: set[int] = set()
        self._alive_in: Counter[int] = Counter()  # how many of them, by process
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
        else:
            self._lives(pid)
        return pid

    def tgid_of(self, tid: int) -> int:
        """Give the process of a thread; its own number where the log does not tell."""
        return self._tgids.get(tid, tid)

    def _is_of(self, tid: int, tgid: int) -> None:
        """It is known now which process a thread is of."""
        was_alive = tid in self._alive
        self._lives_no_more(tid)
        self._tgids[tid] = tgid
        if was_alive:
            self._lives(tid)

    def _lives(self, tid: int) -> None:
        if tid not in self._alive:
            self._alive.add(tid)
            self._alive_in[self.tgid_of(tid)] += 1

    def _lives_no_more(self, tid: int) -> None:
        if tid in self._alive:
            self._alive.remove(tid)
            tgid = self.tgid_of(tid)
            self._alive_in[tgid] -= 1
            if not self._alive_in[tgid]:
                del self._alive_in[tgid]

    def _came(self, tid: int) -> None:
        """A thread's first line, before the call that made it has come back."""
        making = self._making.popitem() if len(self._making) == 1 else None
        if making is not None:
            self._is_of(tid, self._of_child(tid, *making))
        elif self._attached_to is not None:
            self._is_of(tid, self._attached_to)
        else:
            self._is_of(tid, tid)
            if self._alive:
                self.guessed.add(tid)
        self._lives(tid)

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
            self._is_of(pid, pid if self._attached_to is None else self._attached_to)
            self._lives(pid)

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
            self._is_of(child, self._of_child(child, call.tid, call.arguments))
            self.guessed.discard(child)
            self._lives(child)
        elif call.name == "getpid" and value > 0 and call.tid in self.guessed:
            self._is_of(call.tid, _pid_outside(call, value))
            self.guessed.discard(call.tid)
        elif call.tid == UNKNOWN_PID and call.name in _SAYS_TID and value > 0:
            return self._named(_pid_outside(call, value))
        elif call.name == "tgkill" and value == 0:
            self._told_by_tgkill(call.arguments)
        return call.tid

    def _named(self, pid: int) -> int:
        self._lives_no_more(UNKNOWN_PID)
        self._tgids.pop(UNKNOWN_PID, None)
        self._unprefixed = self.first_named = pid
        self._is_of(pid, pid)
        self._lives(pid)
        return pid

    def _told_by_tgkill(self, arguments: str) -> None:
        numbers = [text.partition(" ")[0] for text in split_arguments(arguments, 2)]
        if len(numbers) == 2 and all(number.isdecimal() for number in numbers):  # noqa: PLR2004
            tgid, tid = map(int, numbers)
            if tid in self.guessed:
                self._is_of(tid, tgid)
                self.guessed.discard(tid)

    def gone(self, tid: int) -> bool:
        """A thread has ended; say whether it was the last of its process."""
        self._lives_no_more(tid)
        self._making.pop(tid, None)
        return self.tgid_of(tid) not in self._alive_in

    def forget(self, tid: int) -> None:
        """Forget a thread that is gone: its number may come again."""
        self._tgids.pop(tid, None)
        self.parents.pop(tid, None)
        self.guessed.discard(tid)


def _pid_outside(call: CallEnded, value: int) -> int:
    found = _IN_TRACERS_NAMESPACE.search(call.ended.text)
    return value if found is None else int(found[1])
