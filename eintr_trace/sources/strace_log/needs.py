"""Which of a thread's next lines an interruption needs.

After its first few calls a thread is followed for the sake of a few kinds of calls only: those
that verdicts rest on. They are chosen from a call's name and first argument, or, where a line need
not be read to know that it is none of them, from the line as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from eintr_trace.facts.program_calls import ENDS_OR_KILLS, SIGNS_OF_MOVING_ON
from eintr_trace.facts.syscalls import BOOKKEEPING_CALLS, is_bookkeeping
from eintr_trace.model.events import Syscall
from eintr_trace.sources.strace_log.calls import RESTART_SYSCALL, RETURNS_FROM_HANDLER
from eintr_trace.sources.strace_log.text_lines import encoded

_NAMES: Final = frozenset(
    name.encode() for name in ENDS_OR_KILLS | RETURNS_FROM_HANDLER | {RESTART_SYSCALL}
)
_NAMES_AND_SIGNS: Final = _NAMES | {name.encode() for name in SIGNS_OF_MOVING_ON}
_BOOKKEEPING: Final = frozenset(name.encode() for name in BOOKKEEPING_CALLS)
_ON_STDERR: Final = (b"2,", b"2<")  # an exception that is printed
_LONGEST_COMPARED: Final = 200
_LONGEST_BYTES: Final = 4 * (_LONGEST_COMPARED + 1)
_UNFINISHED: Final = b"<unfinished ...>"
_RESUMED: Final = b" resumed>"
_CALL: Final = re.compile(rb"[a-z_][a-zA-Z0-9_]*")
_POLLS: Final = frozenset({b"poll", b"ppoll"})
_ENDS_OF_NO_CALL: Final = (b"---", b"--- ", b"+++")
_FRAME: Final = b" > "


@dataclass(slots=True)
class SignsTold:
    """What was told already of the thread's having left the call: it need not be told twice.

    ``gone_on``: a call that an interpreter does not make on its own account; ``moved_on``: one
    that only the program makes; ``of_descriptor``: another call on the interrupted call's
    descriptor.
    """

    gone_on: bool = False
    moved_on: bool = False
    of_descriptor: bool = False

    def made(self, name: str, arguments: str, interrupted: Syscall | None) -> None:
        """A call was told that is not the interrupted one made again."""
        if is_bookkeeping(name):
            return
        self.gone_on = True
        self.moved_on |= name in SIGNS_OF_MOVING_ON
        if interrupted is not None and interrupted.descriptor is not None:
            fd = str(interrupted.descriptor.fd)
            self.of_descriptor |= arguments.startswith((f"{fd},", f"{fd}<"))


@dataclass(frozen=True, slots=True)
class Choice:
    """The calls that can still decide what became of an interrupted call.

    Such are those that say something whatever their arguments (``names``; with ``any_act`` all
    that are no bookkeeping), those whose arguments begin with one of ``beginnings``, and those that
    begin with one of ``by_name``: the same call again, and a few others.
    """

    names: frozenset[bytes]
    by_name: Mapping[bytes, tuple[bytes, ...]]
    beginnings: tuple[bytes, ...]
    any_act: bool

    def takes(self, name: str, arguments: str) -> bool:
        """Whether the call is one of them."""
        return self._takes(name.encode(), encoded(arguments[: _LONGEST_COMPARED + 1]))

    def may_take(self, line: bytes) -> bool:
        """Whether the line may hold one of them, or something that is no call.

        Not asked of a call that was interrupted: such lines are searched for.
        """
        opening = line.find(b"(")
        if line.endswith(_ENDS_OF_NO_CALL):
            return True
        if opening < 0:
            return _RESUMED not in line
        name = line[line.rfind(b" ", 0, opening) + 1 : opening]
        return self._takes(name, line[opening + 1 : opening + _LONGEST_BYTES])

    def never_takes(self, name: bytes) -> bool:
        """Whether a call of that name is one of them for its ``beginnings`` only, if at all."""
        return _CALL.fullmatch(name) is not None and not (
            name in self.by_name or self._takes_all(name)
        )

    def _takes_all(self, name: bytes) -> bool:
        return name in self.names or (self.any_act and name not in _BOOKKEEPING)

    def _takes(self, name: bytes, arguments: bytes) -> bool:
        if self._takes_all(name) or arguments.startswith(self.beginnings):
            return True
        return arguments.startswith(self.by_name.get(name, ()))


@dataclass(frozen=True, slots=True)
class Need:
    """What is needed of a thread's next lines; ``choice`` of ``None``: each of them.

    ``calls_left``: after so many calls more it is followed no further.
    """

    calls_left: int = 0
    choice: Choice | None = None


EVERY_LINE: Final = Need()


def choice_for(call: Syscall, first_argument: str, told: SignsTold) -> Choice:
    """Choose for an interrupted call."""
    by_name: dict[bytes, tuple[bytes, ...]] = {b"write": _ON_STDERR}
    beginnings: tuple[bytes, ...] = ()
    if call.descriptor is not None:
        fd = b"%d" % call.descriptor.fd
        by_name[b"close"] = (fd,)
        polled = (b"[{fd=%b," % fd, b"[{fd=%b<" % fd)  # connect(2) goes on with poll(2)
        by_name |= dict.fromkeys(_POLLS, polled)
        beginnings = () if told.of_descriptor else (b"%b," % fd, b"%b<" % fd)
    name = call.name.encode()
    by_name[name] = (*by_name.get(name, ()), encoded(first_argument[:_LONGEST_COMPARED]))
    names = _NAMES if told.moved_on else _NAMES_AND_SIGNS
    return Choice(names, by_name, beginnings, any_act=not told.gone_on)


def begins_call(line: bytes) -> bool:
    """Tell of a line that no choice takes whether it is of a call, and not its second half."""
    opening = line.find(b"(")
    return not (opening < 0 or line.startswith(_FRAME) or b"<... " in line[:opening])


def is_beginning(line: bytes) -> bool:
    """Tell whether a call goes on in a later line of its thread."""
    return line.endswith(_UNFINISHED)
