"""What a log says of a process: its program, its interpreter, what it does with signals."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Final

from eintr_trace.facts.signals import DefaultAction, default_action, signal_number
from eintr_trace.model.delivery import InstalledHandler
from eintr_trace.model.events import Disposition, ProcessSeen, ThreadOrigin
from eintr_trace.model.python_state import Implementation, Interpreter
from eintr_trace.sources.strace_log.actions import SignalAction, read_action
from eintr_trace.sources.strace_log.arguments import split_arguments
from eintr_trace.sources.strace_log.items import CallEnded, NumberedLine
from eintr_trace.sources.strace_log.lines import StackLine

_OPENS: Final = frozenset({"open", "openat", "openat2"})
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"(\.\.\.)?')  # -s N: what is longer ends in dots
_OLD_ACTION: Final = 2  # rt_sigaction(signum, act, oldact, sigsetsize)
_ESCAPE = re.compile(rb"\\(x[0-9a-f]{2}|[0-7]{1,3}|.)", re.DOTALL)
_PLAIN_ESCAPES: Final = {b"n": b"\n", b"t": b"\t", b"r": b"\r", b"v": b"\v", b"f": b"\f"}

_LIBRARY = re.compile(r"/libpython(\d)\.(\d{1,2})([a-z]{0,3})\.so")
_STANDARD_LIBRARY = re.compile(r"/lib(?:64)?/python(\d)\.(\d{1,2})(t?)/")
_PYPY = re.compile(r"/(?:libpypy|lib/pypy|pypy)(\d)\.(\d{1,2})")
_EXECUTABLE = re.compile(r"(?:^|/)python(\d)\.(\d{1,2})(t?)$")


@dataclass
class Program:
    """One process as far as the log has shown it.

    ``dispositions`` are those of the signals whose rt_sigaction(2) was seen, ``installed`` the
    handlers among them, ``resetting`` those of them that the first delivery takes away;
    ``told`` is what was last told of the process, ``libraries`` the files of its stacks that were.
    """

    argv: tuple[str, ...] = ()
    exe: str | None = None
    origin: ThreadOrigin = ThreadOrigin.SEIZED
    interpreter: Interpreter | None = None
    dispositions: dict[int, Disposition] = field(default_factory=dict)
    installed: dict[int, InstalledHandler] = field(default_factory=dict)
    resetting: set[int] = field(default_factory=set)
    told: ProcessSeen | None = None
    libraries: set[str] = field(default_factory=set)

    def child(self) -> Program:
        """Give what fork(2) makes of it."""
        return replace(
            self,
            origin=ThreadOrigin.FORKED,
            dispositions=dict(self.dispositions),
            installed=dict(self.installed),
            resetting=set(self.resetting),
            told=None,
            libraries=set(),
        )

    def became(self, call: CallEnded, given: Interpreter | None) -> None:
        """Take in a successful execve(2): handlers are gone, what is ignored stays so."""
        parts = split_arguments(call.arguments, 3)
        at = 1 if call.name == "execveat" else 0
        self.exe = _string(parts[at]) if len(parts) > at else None
        self.argv = _strings(parts[at + 1]) if len(parts) > at + 1 else ()
        self.interpreter = given or self._of_executable()
        self.libraries = set()
        self.dispositions = {
            signo: Disposition.DEFAULT if disposition is Disposition.CAUGHT else disposition
            for signo, disposition in self.dispositions.items()
        }
        self.installed, self.resetting = {}, set()
        if self.told is None:
            self.origin = ThreadOrigin.LAUNCHED

    def _of_executable(self) -> Interpreter | None:
        found = None if self.exe is None else _EXECUTABLE.search(self.exe)
        return None if found is None else _cpython(found[1], found[2], found[3], self.exe or "")

    def disposition_of(self, signo: int) -> Disposition | None:
        """Say what it does with a signal; ``None``: not known.

        What was never set, since execve(2) and in a log that shows rt_sigaction(2), is as it was
        inherited: without a handler. Of a signal that is harmless without one that is enough.
        """
        known = self.dispositions.get(signo)
        if known is not None or self.exe is None or not self.dispositions:
            return known
        harmless = default_action(signo) in {DefaultAction.IGNORE, DefaultAction.CONTINUE}
        return Disposition.DEFAULT if harmless else None

    def opened(self, arguments: str) -> None:
        """Take in a file that was opened: an interpreter opens its own library."""
        path = next((text for text in map(_string, split_arguments(arguments, 2)) if text), None)
        if path is not None:
            self._loaded(path)

    def on_stack(self, frames: tuple[StackLine, ...]) -> None:
        """Take in the files of a C stack."""
        for frame in frames:
            if frame.file is not None and self.interpreter is None:
                self._loaded(frame.file)
                found = _EXECUTABLE.search(frame.file)
                if self.interpreter is None and found is not None:
                    self.interpreter = _cpython(found[1], found[2], found[3], frame.file)

    def _loaded(self, path: str) -> None:
        if self.interpreter is not None:
            return
        if (pypy := _PYPY.search(path)) is not None:
            version = f"{pypy[1]}.{pypy[2]}"
            self.interpreter = Interpreter(Implementation.PYPY, version, offsets_from=None)
            return
        found = _LIBRARY.search(path) or _STANDARD_LIBRARY.search(path)
        if found is not None:
            self.interpreter = _cpython(found[1], found[2], found[3], path)

    def set_action(self, call: CallEnded) -> None:
        """Take in a successful rt_sigaction(2): what it has set, or else what it found there."""
        parts = split_arguments(call.arguments, 3)
        signo = signal_number(parts[0].partition(" ")[0]) if parts else None
        if signo is None:
            return
        action = read_action(parts[1]) if len(parts) > 1 else None
        if action is not None:
            self._set(signo, action, call.ended)
        elif len(parts) > _OLD_ACTION and parts[1] == "NULL":
            found = read_action(parts[_OLD_ACTION])
            if found is not None:
                self.dispositions.setdefault(signo, found.disposition)

    def _set(self, signo: int, action: SignalAction, line: NumberedLine) -> None:
        before = self.dispositions.get(signo)
        self.dispositions[signo] = action.disposition
        self.resetting.discard(signo)
        if action.disposition is not Disposition.CAUGHT:
            return
        is_untouched = signo not in self.installed and before is not Disposition.IGNORED
        is_first = None if is_untouched and self.exe is None else is_untouched
        self.installed[signo] = InstalledHandler(
            line.number, line.text, action.sa_restart, is_first
        )
        if action.resets:
            self.resetting.add(signo)

    def forget_actions(self) -> None:
        """From here on it is not known what is done with signals."""
        self.dispositions.clear()
        self.installed.clear()
        self.resetting.clear()

    def handler_of(self, signo: int) -> InstalledHandler | None:
        """Give the handler that runs for a signal, where the log has shown it installed."""
        is_caught = self.dispositions.get(signo) is Disposition.CAUGHT
        return self.installed.get(signo) if is_caught else None

    def delivered(self, signo: int) -> None:
        """Take in a delivery: SA_RESETHAND puts the default back."""
        if signo in self.resetting:
            self.resetting.discard(signo)
            self.dispositions[signo] = Disposition.DEFAULT

    def seen(self, time_ns: int, tgid: int) -> ProcessSeen | None:
        """Give what is to be told of the process now; ``None``: nothing new."""
        told = self.told
        now = ProcessSeen(time_ns, tgid, 0, self.argv, self.exe, self.origin, self.interpreter)
        if told is not None and replace(told, time_ns=time_ns) == now:
            return None
        self.told = now
        return now


def given_interpreter(version: str) -> Interpreter:
    """Give the interpreter that the user says the processes of a log have."""
    return Interpreter(Implementation.CPYTHON, version, offsets_from="the user's word (--python)")


def is_python(path: str) -> bool:
    """Tell whether a file is CPython's executable, by its name."""
    return _EXECUTABLE.search(path) is not None


def is_open(name: str) -> bool:
    """Tell whether a call opens a file by its path."""
    return name in _OPENS


def _cpython(major: str, minor: str, flags: str, path: str) -> Interpreter:
    return Interpreter(
        Implementation.CPYTHON,
        f"{major}.{minor}",
        offsets_from=f"a path in the log: {path}",
        free_threaded="t" in flags,
    )


def _string(text: str) -> str | None:
    found = _QUOTED.match(text)
    return None if found is None else _unescaped(found)


def _strings(text: str) -> tuple[str, ...]:
    return tuple(map(_unescaped, _QUOTED.finditer(text)))


def _unescaped(quoted: re.Match[str]) -> str:
    """Give the text that strace quoted (util.c, string_quote())."""
    raw = quoted[1].encode("utf-8", "surrogateescape")
    return _ESCAPE.sub(_plain, raw).decode("utf-8", "surrogateescape") + (quoted[2] or "")


def _plain(escape: re.Match[bytes]) -> bytes:
    what = escape[1]
    if what[:1] == b"x" and len(what) > 1:
        return bytes([int(what[1:], 16)])
    if what.isdigit():
        return bytes([int(what, 8) & 0xFF]) if what.strip(b"01234567") == b"" else what
    return _PLAIN_ESCAPES.get(what, what)
