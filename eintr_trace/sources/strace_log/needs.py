"""Which of a thread's next lines an interruption needs.

After its first few calls a thread is followed for the sake of a few kinds of calls only: those
that verdicts rest on. They are chosen from a call's name and first argument, or, where a line need
not be read to know that it is none of them, from the line as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from eintr_trace.facts.program_calls import ENDS_OR_KILLS, SIGNS_OF_MOVING_ON
from eintr_trace.model.events import Syscall
from eintr_trace.sources.strace_log.calls import RESTART_SYSCALL, RETURNS_FROM_HANDLER

_ALWAYS: Final = ENDS_OR_KILLS | RETURNS_FROM_HANDLER | {RESTART_SYSCALL}
_ON_STDERR: Final = ("2,", "2<")  # an exception that is printed
_LONGEST_COMPARED: Final = 200
_UNFINISHED: Final = b"<unfinished ...>"
_FRAME: Final = b" > "
# A signal, an end, and a call that was interrupted; in a string they cost one line read.
_MARKS: Final = (b"--- ", b"+++ ", b"= -1 EINTR", b"= ? ERESTART")


@dataclass(slots=True)
class SignsTold:
    """What was told already of the thread's having left the call: it need not be told twice.

    ``moved_on``: a call that only the program makes; ``of_descriptor``: another call on the
    interrupted call's descriptor.
    """

    moved_on: bool = False
    of_descriptor: bool = False

    def made(self, name: str, arguments: str, interrupted: Syscall) -> None:
        """A call was told that is not the interrupted one made again."""
        self.moved_on |= name in SIGNS_OF_MOVING_ON
        if interrupted.descriptor is not None:
            fd = str(interrupted.descriptor.fd)
            self.of_descriptor |= arguments.startswith((f"{fd},", f"{fd}<"))


@dataclass(frozen=True, slots=True)
class Choice:
    """The calls that can still decide what became of an interrupted call.

    Such are the same call again (``name``, ``first_argument``), those that say something whatever
    their arguments (``names``), those whose arguments begin with one of ``beginnings``, and
    close(2) of what begins with one of ``closes``.
    """

    name: str
    first_argument: str
    names: frozenset[str]
    beginnings: tuple[str, ...]
    closes: tuple[str, ...]

    def takes(self, name: str, arguments: str) -> bool:
        """Whether the call is one of them."""
        if name in self.names or arguments.startswith(self.beginnings):
            return True
        if name == "write" and arguments.startswith(_ON_STDERR):
            return True
        if name == "close":
            return arguments.startswith(self.closes)
        return name == self.name and arguments.startswith(self.first_argument)

    def may_take(self, line: bytes) -> bool:
        """Whether the line may hold one of them, or something that is no call."""
        opening = line.find(b"(")
        if opening < 0 or any(mark in line for mark in _MARKS):
            return True
        name = line[line.rfind(b" ", 0, opening) + 1 : opening].decode("ascii", "replace")
        longest = _LONGEST_COMPARED + 1
        arguments = line[opening + 1 : opening + 1 + 4 * longest]
        return self.takes(name, arguments.decode("utf-8", "surrogateescape"))


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
    beginnings, closes = [], []
    if call.descriptor is not None:
        fd = call.descriptor.fd
        beginnings += [f"[{{fd={fd}{after}" for after in ",<"]  # connect(2) goes on with poll(2)
        closes += [f"{fd}"]
        beginnings += [] if told.of_descriptor else [f"{fd}{after}" for after in ",<"]
    names = _ALWAYS if told.moved_on else _ALWAYS | SIGNS_OF_MOVING_ON
    argument = first_argument[:_LONGEST_COMPARED]
    return Choice(call.name, argument, names, tuple(beginnings), tuple(closes))


def is_call_that_came_back(line: bytes) -> bool:
    """Tell of a line that no choice takes whether it is a call's, or its second half."""
    return not line.endswith(_UNFINISHED) and not line.startswith(_FRAME)


def is_beginning(line: bytes) -> bool:
    """Tell whether a call goes on in a later line of its thread."""
    return line.endswith(_UNFINISHED)
